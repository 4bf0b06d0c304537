"""The model's orders, and what of a request does not go together."""

from __future__ import annotations

from dataclasses import dataclass

from markets.matching.commands import PlaceOrder
from markets.matching.spec import MarketSpec
from markets.matching.types import (
    MARKET_STOPS,
    GroupRole,
    MarketStatus,
    Reason,
    RejectReason,
    Side,
)

ENDED = ("filled", "canceled", "expired")


class RefusedError(Exception):
    """The command is refused; nothing has changed."""

    def __init__(self, code: RejectReason) -> None:
        self.code = code


@dataclass(eq=False)
class ModelOrder:
    """An order, live or ended."""

    id: int
    wish: PlaceOrder
    account: int
    side: Side
    price: int | None
    """Its limit; of a stop the worst price, if there is one."""
    stop_price: int | None
    quantity: int
    role: GroupRole | None = None
    group: int | None = None
    connection: str | None = None
    status: str = "open"
    reason: Reason | None = None
    place: int = 0
    """The sequence at which it got its place in the queue."""
    shown: int = 0
    filled: int = 0
    canceled: int = 0
    prevented: int = 0
    fee: int = 0

    @property
    def remaining(self) -> int:
        return self.quantity - self.filled - self.canceled - self.prevented

    @property
    def is_triggered(self) -> bool:
        """Whether it waited for a trigger, and waits no more."""
        return self.stop_price is not None and self.status != "untriggered"

    @property
    def is_exit(self) -> bool:
        return self.role not in (None, GroupRole.ENTRY)

    @property
    def is_market_order(self) -> bool:
        return self.wish.type in ("market", *MARKET_STOPS)

    @property
    def may_rest(self) -> bool:
        return not self.is_market_order and self.wish.effective_time_in_force in ("gtc", "gtd")

    @property
    def pays_with(self) -> str:
        return "base" if self.side is Side.SELL else "quote"

    def need(self, more: int = 0) -> int:
        """What it holds, in the asset that it pays with."""
        quantity = self.remaining + more
        return quantity if self.side is Side.SELL else (self.price or 0) * quantity


def worst(side: Side, twice: int, ratio: int) -> int:
    """The last price within a ratio (in millionths) of a price, which comes doubled."""
    if side is Side.BUY:
        return twice * (1_000_000 + ratio) // 2_000_000
    return -(-twice * (1_000_000 - ratio) // 2_000_000)


def worst_stop_price(spec: MarketSpec, wish: PlaceOrder, stop_price: int) -> int | None:
    """How far a stop may go, if there is a bound."""
    if wish.max_slippage is not None:
        return worst(wish.side, 2 * stop_price, wish.max_slippage)
    if wish.side is Side.SELL:
        return None
    return worst(wish.side, 2 * stop_price, spec.price_band or 100_000)


def reaches(price: int, wish: PlaceOrder, stop_price: int) -> bool:
    """Whether a trade at this price triggers the stop."""
    rises = (wish.side is Side.BUY) != wish.type.startswith("take_profit")
    return price >= stop_price if rises else price <= stop_price


def makes_sense(
    spec: MarketSpec, wish: PlaceOrder, status: MarketStatus, price: int | None, now: int
) -> bool:
    """Whether the fields go together and are within the limits; `price` values a market order."""
    wanted = wish.effective_time_in_force
    is_stop = wish.type not in ("market", "limit")
    is_market_order = wish.type in ("market", *MARKET_STOPS)
    may_rest = not is_market_order and wanted in ("gtc", "gtd")
    value = wish.price or wish.stop_price or price
    rules = [
        (wish.price is None) == is_market_order,
        (wish.stop_price is None) != is_stop,
        wish.type != "market" or wanted == "ioc",
        wish.type not in MARKET_STOPS or wanted != "fok",
        not wish.post_only or (wish.type == "limit" and may_rest),
        wish.display_quantity is None or may_rest,
        (wish.expires_at is None) == (wanted != "gtd"),
        wish.expires_at is None or wish.expires_at > now,
        (wish.quantity is None) != (wish.quote_quantity is None),
        wish.quote_quantity is None or wish.type == "market",
        not wish.must_wait or is_stop,
        wish.max_slippage is None or (is_market_order and 0 <= wish.max_slippage <= 1_000_000),
    ]
    if status is MarketStatus.AUCTION:
        rules += [wish.type != "market", wanted not in ("ioc", "fok"), not wish.post_only]
    if not all(rules):
        return False
    if wish.quote_quantity is not None:
        lots = None if value is None else wish.quote_quantity // value
        return wish.quote_quantity >= max(spec.min_notional, 1) and (
            lots is None or spec.min_quantity <= lots <= spec.max_quantity
        )
    assert wish.quantity is not None
    shown = wish.display_quantity
    return (
        spec.min_quantity <= wish.quantity <= spec.max_quantity
        and (shown is None or spec.min_quantity <= shown <= wish.quantity)
        and (value is None or value * wish.quantity >= spec.min_notional)
    )
