"""What changed rules would do, in words and figures, before anybody asks an engine for them.

Rules:
- Nothing here is promised: the engine has the last word when it gets there. Every figure says what it counts.
- Open orders are looked at up to MAX_COUNTED, the oldest first; beyond that it says "of the first".
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from markets.matching.spec import MarketSpec, twice_reference
from markets.matching.types import Side, format_units
from markets.messages.public import plain, ratio_text
from markets.models import LIVE_ORDERS, SPECIFICATION, AccountFees, Market, Order
from markets.operators.wishes import MAX_COUNTED, open_orders_of


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that would be another, and what comes of it."""

    name: str
    old: str
    new: str
    effect: str


def preview(market: Market, columns: Mapping[str, Decimal | int | None]) -> list[Change]:
    """What these columns of a market would change, one after the other; they must have been checked."""
    wanted = copy.copy(market)
    for name, value in columns.items():
        setattr(wanted, name, value)
    look = _Look(market, wanted)
    return [
        Change(name, _text(getattr(market, name)), _text(value), look.effect_of(name))
        for name, value in columns.items()
    ]


def commands_in_words(market: Market, columns: Mapping[str, Any]) -> str:
    """What is sent to whom when this is confirmed."""
    rules = [name for name in columns if name in SPECIFICATION]
    others = [name for name in columns if name not in SPECIFICATION]
    lines = []
    if rules:
        lines.append(
            f"One command, configure ({', '.join(rules)}), goes to the engine of {market}, which obeys "
            f"in its sequence, after {market.last_sequence} as it stands now. If it refuses, nothing changes."
        )
    if others:
        lines.append(
            f"{', '.join(others)}: no command; every web process goes by it within two seconds."
        )
    return "\n".join(lines)


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return plain(value) if isinstance(value, Decimal) else str(value)


class _Look:
    """Looks at a market's open orders with other rules in mind."""

    def __init__(self, market: Market, wanted: Market) -> None:
        self._market = market
        self._now: MarketSpec = market.spec(fee_account=0)
        self._spec: MarketSpec = wanted.spec(fee_account=0)
        self._open = open_orders_of(market)

    def effect_of(self, name: str) -> str:
        """What comes of one column's change."""
        match name:
            case "tick_size" | "lot_size":
                return self._of_steps(name)
            case "min_quantity" | "max_quantity" | "min_notional":
                return self._of_limits(name)
            case "maker_fee_rate" | "taker_fee_rate":
                return self._of_fees(name)
            case "price_band":
                return self._of_band()
            case "volatility_auction_s":
                return self._of_volatility()
            case "update_interval_ms":
                return "How often followers are told of the book. Nothing of trading changes."
            case _:
                return "How often followers get a whole book. Nothing of trading changes."

    def _of_steps(self, name: str) -> str:
        what = "prices" if name == "tick_size" else "quantities"
        return (
            f"No order is open, so it may change. New orders' {what} must be multiples of the new one. If an "
            "order comes before the engine obeys, it refuses. Past trades keep theirs."
        )

    def _of_limits(self, name: str) -> str:
        spec = self._spec
        match name:
            case "min_quantity":
                found = self._count(Q(quantity__lt=spec.min_quantity))
                return self._stay(found, "want less")
            case "max_quantity":
                found = self._count(Q(quantity__gt=spec.max_quantity))
                return self._stay(found, "want more")
            case _:
                return "New orders and amends only; orders that are open stay, whatever they are worth."

    def _stay(self, found: int, are: str) -> str:
        return f"New orders and amends only. {self._of_open(found)} {are}: they stay as they are."

    def _of_fees(self, name: str) -> str:
        who = "rests" if name == "maker_fee_rate" else "takes"
        own = AccountFees.objects.filter(market=self._market).count()
        text = (
            f"For every trade from the engine's next batch on, whoever {who} in it, also by orders that "
            "are open now. Trades that were made keep theirs."
        )
        if own:
            accounts = "account has a rate" if own == 1 else "accounts have rates"
            text += f" {own} {accounts} of their own (fee tiers) and keep them."
        return text

    def _of_band(self) -> str:
        spec = self._spec
        if spec.price_band is None:
            return "Orders may trade at any price from then on; nothing protects them from an empty book."
        twice = twice_reference(self._market.last_price, None, None)
        if twice is None:
            return (
                "Nothing has traded yet: the band is around the middle of the best prices, as soon as "
                "there are both."
            )
        highest = spec.worst_price(Side.BUY, twice, spec.price_band)
        lowest = spec.worst_price(Side.SELL, twice, spec.price_band)
        found = self._count(Q(price__gt=highest) | Q(price__lt=lowest))
        reference = format_units(self._market.last_price or 0, spec.quote_decimals)
        return (
            f"From {spec.price_text(lowest)} to {spec.price_text(highest)} around the last trade's "
            f"{reference}. {self._of_open(found)} {'lies' if found == 1 else 'lie'} outside: they stay, and "
            "trade only when the reference has come near. New orders on the aggressive side are refused "
            "beyond it."
        )

    def _of_volatility(self) -> str:
        seconds = self._spec.volatility_auction
        if not seconds:
            return "What a taker wants beyond the band is canceled; the market goes on."
        band = ratio_text(self._spec.price_band or 0)
        return f"A trade beyond the band ({band}) begins an auction of {seconds} s in its place."

    def _count(self, condition: Q) -> int:
        """How many of the first open orders are so."""
        return Order.objects.filter(condition, pk__in=self._first().values("pk")).count()

    def _first(self) -> QuerySet[Order]:
        live = Order.objects.filter(LIVE_ORDERS, market=self._market)
        return live.order_by("priority")[:MAX_COUNTED]

    def _of_open(self, found: int) -> str:
        first = "the first " if self._open >= MAX_COUNTED else ""
        orders = "order" if self._open == 1 else "orders"
        return f"{found} of {first}{self._open:,} open {orders}"
