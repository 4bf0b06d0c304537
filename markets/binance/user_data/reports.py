"""What an account's events are in the dialect: execution reports, positions, lists' statuses.

Rules:
- The exchange tells an order as a command left it, with the command's fills; the dialect tells each step: the
  new order, each of its fills, how it ended. So what is known of the live orders is kept, from the account's
  snapshot on.
- Reports of a command come in this order: new orders, fills in theirs, then what else became of orders.
- Every field of a report is there always, and of one type.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from markets.binance.calls import JSON
from markets.binance.orders import EXPIRED_FOR, PREVENTIONS, NativeFill, NativeOrder
from markets.binance.symbols import name_of
from markets.binance.texts import ZERO, padded
from markets.binance.time_unit import moment_json, now_json
from markets.binance.trading import new_name
from markets.binance.user_data import cancel_names
from markets.binance.user_data.lists import Lists
from markets.matching.types import LIVE, OrderStatus

NO_TRADE: Final = -1
NUMBERS_A_MESSAGE: Final = 10_000
"""Execution ids are the account's event number and room for so many reports of one message."""
EIGHT: Final = Decimal("0.00000001")


class OrdersData(msgspec.Struct):
    """Of a message `orders`."""

    orders: list[NativeOrder]


class FillsData(msgspec.Struct):
    """Of a message `fills`."""

    fills: list[NativeFill]


class BalanceData(msgspec.Struct):
    """What an account has of an asset."""

    asset: str
    total: str
    held: str
    available: str


class BalancesData(msgspec.Struct):
    """Of a message `balances`."""

    balances: list[BalanceData]


@dataclass(slots=True)
class _Known:
    """An order as it was told last."""

    order: NativeOrder
    worked: bool
    """Whether it has been in the book, or went through it; not while it waits for its trigger."""
    filled: Decimal = Decimal(0)
    quote: Decimal = Decimal(0)


def eight(value: Decimal) -> str:
    """A sum as the dialect writes it."""
    return format(value.quantize(EIGHT, rounding="ROUND_DOWN"), "f")


class Reporter:
    """Turns one account's messages into events."""

    def __init__(
        self, account: int, orders: list[NativeOrder], balances: list[BalanceData]
    ) -> None:
        self._account = account
        self._known = {order.id: _of(order) for order in orders}
        self._totals = {row.asset: Decimal(row.total) for row in balances}
        self._lists = Lists(orders)
        self._number = 0

    def events(self, first: int, messages: list[tuple[str, msgspec.Raw]]) -> list[JSON]:
        """The events of one batch's messages, of which the first has this number."""
        found: list[JSON] = []
        is_transfer = all(channel == "balances" for channel, _ in messages)
        at = 0
        while at < len(messages):
            channel, data = messages[at]
            self._number = (first + at) * NUMBERS_A_MESSAGE
            at += 1
            if channel == "balances":
                balances = msgspec.json.decode(data, type=BalancesData).balances
                found += self._of_balances(balances, is_transfer=is_transfer)
            elif channel == "orders":
                fills: list[NativeFill] = []
                if at < len(messages) and messages[at][0] == "fills":
                    fills = msgspec.json.decode(messages[at][1], type=FillsData).fills
                    at += 1
                orders = msgspec.json.decode(data, type=OrdersData).orders
                found += self._of_command(orders, fills)
        return found

    # Orders

    def _of_command(self, orders: list[NativeOrder], fills: list[NativeFill]) -> list[JSON]:
        now = {order.id: order for order in orders}
        found = [report for order in orders for report in self._begun(order)]
        found += self._lists.begun(orders)
        left = {order.id: 0 for order in orders}
        for fill in fills:
            left[fill.order_id] += 1
        for fill in fills:
            left[fill.order_id] -= 1
            found.append(self._trade(now[fill.order_id], fill, is_last=not left[fill.order_id]))
        found += [report for order in orders for report in self._changed(order)]
        found += self._lists.ended(orders)
        for order in orders:
            if order.status in LIVE:
                self._known[order.id] = _of(order)
            else:
                self._known.pop(order.id, None)
        return found

    def _begun(self, order: NativeOrder) -> list[JSON]:
        """The report of an order that is new, or begins to work."""
        known = self._known.get(order.id)
        if known is None:
            known = self._known[order.id] = _Known(order, order.is_working)
        elif not known.worked and _works(order):
            known.worked = True
        elif not (known.order.is_asleep and not order.is_asleep):
            return []
        asleep = order.is_asleep and order.status in LIVE
        status = "PENDING_NEW" if asleep else "NEW"
        return [self._report(order, known, "NEW", status, at=moment_json(order.updated_at))]

    def _trade(self, order: NativeOrder, fill: NativeFill, *, is_last: bool) -> JSON:
        known = self._known[order.id]
        quantity = Decimal(fill.quantity)
        amount = Decimal(fill.price) * quantity
        known.filled += quantity
        known.quote = Decimal(order.filled_notional) if is_last else known.quote + amount
        is_filled = is_last and order.status is OrderStatus.FILLED
        report = self._report(
            order,
            known,
            "TRADE",
            "FILLED" if is_filled else "PARTIALLY_FILLED",
            at=moment_json(fill.timestamp),
            on_book=not is_filled,
        )
        return report | {
            "l": padded(fill.quantity),
            "L": padded(fill.price),
            "n": padded(fill.fee),
            "N": fill.fee_asset,
            "t": int(fill.id),
            "m": fill.liquidity == "maker",
            "Y": eight(amount),
        }

    def _changed(self, order: NativeOrder) -> list[JSON]:
        """The report of an order that ended unfilled, or has other terms."""
        known = self._known[order.id]
        before, at = known.order, moment_json(order.updated_at)
        status = order.said_status
        if order.status in LIVE:
            terms = [(each.price, each.stop_price, each.quantity) for each in (before, order)]
            if terms[0] == terms[1] or before.is_asleep:
                return []
            return [self._report(order, known, "REPLACED", status, at=at)]
        if order.status is OrderStatus.FILLED:
            return []
        if status != "CANCELED":
            return [self._report(order, known, "EXPIRED", status, at=at, on_book=False)]
        report = self._report(order, known, "CANCELED", status, at=at, on_book=False)
        name = cancel_names.name_of(self._account, order.id, order.name)
        return [report | {"c": name or new_name(), "C": order.name}]

    def _report(
        self,
        order: NativeOrder,
        known: _Known,
        kind: str,
        status: str,
        *,
        at: int,
        on_book: bool = True,
    ) -> JSON:
        self._number += 1
        return {
            "e": "executionReport",
            "E": now_json(),
            "s": name_of(order.market),
            "c": order.name,
            "S": order.side.upper(),
            "o": order.kind,
            "f": order.tif,
            "q": padded(order.quantity),
            "p": padded(order.price or "0"),
            "P": padded(order.stop_price or "0"),
            "F": padded(order.display_quantity or "0"),
            "g": order.list_id,
            "C": "",
            "x": kind,
            "X": status,
            "r": "NONE",
            "i": int(order.id),
            "l": ZERO,
            "z": eight(known.filled),
            "L": ZERO,
            "n": "0",
            "N": None,
            "T": at,
            "t": NO_TRADE,
            "I": self._number,
            "w": on_book and known.worked,
            "m": False,
            "M": False,
            "O": moment_json(order.created_at),
            "Z": eight(known.quote),
            "Y": ZERO,
            "Q": padded(order.quote_quantity or "0"),
            **({"W": moment_json(order.created_at)} if known.worked else {}),
            "V": PREVENTIONS[order.self_trade_prevention],
        }

    # Balances

    def _of_balances(self, balances: list[BalanceData], *, is_transfer: bool) -> list[JSON]:
        now = now_json()
        found: list[JSON] = []
        for row in balances:
            total = Decimal(row.total)
            delta = total - self._totals.get(row.asset, Decimal(0))
            self._totals[row.asset] = total
            if is_transfer and delta:
                event = {"e": "balanceUpdate", "E": now, "a": row.asset, "d": eight(delta)}
                found.append(event | {"T": now})
        held: list[Any] = [
            {"a": row.asset, "f": padded(row.available), "l": padded(row.held)} for row in balances
        ]
        return [*found, {"e": "outboundAccountPosition", "E": now, "u": now, "B": held}]


def _works(order: NativeOrder) -> bool:
    """Whether an order that waited does no more: its trigger was reached, whatever came of it."""
    if order.status in LIVE:
        return order.is_working
    return order.filled_quantity != "0" or order.reason in EXPIRED_FOR


def _of(order: NativeOrder) -> _Known:
    return _Known(
        order, order.is_working, Decimal(order.filled_quantity), Decimal(order.filled_notional)
    )
