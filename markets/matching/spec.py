"""A market's specification: the rules that its operator sets, and the arithmetic that follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from markets.matching.types import MAX_UNITS, MILLION, FeeRates, Side, format_units

MAX_VOLATILITY_AUCTION: Final = 86_400
"""Longest volatility auction in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSpec:
    """A market's rules. Prices, quantities and amounts in units; rates and bands in millionths."""

    symbol: str
    base: str
    quote: str
    base_decimals: int
    quote_decimals: int
    tick_size: int
    lot_size: int
    min_quantity: int
    max_quantity: int
    min_notional: int
    maker_fee_rate: int
    taker_fee_rate: int
    price_band: int | None = None
    """How far from the reference price an order may trade; None: anywhere."""
    volatility_auction: int = 0
    """Seconds of auction in place of a trade beyond the band; 0: the order's rest is canceled."""
    fee_account: int = 0
    id_base: int = 0
    """Ids of the market's orders and trades are `id_base` + their sequence."""
    scale: int = field(init=False, repr=False, compare=False)
    """Units of one whole base."""
    fee_rates: FeeRates = field(init=False, repr=False, compare=False)
    """What accounts without rates of their own pay."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", 10**self.base_decimals)
        object.__setattr__(self, "fee_rates", FeeRates(self.maker_fee_rate, self.taker_fee_rate))
        for name in ("tick_size", "lot_size", "min_quantity", "max_quantity"):
            if not 0 < getattr(self, name) <= MAX_UNITS:
                raise ValueError(f"{name} must be positive and at most {MAX_UNITS} units")
        if self.min_quantity > self.max_quantity:
            raise ValueError("min_quantity must not be more than max_quantity")
        if self.min_notional < 0:
            raise ValueError("min_notional must not be negative")
        check_fee_rates(self.fee_rates, lowest_taker=self.taker_fee_rate)
        if (self.tick_size * self.lot_size) % self.scale:
            raise ValueError(
                f"tick_size × lot_size must be a whole number of {self.quote}'s smallest unit "
                f"({self.quote_decimals} decimals)"
            )
        if self.price_band is not None and not 0 < self.price_band < MILLION:
            raise ValueError("price_band must be more than 0 and less than 1")
        if not 0 <= self.volatility_auction <= MAX_VOLATILITY_AUCTION:
            raise ValueError(f"volatility_auction must be at most {MAX_VOLATILITY_AUCTION} seconds")
        if self.volatility_auction and self.price_band is None:
            raise ValueError("volatility_auction needs a price_band that a trade would leave")

    def notional(self, price: int, quantity: int) -> int:
        """Price × quantity in the quote asset's units: exact for whole ticks and lots."""
        return price * quantity // self.scale

    def lots_for(self, amount: int, price: int) -> int:
        """The most whole lots, in base units, that an amount of the quote asset pays at a price."""
        quantity = amount * self.scale // price
        return quantity - quantity % self.lot_size

    def worst_price(self, side: Side, twice: int, ratio: int) -> int:
        """The last tick within a ratio of a price for a taker of this side; the price comes doubled.

        (The middle between two prices may be half a unit.)
        """
        if side is Side.BUY:
            highest = min(twice * (MILLION + ratio) // (2 * MILLION), MAX_UNITS)
            return highest - highest % self.tick_size
        lowest = -(-twice * (MILLION - ratio) // (2 * MILLION))
        return lowest + -lowest % self.tick_size

    def price_text(self, price: int) -> str:
        """The price as the wire writes it."""
        return format_units(price, self.quote_decimals)

    def quantity_text(self, quantity: int) -> str:
        """The quantity as the wire writes it."""
        return format_units(quantity, self.base_decimals)


def twice_reference(
    last_price: int | None, best_bid: int | None, best_ask: int | None
) -> int | None:
    """Twice the reference price: the last trade's, else the middle of the best prices, else none.

    (Twice, since the middle between two prices may be half a unit.)
    """
    if last_price is not None:
        return 2 * last_price
    return best_bid + best_ask if best_bid is not None and best_ask is not None else None


def check_fee_rates(rates: FeeRates, *, lowest_taker: int) -> None:
    """Raise ValueError if the rates make no sense beside the lowest rate that a taker may pay."""
    if not 0 <= rates.taker < MILLION:
        raise ValueError("taker_fee_rate must be at least 0 and less than 1")
    if not -min(lowest_taker, rates.taker) <= rates.maker < MILLION:
        raise ValueError("maker_fee_rate must be less than 1, a rebate at most the taker fee")
