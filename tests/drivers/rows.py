"""A durable store in memory: what a database keeps of one market, and what it would insist on."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from markets.matching.engine import Engine
from markets.matching.events import Batch, Done, Event, FrozenSet, Trade
from markets.matching.recall import ELSEWHERE, Elsewhere, Known, Needs
from markets.matching.spec import MarketSpec
from markets.matching.types import (
    LIVE,
    Asset,
    FeeRates,
    GroupRole,
    MarketState,
    OrderState,
    OrderStatus,
    Side,
)


class Balance(NamedTuple):
    """An account's money of one asset, in units."""

    available: int
    held: int

    @property
    def total(self) -> int:
        """What the account owns."""
        return self.available + self.held


class Rows:
    """The rows of one market's orders, trades and balances."""

    def __init__(self, spec: MarketSpec, state: MarketState) -> None:
        self.spec = spec
        self.state = state
        self.orders: dict[int, OrderState] = {}
        self.cancel_after: dict[int, int] = {}
        self.fee_rates: dict[int, FeeRates] = {}
        self.frozen: set[int] = set()
        self.live: dict[int, OrderState] = {}
        """Those of `orders` that a new engine starts with."""
        self.trades: list[Trade] = []
        self.balances: defaultdict[tuple[int, Asset], Balance] = defaultdict(lambda: Balance(0, 0))
        self.used_elsewhere: set[tuple[int, str]] = set()
        """(account, client_order_id) of orders of other markets."""
        self._ids: dict[tuple[int, str], int] = {}
        self._fills: defaultdict[int, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
        self._deposited = dict.fromkeys(Asset, 0)

    def deposit(self, account: int, asset: Asset, amount: int) -> None:
        """Bring money in (or, negative, take it out)."""
        available, held = self.balances[account, asset]
        self.balances[account, asset] = Balance(available + amount, held)
        self._deposited[asset] += amount

    def known(self, needs: Needs) -> Known:
        """Read what the engine asks for, and not a thing more."""
        ids: dict[tuple[int, str], OrderState | Elsewhere] = {}
        for key in needs.client_order_ids:
            if key in self.used_elsewhere:
                ids[key] = ELSEWHERE
            elif key in self._ids:
                ids[key] = self.orders[self._ids[key]]
        return Known(
            funds={
                (account, asset): self.balances[account, asset].available
                for account in needs.accounts
                for asset in Asset
            },
            client_order_ids=ids,
            orders={
                order_id: self.orders[order_id]
                for order_id in needs.order_ids
                if order_id in self.orders
            },
        )

    def commit(self, batch: Batch) -> None:
        """Write a batch, in one transaction."""
        self._check_events(batch)
        assert batch.prev_sequence == self.state.sequence, "a second writer"
        self.spec, self.state = batch.spec, batch.state
        for order in batch.created.values():
            assert order.id not in self.orders
            if order.client_order_id is not None:
                assert (order.account, order.client_order_id) not in self._ids
                self._ids[order.account, order.client_order_id] = order.id
        assert batch.changed.keys() <= self.orders.keys()
        for order in (*batch.created.values(), *batch.changed.values()):
            self.orders[order.id] = order
            if order.status in LIVE:
                self.live[order.id] = order
            else:
                self.live.pop(order.id, None)
        for key, change in batch.balances.items():
            available, held = self.balances[key]
            self.balances[key] = Balance(available + change.available, held + change.held)
        for account, at in batch.cancel_after.items():
            self.cancel_after.pop(account, None)
            if at is not None:
                self.cancel_after[account] = at
        for account, own in batch.fee_rates.items():
            self.fee_rates.pop(account, None)
            if own is not None:
                self.fee_rates[account] = own
        self._freeze(batch)
        self.trades += batch.trades
        self._check_orders(batch)

    def _freeze(self, batch: Batch) -> None:
        """In truth the operator writes these rows, before the engine hears of it."""
        for outcome in batch.outcomes:
            for event in outcome.events if isinstance(outcome, Done) else ():
                if isinstance(event, FrozenSet):
                    (self.frozen.add if event.frozen else self.frozen.discard)(event.account)

    @staticmethod
    def _check_events(batch: Batch) -> None:
        """Every fact takes the next sequence; a batch without facts changed nothing."""
        events: list[Event] = []
        for outcome in batch.outcomes:
            if isinstance(outcome, Done):
                events += outcome.events
        assert [event.sequence for event in events] == list(
            range(batch.prev_sequence + 1, batch.sequence + 1)
        )
        assert [event for event in events if isinstance(event, Trade)] == list(batch.trades)
        if not events:
            parts = (batch.created, batch.changed, batch.balances, batch.bids, batch.asks)
            assert not any(parts)

    def _check_orders(self, batch: Batch) -> None:
        """Each order's figures are the sums of its trades, and its quantity is accounted for."""
        for trade in batch.trades:
            for order_id, fee in (
                (trade.taker_order, trade.taker_fee),
                (trade.maker_order, trade.maker_fee),
            ):
                filled, notional, fees = self._fills[order_id]
                self._fills[order_id] = (
                    filled + trade.quantity,
                    notional + trade.amount,
                    fees + fee,
                )
        for order in (*batch.created.values(), *batch.changed.values()):
            parts = order.filled + order.remaining + order.canceled + order.prevented
            assert order.quantity == parts, order
            assert (order.filled, order.notional, order.fee) == self._fills[order.id]
            assert order.status in LIVE or not order.remaining
            assert order.remaining or order.status not in LIVE or order.role in EXITS
            ended_early = order.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED)
            assert ended_early == (order.reason is not None)

    def check(self, engine: Engine) -> None:
        """Assert that the engine is what the rows say, and that all money is there."""
        spec = self.spec
        assert (engine.spec, engine.state) == (spec, self.state)
        book, market = engine.book, engine._market
        assert self.live == {order_id: order.state for order_id, order in book.orders.items()}
        assert (market.cancel_after, market.fee_rates) == (self.cancel_after, self.fee_rates)
        assert market.frozen == self.frozen
        assert not any(order.account in self.frozen for order in self.live.values())
        needed = self.needed()
        totals = dict.fromkeys(Asset, 0)
        for (account, asset), balance in self.balances.items():
            assert balance.held == needed[account, asset], "held is what open orders need"
            assert balance.available >= 0 or account == spec.fee_account
            totals[asset] += balance.total
        assert totals == self._deposited, "money is conserved"

    def needed(self) -> defaultdict[tuple[int, Asset], int]:
        """What the live orders need, a group's exits (or pair) only once."""
        needed: defaultdict[tuple[int, Asset], int] = defaultdict(int)
        exits: defaultdict[int | None, list[OrderState]] = defaultdict(list)
        for order in self.live.values():
            if order.role in EXITS:
                exits[order.group].append(order)
            else:
                needed[_payer(order)] += self._need(order)
        for group, orders in exits.items():
            entry = self.live.get(group or 0)
            to_come = 0
            if entry is not None and entry.role is GroupRole.ENTRY:
                to_come = entry.remaining if orders[0].side is Side.BUY else 0
            needed[_payer(orders[0])] += max(self._need(order, to_come) for order in orders)
        return needed

    def _need(self, order: OrderState, more: int = 0) -> int:
        quantity = order.remaining + more
        if order.side is Side.SELL:
            return quantity
        assert order.price is not None
        return int(order.price * quantity // 10**self.spec.base_decimals)


EXITS = tuple(role for role in GroupRole if role is not GroupRole.ENTRY)


def _payer(order: OrderState) -> tuple[int, Asset]:
    return order.account, Asset.QUOTE if order.side is Side.BUY else Asset.BASE
