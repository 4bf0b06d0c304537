"""What an operator does to markets and orders: the same for the admin and the management commands.

Rules:
- A market that exists is changed by its engine alone: a wish is a row that the engine carries out in a
  batch of its own. It is told at once if it can be, and looks each second anyway.
- A market is made whole or not at all: its assets, its row, the balances that its fees go to.
- Nothing here waits inside a transaction: on SQLite the engine could not write.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max

from markets import accounts, clock, process
from markets.gateway import Gateway
from markets.matching.commands import CancelOrder
from markets.matching.types import MarketStatus, Reason
from markets.messages.public import plain
from markets.messages.transport import Answer
from markets.models import (
    DEFAULT_DECIMALS,
    LIVE_ORDERS,
    MAX_DECIMALS,
    SPECIFICATION,
    Asset,
    CancelAfter,
    Market,
    OperatorCommand,
    Order,
    asset_symbol,
)

POLL_INTERVAL: Final = 0.05

logger = logging.getLogger(__name__)


class MarketRefused(ValueError):
    """The market cannot be so; the message says why, `field` which column is to blame."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotCanceled(Exception):
    """The order still rests, or had ended already; the message says which."""


# What an engine is asked to do


def set_market_status(
    market: Market, status: MarketStatus, by: str, note: str = "", seconds: int | None = None
) -> OperatorCommand:
    """Open, halt or close a market (closing cancels every open order), or collect orders in an auction.

    `seconds`: how long an auction is, before it opens the market by itself.
    """
    params: dict[str, Any] = {"status": status.value}
    if seconds is not None:
        params["seconds"] = seconds
    return _ask(market, "set_status", params, by, note)


def configure_market(
    market: Market, columns: Mapping[str, Decimal | int | None], by: str, note: str = ""
) -> OperatorCommand:
    """Change columns of SPECIFICATION. Raises MarketRefused."""
    check_configuration(market, columns)
    params = {
        name: None if value is None else plain(Decimal(value)) for name, value in columns.items()
    }
    return _ask(market, "configure", params, by, note)


def check_configuration(market: Market, columns: Mapping[str, Decimal | int | None]) -> None:
    """Raise MarketRefused if the columns make no sense, or change a step under open orders.

    The engine checks again when it gets there: an order may have come since.
    """
    wanted = copy.copy(market)
    for name, value in columns.items():
        if name not in SPECIFICATION:
            raise MarketRefused(f"{name} is no part of a market's specification", name)
        setattr(wanted, name, value)
    _check(wanted)
    for name in ("tick_size", "lot_size"):
        if getattr(wanted, name) != getattr(market, name) and open_orders_of(market):
            raise MarketRefused(
                f"{name} cannot change under open orders: cancel them or close the market", name
            )


def open_orders_of(market: Market) -> int:
    """How many orders rest in the market."""
    return Order.objects.filter(LIVE_ORDERS, market=market).count()


def wait_for(command: OperatorCommand, seconds: float) -> bool:
    """Whether the engine carried the command out (or refused it) in time; the row is read again."""
    deadline = time.monotonic() + seconds
    while True:
        command.refresh_from_db()
        if command.done or time.monotonic() >= deadline:
            return command.done
        time.sleep(POLL_INTERVAL)


def outcome_of(command: OperatorCommand) -> str:
    """What came of the command, for people."""
    if not command.done:
        return "waiting: no engine is running; it is done when the market's engine starts"
    if command.refusal:
        return f"refused: {command.refusal}"
    if command.sequence is None:
        return "done: it was so already"
    return f"done at sequence {command.sequence}"


def _ask(market: Market, kind: str, params: dict[str, Any], by: str, note: str) -> OperatorCommand:
    command = OperatorCommand.objects.create(
        market=market, kind=kind, params=params, requested_by=by, note=note
    )
    logger.info("%s: %s asks to %s %s", market, by, kind, params)
    transaction.on_commit(lambda: _nudge(market.symbol))
    return command


def _nudge(symbol: str) -> None:
    try:
        gateway = process.current().gateway
    except process.NotStarted:
        return  # the engine looks each second
    async_to_sync(gateway.nudge)(symbol)


# Orders


def cancel_order(order: Order, by: str) -> None:
    """Cancel somebody's order. Raises NotCanceled."""
    refusal = cancel_orders([order], by)[order.pk]
    if refusal:
        raise NotCanceled(refusal)


def cancel_orders(orders: Sequence[Order], by: str) -> dict[int, str]:
    """Cancel orders together: for each order's id why it was not canceled, or nothing.

    Raises NotCanceled if this process has no way to the engines.
    """
    try:
        gateway = process.current().gateway
    except process.NotStarted as error:
        raise NotCanceled(
            "orders are canceled by a running exchange: this process is none"
        ) from error
    answers: list[Answer] = async_to_sync(_cancel)(gateway, orders)
    logger.info("%s cancels orders %s", by, [order.pk for order in orders])
    return {
        order.pk: answer.message if answer.failure or answer.code else ""
        for order, answer in zip(orders, answers, strict=True)
    }


async def _cancel(gateway: Gateway, orders: Sequence[Order]) -> list[Answer]:
    return await asyncio.gather(
        *(
            gateway.submit(
                order.market.symbol,
                CancelOrder(account=None, order_id=order.pk, reason=Reason.CANCELED_BY_OPERATOR),
            )
            for order in orders
        )
    )


# New markets


@dataclass(frozen=True, slots=True)
class CreatedMarket:
    """A market that is there now, and the assets that were made for it."""

    market: Market
    new_assets: list[Asset]


def create_market(base: str, quote: str, **columns: Any) -> CreatedMarket:
    """Make the market BASE-QUOTE, and its assets if there are none. Raises MarketRefused.

    `columns` are those of `Market`; tick_size and lot_size must be given. An engine takes the market
    within seconds.
    """
    draft = draft_market(base, quote, **columns)
    try:
        with transaction.atomic():
            new_assets = [asset for asset in (draft.base, draft.quote) if asset.pk is None]
            for asset in new_assets:
                asset.save(force_insert=True)
            market = Market(base=draft.base, quote=draft.quote, symbol=draft.symbol, **columns)
            market.save(force_insert=True)
            accounts.open_fee_balances([market.base, market.quote])
            _copy_switches(market)
    except IntegrityError as error:
        raise MarketRefused(f"{draft.symbol} was made by somebody else just now") from error
    return CreatedMarket(market, new_assets)


def _copy_switches(market: Market) -> None:
    """A dead man's switch is the account's: one that is set counts in a new market, too."""
    now = clock.now()
    latest = CancelAfter.objects.filter(at__gt=now).values("account").annotate(last=Max("at"))
    CancelAfter.objects.bulk_create(
        CancelAfter(market=market, account_id=row["account"], at=row["last"]) for row in latest
    )


def draft_market(base: str, quote: str, **columns: Any) -> Market:
    """The market as it would be made, with nothing written. Raises MarketRefused."""
    for field, symbol in (("base", base), ("quote", quote)):
        try:
            asset_symbol(symbol)
        except ValidationError as error:
            raise MarketRefused(f"{field} {symbol!r}: {error.messages[0]}", field) from error
    if base == quote:
        raise MarketRefused("base and quote must be two assets", "quote")
    # Key 0 is nobody's: the specification wants one.
    draft = Market(pk=0, symbol=f"{base}-{quote}", **columns)
    if Market.objects.filter(symbol=draft.symbol).exists():
        raise MarketRefused(f"there is a market {draft.symbol} already", "base")
    try:
        draft.clean_fields(exclude=["id", "base", "quote"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise MarketRefused(f"{field}: {messages[0]}", field) from error
    draft.base = _asset(base, draft.lot_size)
    draft.quote = _asset(quote, draft.tick_size, draft.tick_size * draft.lot_size)
    _check(draft)
    return draft


def _asset(symbol: str, *smallest: Decimal) -> Asset:
    """The asset of that symbol, or a new one with room for the smallest amounts."""
    asset = Asset.objects.filter(symbol=symbol).first()
    if asset is not None:
        return asset
    decimals = max(DEFAULT_DECIMALS, *(_decimals(amount) for amount in smallest))
    if decimals > MAX_DECIMALS:
        raise MarketRefused(
            f"tick_size × lot_size needs {decimals} decimals of {symbol}; "
            f"an asset has at most {MAX_DECIMALS}",
            "tick_size",
        )
    return Asset(symbol=symbol, decimals=decimals)


def _check(market: Market) -> None:
    try:
        market.spec(fee_account=0)
    except (ValueError, ArithmeticError) as error:
        message = str(error) or "the numbers make no sense"
        named = {"volatility_auction": "volatility_auction_s"}.get(
            message.split()[0], message.split()[0]
        )
        raise MarketRefused(message, named if named in SPECIFICATION else None) from error


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
