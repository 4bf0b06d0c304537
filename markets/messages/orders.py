"""Orders and fills as the contract writes them: JSON text, made once and sent to whoever is told.

Rules:
- Every value is either made of digits, one of the contract's words, or a client_order_id, whose alphabet
  needs no escapes; so the text is put together directly.
- An order's answer is the order with the fills of the command; a batch's `Telling` writes each order and
  fill once, for the answer and for the accounts' private messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from markets.matching.events import Batch, Done, Trade
from markets.matching.spec import MarketSpec
from markets.matching.types import LIMITED, OrderState, Side, format_units
from markets.messages.public import JSON, ratio_text, time_text, units_text

BUY: Final = Side.BUY


_NONE_TOUCHED: Final = (
    '"filled_quantity":"0","canceled_quantity":"0","prevented_quantity":"0",'
    '"average_price":null,"filled_notional":"0","fee":"0"'
)
"""The figures of an order of which all remains."""
_UNCONDITIONAL: Final = '"display_quantity":null,"expires_at":null,"max_slippage":null'
_UNGROUPED: Final = '"group_id":null,"group_role":null'


def order_text(order: OrderState, spec: MarketSpec) -> str:
    """An order, as the contract lists its fields."""
    # Taken apart once, enumerations by their values, and what most orders do not have in one piece: this is
    # written for every change of every order.
    # fmt: off
    (
        order_id, _, name, side, kind, time_in_force, post_only, prevention, quote_quantity, slippage,
        display, expires_at, group, role, sequence, created_at, _, price, stop_price, quantity,
        prevented, connection, _, filled, notional, fee, canceled, remaining, _, status, reason,
        updated_at,
    ) = order
    # fmt: on
    base, quote = spec.base_decimals, spec.quote_decimals
    fee_decimals, fee_asset = (base, spec.base) if side is BUY else (quote, spec.quote)
    wanted = units_text(quantity, base)
    if remaining == quantity:
        rest, figures = wanted, _NONE_TOUCHED
    else:
        rest = units_text(remaining, base) if remaining else "0"
        figures = (
            f'"filled_quantity":"{units_text(filled, base) if filled else "0"}",'
            f'"canceled_quantity":"{units_text(canceled, base) if canceled else "0"}",'
            f'"prevented_quantity":"{units_text(prevented, base) if prevented else "0"}",'
            f'"average_price":{_average(notional, filled, spec) if filled else "null"},'
            f'"filled_notional":"{format_units(notional, quote) if notional else "0"}",'
            f'"fee":"{format_units(fee, fee_decimals) if fee else "0"}"'
        )
    conditions, grouped = _UNCONDITIONAL, _UNGROUPED
    if display is not None or expires_at is not None or slippage is not None:
        conditions = (
            f'"display_quantity":{_units(display, base)},'
            f'"expires_at":{"null" if expires_at is None else _word(time_text(expires_at))},'
            f'"max_slippage":{"null" if slippage is None else _word(ratio_text(slippage))}'
        )
    if group is not None or role is not None:
        grouped = f'"group_id":{_word(group)},"group_role":{"null" if role is None else _word(role._value_)}'
    created = time_text(created_at)
    return (
        f'{{"id":"{order_id}","client_order_id":{"null" if name is None else _word(name)},'
        f'"market":"{spec.symbol}","side":"{side._value_}","type":"{kind._value_}",'
        f'"time_in_force":"{time_in_force._value_}",'
        f'"post_only":{"true" if post_only else "false"},'
        f'"price":{_units(price if kind in LIMITED else None, quote)},'
        f'"stop_price":{"null" if stop_price is None else _units(stop_price, quote)},'
        f'"quantity":"{wanted}",'
        f'"quote_quantity":{"null" if quote_quantity is None else _units(quote_quantity, quote)},'
        f'"remaining_quantity":"{rest}",{figures},"fee_asset":"{fee_asset}",'
        f'"status":"{status._value_}",'
        f'"reason":{"null" if reason is None else _word(reason._value_)},{conditions},'
        f'"self_trade_prevention":"{prevention._value_}",'
        f'"cancel_on_disconnect":{"false" if connection is None else "true"},{grouped},'
        f'"sequence":{sequence},"created_at":"{created}",'
        f'"updated_at":"{created if updated_at == created_at else time_text(updated_at)}"}}'
    )


def _average(notional: int, filled: int, spec: MarketSpec) -> str:
    """Rounded half up to the quote asset's smallest unit: the only figure that may not be exact."""
    scaled: int = notional * spec.scale
    average = (2 * scaled + filled) // (2 * filled)
    return f'"{units_text(average, spec.quote_decimals)}"'


def _word(value: object | None) -> str:
    return "null" if value is None else f'"{value}"'


def _units(units: int | None, decimals: int) -> str:
    return "null" if units is None else f'"{units_text(units, decimals)}"'


def fill_text(trade: Trade, spec: MarketSpec, *, taker: bool, client_order_id: str | None) -> str:
    """One order's side of a trade."""
    # fmt: off
    (
        sequence, trade_id, price, quantity, _, side, taker_order, maker_order, _, _, taker_fee,
        maker_fee, taker_rate, maker_rate, timestamp,
    ) = trade
    # fmt: on
    base, quote = spec.base_decimals, spec.quote_decimals
    if taker:
        order, fee, rate, liquidity = taker_order, taker_fee, taker_rate, "taker"
    else:
        order, fee, rate, liquidity = maker_order, maker_fee, maker_rate, "maker"
        side = side.opposite
    fee_decimals, fee_asset = (base, spec.base) if side is BUY else (quote, spec.quote)
    return (
        f'{{"id":"{trade_id}","order_id":"{order}",'
        f'"client_order_id":{"null" if client_order_id is None else _word(client_order_id)},'
        f'"market":"{spec.symbol}","side":"{side._value_}","price":"{units_text(price, quote)}",'
        f'"quantity":"{units_text(quantity, base)}",'
        f'"fee":"{format_units(fee, fee_decimals)}","fee_asset":"{fee_asset}",'
        f'"fee_rate":{"null" if rate is None else _word(ratio_text(rate))},'
        f'"liquidity":"{liquidity}","sequence":{sequence},'
        f'"timestamp":"{time_text(timestamp)}"}}'
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
        if len(orders) == 1:
            (order,) = orders
            text = self._orders[id(order)] = order_text(order, self._spec)
            message = f'["orders",{{"orders":[{text}]}}]'
            self.private.setdefault(order.account, []).append(message)
            return
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
