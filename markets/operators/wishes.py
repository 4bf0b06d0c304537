"""What engines are asked for: rows that they carry out in their own sequence."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.db import transaction

from markets import process
from markets.matching.types import MarketStatus
from markets.messages.public import plain
from markets.models import LIVE_ORDERS, SPECIFICATION, Market, OperatorCommand, Order
from markets.operators.refusals import MarketRefused, check_rules

POLL_INTERVAL: Final = 0.05
MAX_COUNTED: Final = 10_000
"""Open orders of a market that are counted: pages that show a number must not read a million rows."""
MAX_AUCTION_SECONDS: Final = 86_400
"""Longest auction that opens the market by itself."""

logger = logging.getLogger(__name__)


def set_market_status(
    market: Market, status: MarketStatus, by: str, note: str = "", seconds: int | None = None
) -> OperatorCommand:
    """Open, halt or close a market (closing cancels every open order), or collect orders in an auction.

    `seconds`: how long an auction is, before it opens the market by itself. Raises ValueError.
    """
    params: dict[str, Any] = {"status": status.value}
    if seconds is not None:
        if status is not MarketStatus.AUCTION:
            raise ValueError("only an auction lasts so many seconds")
        if not 1 <= seconds <= MAX_AUCTION_SECONDS:
            raise ValueError(f"an auction lasts 1 to {MAX_AUCTION_SECONDS} seconds")
        params["seconds"] = seconds
    return ask(market, "set_status", params, by, note)


def configure_market(
    market: Market, columns: Mapping[str, Decimal | int | None], by: str, note: str = ""
) -> OperatorCommand:
    """Change columns of SPECIFICATION. Raises MarketRefused."""
    check_configuration(market, columns)
    params = {
        name: None if value is None else plain(Decimal(value)) for name, value in columns.items()
    }
    return ask(market, "configure", params, by, note)


def check_configuration(market: Market, columns: Mapping[str, Decimal | int | None]) -> None:
    """Raise MarketRefused if the columns make no sense, or change a step under open orders.

    Or if a fee tier's rebate would be more than the market's takers pay.

    The engine checks again when it gets there: an order may have come since.
    """
    wanted = copy.copy(market)
    for name, value in columns.items():
        if name not in SPECIFICATION:
            raise MarketRefused(f"{name} is no part of a market's specification", name)
        setattr(wanted, name, value)
    check_rules(wanted)
    for name in ("tick_size", "lot_size"):
        changes = getattr(wanted, name) != getattr(market, name)
        if changes and Order.objects.filter(LIVE_ORDERS, market=market).exists():
            raise MarketRefused(
                f"{name} cannot change under open orders: cancel them or close the market", name
            )


def open_orders_of(market: Market) -> int:
    """How many orders rest or wait in the market; MAX_COUNTED if there are so many or more."""
    return Order.objects.filter(LIVE_ORDERS, market=market).order_by()[:MAX_COUNTED].count()


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


def ask(market: Market, kind: str, params: dict[str, Any], by: str, note: str) -> OperatorCommand:
    """Write down what a market's engine shall do, and tell it when that is durable."""
    command = OperatorCommand.objects.create(
        market=market, kind=kind, params=params, requested_by=by, note=note
    )
    about = {"market": market.symbol}
    logger.info("%s: %s asks to %s %s", market, by, kind, params, extra=about)
    transaction.on_commit(lambda: _nudge(market.symbol))
    return command


def _nudge(symbol: str) -> None:
    try:
        gateway = process.current().gateway
    except process.NotStarted:
        return  # the engine looks each second
    async_to_sync(gateway.nudge)(symbol)
