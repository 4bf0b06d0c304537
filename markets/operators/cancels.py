"""Orders that an operator cancels: through the engines, with a reason that their owners see."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from asgiref.sync import async_to_sync

from markets import process
from markets.gateway import Gateway
from markets.matching.commands import CancelAll, CancelOrder
from markets.matching.types import Reason
from markets.messages.transport import Answer, ClientCommand
from markets.models import LIVE_ORDERS, Account, Market, Order

logger = logging.getLogger(__name__)


class NotCanceled(Exception):
    """The order still rests, or had ended already; the message says which."""


def cancel_order(order: Order, by: str) -> None:
    """Cancel somebody's order. Raises NotCanceled."""
    refusal = cancel_orders([order], by)[order.pk]
    if refusal:
        raise NotCanceled(refusal)


def cancel_orders(orders: Sequence[Order], by: str) -> dict[int, str]:
    """Cancel orders together: for each order's id why it was not canceled, or nothing.

    Raises NotCanceled if this process has no way to the engines.
    """
    commands = [
        (
            order.market.symbol,
            CancelOrder(account=None, order_id=order.pk, reason=Reason.CANCELED_BY_OPERATOR),
        )
        for order in orders
    ]
    answers = async_to_sync(_submit_to)(_gateway(), commands)
    logger.info("%s cancels orders %s", by, [order.pk for order in orders])
    return {
        order.pk: answer.message if answer.failure or answer.code else ""
        for order, answer in zip(orders, answers, strict=True)
    }


@dataclass(frozen=True, slots=True)
class CanceledAll:
    """What came of canceling all orders of an account, by market symbol."""

    canceled: dict[str, int]
    failed: dict[str, str]
    """Why nothing is known to be canceled there."""


def cancel_all_orders(account: Account, by: str, market: Market | None = None) -> CanceledAll:
    """Cancel an account's orders, waiting stops as well, in the markets where it has some, or in one.

    Raises NotCanceled if this process has no way to the engines.
    """
    gateway = _gateway()
    owned = Order.objects.filter(LIVE_ORDERS, account=account)
    if market is not None:
        owned = owned.filter(market=market)
    symbols = sorted(owned.order_by().values_list("market__symbol", flat=True).distinct())
    command = CancelAll(account.pk, reason=Reason.CANCELED_BY_OPERATOR)
    answers = async_to_sync(_submit_to)(gateway, [(symbol, command) for symbol in symbols])
    logger.info("%s cancels all orders of %s in %s", by, account, symbols)
    result = CanceledAll({}, {})
    for symbol, answer in zip(symbols, answers, strict=True):
        if answer.failure or answer.code:
            result.failed[symbol] = answer.message
        else:
            result.canceled[symbol] = len(answer.canceled)
    return result


def _gateway() -> Gateway:
    try:
        return process.current().gateway
    except process.NotStarted as error:
        raise NotCanceled(
            "orders are canceled by a running exchange: this process is none"
        ) from error


async def _submit_to(
    gateway: Gateway, commands: Sequence[tuple[str, ClientCommand]]
) -> list[Answer]:
    return await asyncio.gather(*(gateway.submit(symbol, command) for symbol, command in commands))
