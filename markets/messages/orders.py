"""Orders and fills as the contract writes them: JSON text, made once and sent to whoever is told.

Rules:
- Every value is either made of digits, one of the contract's words, or a client_order_id, whose alphabet
  needs no escapes; so the text is put together directly.
- An order's answer is the order with the fills of the command; a batch's `Telling` writes each order and
  fill once, for the answer and for the accounts' private messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import msgspec

from markets.matching.events import Batch, Done, Trade
from markets.matching.spec import MarketSpec
from markets.matching.types import OrderState, OrderType, Side
from markets.matching.types import format_units as _format_units
from markets.messages.public import JSON, ratio_text
from markets.messages.public import time_text as _time_text

LIMITED: Final = (OrderType.LIMIT, OrderType.STOP_LIMIT)
REMEMBERED: Final = 2**14
"""Numbers and times whose text is remembered: a market's prices and sizes come again and again."""

units_text = lru_cache(REMEMBERED)(_format_units)
time_text = lru_cache(REMEMBERED)(_time_text)


def order_text(order: OrderState, spec: MarketSpec) -> str:
    """An order, as the contract lists its fields."""
    base, quote = spec.base_decimals, spec.quote_decimals
    buys = order.side is Side.BUY
    filled, notional = order.filled, order.notional
    average = "null"
    if filled:
        # Rounded half up to the quote asset's smallest unit: the only figure that may not be exact.
        scaled: int = notional * 10**base
        average = f'"{_format_units((2 * scaled + filled) // (2 * filled), quote)}"'
    price = order.price if order.type in LIMITED else None
    slippage = order.max_slippage
    return (
        f'{{"id":"{order.id}","client_order_id":{_word(order.client_order_id)},"market":"{spec.symbol}",'
        f'"side":"{order.side}","type":"{order.type}",'
        f'"time_in_force":"{order.time_in_force}",'
        f'"post_only":{"true" if order.post_only else "false"},'
        f'"price":{_units(price, quote)},"stop_price":{_units(order.stop_price, quote)},'
        f'"quantity":"{units_text(order.quantity, base)}",'
        f'"quote_quantity":{_units(order.quote_quantity, quote)},'
        f'"remaining_quantity":"{units_text(order.remaining, base)}",'
        f'"filled_quantity":"{units_text(filled, base)}",'
        f'"canceled_quantity":"{units_text(order.canceled, base)}",'
        f'"prevented_quantity":"{units_text(order.prevented, base)}",'
        f'"average_price":{average},"fee":"{_format_units(order.fee, base if buys else quote)}",'
        f'"fee_asset":"{spec.base if buys else spec.quote}","status":"{order.status}",'
        f'"reason":{_word(order.reason)},'
        f'"display_quantity":{_units(order.display_quantity, base)},'
        f'"expires_at":{_word(None if order.expires_at is None else time_text(order.expires_at))},'
        f'"max_slippage":{_word(None if slippage is None else ratio_text(slippage))},'
        f'"self_trade_prevention":"{order.self_trade_prevention}",'
        f'"cancel_on_disconnect":{"false" if order.connection is None else "true"},'
        f'"group_id":{_word(order.group)},"group_role":{_word(order.role)},'
        f'"sequence":{order.sequence},"created_at":"{time_text(order.created_at)}",'
        f'"updated_at":"{time_text(order.updated_at)}"}}'
    )


def _word(value: object | None) -> str:
    return "null" if value is None else f'"{value}"'


def _units(units: int | None, decimals: int) -> str:
    return "null" if units is None else f'"{units_text(units, decimals)}"'


def fill_text(trade: Trade, spec: MarketSpec, *, taker: bool, client_order_id: str | None) -> str:
    """One order's side of a trade."""
    side = trade.taker_side if taker else trade.taker_side.opposite
    buys = side is Side.BUY
    base, quote = spec.base_decimals, spec.quote_decimals
    fee = _format_units(trade.taker_fee if taker else trade.maker_fee, base if buys else quote)
    rate = trade.taker_fee_rate if taker else trade.maker_fee_rate
    return (
        f'{{"id":"{trade.id}","order_id":"{trade.taker_order if taker else trade.maker_order}",'
        f'"client_order_id":{_word(client_order_id)},"market":"{spec.symbol}",'
        f'"side":"{side}","price":"{units_text(trade.price, quote)}",'
        f'"quantity":"{units_text(trade.quantity, base)}",'
        f'"fee":"{fee}","fee_asset":"{spec.base if buys else spec.quote}",'
        f'"fee_rate":{_word(None if rate is None else ratio_text(rate))},'
        f'"liquidity":"{"taker" if taker else "maker"}","sequence":{trade.sequence},'
        f'"timestamp":"{time_text(trade.timestamp)}"}}'
    )


def with_fills(order: str, fills: Iterable[str]) -> str:
    """An order's text with its fills."""
    return f'{order[:-1]},"fills":[{",".join(fills)}]}}'


def raw(text: str) -> msgspec.Raw:
    """A text of this module as a part of a larger message."""
    return msgspec.Raw(text.encode())


def order_json(order: OrderState, spec: MarketSpec) -> JSON:
    """The same as an object."""
    value: Any = msgspec.json.decode(order_text(order, spec))
    return value  # type: ignore[no-any-return]


class Telling:
    """What a batch's owners are told, each order and fill written once."""

    __slots__ = ("_fills", "_orders", "_spec", "private")

    def __init__(self, batch: Batch) -> None:
        self._spec = batch.spec
        self._orders: dict[int, str] = {}
        self._fills: dict[tuple[int, int], str] = {}
        self.private: dict[int, list[str]] = {}
        """Account → its messages in order, each `["channel",data]` with the data's sequence left out."""
        for outcome in batch.outcomes:
            if isinstance(outcome, Done) and outcome.orders:
                self._tell_orders(outcome.orders)
                trades = outcome.trades
                if trades:
                    self._tell_fills(trades, batch)

    def _tell_orders(self, orders: tuple[OrderState, ...]) -> None:
        told: dict[int, list[str]] = {}
        for order in orders:
            text = self._orders[id(order)] = order_text(order, self._spec)
            told.setdefault(order.account, []).append(text)
        for account, texts in told.items():
            message = f'["orders",{{"orders":[{",".join(texts)}]}}]'
            self.private.setdefault(account, []).append(message)

    def _tell_fills(self, trades: Iterable[Trade], batch: Batch) -> None:
        told: dict[int, list[str]] = {}
        for trade in trades:
            for account, order_id, taker in (
                (trade.taker_account, trade.taker_order, True),
                (trade.maker_account, trade.maker_order, False),
            ):
                order = batch.created.get(order_id) or batch.changed[order_id]
                text = fill_text(
                    trade, self._spec, taker=taker, client_order_id=order.client_order_id
                )
                self._fills[trade.sequence, order_id] = text
                told.setdefault(account, []).append(text)
        for account, texts in told.items():
            message = f'["fills",{{"fills":[{",".join(texts)}]}}]'
            self.private.setdefault(account, []).append(message)

    def order(self, order: OrderState) -> str:
        """The text of an order: one of the batch's, or of an earlier one."""
        return self._orders.get(id(order)) or order_text(order, self._spec)

    def fills(self, order: OrderState, trades: Iterable[Trade]) -> list[str]:
        """The texts of an order's sides of these trades of the batch."""
        return [
            self._fills[trade.sequence, order.id]
            for trade in trades
            if order.id in (trade.taker_order, trade.maker_order)
        ]
