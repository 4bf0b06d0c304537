"""Proof from the rows alone that the books are right. Reads one moment; the exchange may go on trading.

For each asset: what came in less what went out is what all accounts have (fees are an account's).
For each balance: transfers + what fills brought - what they cost - fees = available + held.
For each hold: the sum of what the open orders need, groups of them once.
For each order: its quantity, fills and fees agree with its trades.
For each market: batches follow on each other, each sequence once; the book's checksum is the last batch's.
For each account: private events are numbered without gaps.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import QuerySet

from markets import models
from markets.database import one_moment
from markets.history import fee_account_id
from markets.matching.engine import Engine
from markets.matching.events import Trade
from markets.matching.spec import MarketSpec
from markets.matching.types import LIVE, Asset, GroupRole, OrderState, Side, fee_on
from markets.rows import ORDER_FIELDS, TRADE_FIELDS, order_state, trade_event

CHUNK = 2000
Row = TypeVar("Row", models.Order, models.Trade)


@dataclass(slots=True)
class Audit:
    """What was counted, and every disagreement found."""

    counted: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def expect(self, what: str, found: object, right: object) -> None:
        """Note a disagreement."""
        if found != right:
            self.findings.append(f"{what}: {found}, should be {right}")


@dataclass(slots=True)
class _Money:
    """What should be, by account and asset."""

    total: defaultdict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    held: defaultdict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))


def audit(symbol: str | None = None) -> Audit:
    """Check everything, or (by symbol) one market's orders, trades and sequences."""
    result = Audit()
    with one_moment():
        markets = models.Market.objects.select_related("base", "quote").order_by("symbol")
        money = _Money()
        for market in markets if symbol is None else markets.filter(symbol=symbol):
            _audit_market(market, money, result)
        if symbol is None:
            _audit_money(money, result)
            _audit_events(result)
    return result


def _audit_market(market: models.Market, money: _Money, result: Audit) -> None:
    spec = market.spec(fee_account_id())
    result.counted["markets"] += 1
    of_orders = _audit_trades(market, spec, money, result)
    live = _audit_orders(market, spec, of_orders, money, result)
    checksum, events = _audit_batches(market, result)
    engine = Engine.load(spec, market.state(), live)
    engine.check()
    result.expect(f"{market} book checksum", engine.book.checksum, checksum)
    orders = _rows_of(models.Order, market).count()
    trades = _rows_of(models.Trade, market).count()
    result.expect(f"{market} orders against batches", orders, events["orders"])
    result.expect(f"{market} trades against batches", trades, events["trades"])


@dataclass(slots=True)
class _Fills:
    """What an order's trades add up to."""

    filled: int = 0
    notional: int = 0
    fee: int = 0


def _rows_of(model: type[Row], market: models.Market) -> QuerySet[Row]:
    """A market's orders or trades; what says that it is of another market is not counted as its own."""
    return model.objects.filter(models.of_market(market.pk), market=market)


def _trades_of(market: models.Market) -> Iterator[Trade]:
    rows = _rows_of(models.Trade, market).order_by("id")
    for row in rows.values_list(*TRADE_FIELDS).iterator(CHUNK):
        yield trade_event(row)


def _audit_trades(
    market: models.Market, spec: MarketSpec, money: _Money, result: Audit
) -> dict[int, _Fills]:
    fills: dict[int, _Fills] = {}
    before = 0
    for trade in _trades_of(market):
        result.counted["trades"] += 1
        if trade.sequence <= before or trade.id != spec.id_base + trade.sequence:
            result.findings.append(f"{market} trade {trade.id}: sequence {trade.sequence} is taken")
        before = trade.sequence
        result.expect(
            f"trade {trade.id} amount", trade.amount, spec.notional(trade.price, trade.quantity)
        )
        taker_buys = trade.taker_side is Side.BUY
        for fee, rate, got_base in (
            (trade.taker_fee, trade.taker_fee_rate, taker_buys),
            (trade.maker_fee, trade.maker_fee_rate, not taker_buys),
        ):
            if rate is not None:
                received = trade.quantity if got_base else trade.amount
                result.expect(f"trade {trade.id} fee", fee, fee_on(received, rate))
        buyer, seller = trade.taker_account, trade.maker_account
        if not taker_buys:
            buyer, seller = seller, buyer
        buyer_fee = trade.taker_fee if taker_buys else trade.maker_fee
        seller_fee = trade.maker_fee if taker_buys else trade.taker_fee
        base, quote = market.base_id, market.quote_id
        money.total[buyer, base] += trade.quantity - buyer_fee
        money.total[buyer, quote] -= trade.amount
        money.total[seller, base] -= trade.quantity
        money.total[seller, quote] += trade.amount - seller_fee
        money.total[spec.fee_account, base] += buyer_fee
        money.total[spec.fee_account, quote] += seller_fee
        for order, fee in (
            (trade.taker_order, trade.taker_fee),
            (trade.maker_order, trade.maker_fee),
        ):
            of_order = fills.setdefault(order, _Fills())
            of_order.filled += trade.quantity
            of_order.notional += trade.amount
            of_order.fee += fee
    return fills


def _audit_orders(
    market: models.Market,
    spec: MarketSpec,
    fills: dict[int, _Fills],
    money: _Money,
    result: Audit,
) -> list[OrderState]:
    live: list[OrderState] = []
    rows = _rows_of(models.Order, market).order_by("id")
    for row in rows.values_list(*ORDER_FIELDS).iterator(CHUNK):
        order = order_state(row)
        result.counted["orders"] += 1
        found = fills.pop(order.id, _Fills())
        result.expect(f"order {order.id} filled", order.filled, found.filled)
        result.expect(f"order {order.id} notional", order.notional, found.notional)
        result.expect(f"order {order.id} fee", order.fee, found.fee)
        parts = order.filled + order.remaining + order.canceled + order.prevented
        result.expect(f"order {order.id} quantity", order.quantity, parts)
        if order.status in LIVE:
            live.append(order)
        else:
            result.expect(f"order {order.id} ({order.status}) remaining", order.remaining, 0)
    for order_id in fills:
        result.findings.append(f"{market}: trades of order {order_id}, which does not exist")
    result.counted["open orders"] += len(live)
    for (account, asset), amount in held_by(spec, live).items():
        key = market.quote_id if asset is Asset.QUOTE else market.base_id
        money.held[account, key] += amount
    return live


def held_by(spec: MarketSpec, live: list[OrderState]) -> Counter[tuple[int, Asset]]:
    """What live orders need; a pair, or a bracket's exits, the most that either of them does."""
    held: Counter[tuple[int, Asset]] = Counter()
    exits: defaultdict[int, list[OrderState]] = defaultdict(list)
    entries = {order.id: order for order in live if order.role is GroupRole.ENTRY}
    for order in live:
        if order.role in (None, GroupRole.ENTRY):
            held[_payer(order)] += _need(spec, order)
        else:
            exits[order.group or 0].append(order)
    for group, orders in exits.items():
        entry = entries.get(group)
        buys_back = entry is not None and orders[0].side is Side.BUY
        to_come = entry.remaining if entry is not None and buys_back else 0
        held[_payer(orders[0])] += max(_need(spec, order, to_come) for order in orders)
    return held


def _payer(order: OrderState) -> tuple[int, Asset]:
    return order.account, Asset.QUOTE if order.side is Side.BUY else Asset.BASE


def _need(spec: MarketSpec, order: OrderState, to_come: int = 0) -> int:
    quantity = order.remaining + to_come
    return quantity if order.side is Side.SELL else spec.notional(order.price or 0, quantity)


def _audit_batches(market: models.Market, result: Audit) -> tuple[int, Counter[str]]:
    """Batches follow on each other up to the market's sequence: the last one's checksum, and sums."""
    checksum, before = 0, 0
    events: Counter[str] = Counter()
    rows = models.Batch.objects.filter(market=market).order_by("sequence")
    for batch in rows.iterator(CHUNK):
        result.counted["batches"] += 1
        result.expect(
            f"{market} batch up to {batch.sequence} begins after", batch.prev_sequence, before
        )
        before, checksum = batch.sequence, batch.checksum
        events.update(orders=batch.orders, trades=batch.trades)
    result.expect(f"{market} last sequence", market.last_sequence, before)
    result.counted["sequences"] += before
    return checksum, events


def _audit_money(money: _Money, result: Audit) -> None:
    issued: Counter[int] = Counter()
    for account, asset, amount in models.Transfer.objects.values_list(
        "account_id", "asset_id", "amount"
    ).iterator(CHUNK):
        result.counted["transfers"] += 1
        issued[asset] += amount
        money.total[account, asset] += amount
    owned: Counter[int] = Counter()
    for balance in models.Balance.objects.select_related("account", "asset").iterator(CHUNK):
        result.counted["balances"] += 1
        key = (balance.account_id, balance.asset_id)
        owned[balance.asset_id] += balance.available + balance.held
        total = balance.available + balance.held
        result.expect(f"{balance} total", total, money.total.pop(key, 0))
        result.expect(f"{balance} held", balance.held, money.held.pop(key, 0))
        if balance.available < 0 and not balance.overdraft:
            result.findings.append(f"{balance} available: {balance.available}")
    for (account, asset), amount in [*money.total.items(), *money.held.items()]:
        if amount:
            result.findings.append(
                f"account {account} has no balance of asset {asset}, should be {amount}"
            )
    for row in models.Asset.objects.all():
        result.counted["assets"] += 1
        result.expect(f"{row} in all accounts", owned[row.pk], issued[row.pk])


def _audit_events(result: Audit) -> None:
    before: Counter[int] = Counter()
    rows = models.AccountEvents.objects.order_by("account_id", "last_sequence")
    for account, first, last in rows.values_list(
        "account_id", "first_sequence", "last_sequence"
    ).iterator(CHUNK):
        result.expect(f"account {account} events begin", first, before[account] + 1)
        before[account] = last
    for account, sequence in models.Account.objects.values_list("pk", "event_sequence"):
        result.counted["accounts"] += 1
        result.counted["private events"] += sequence
        result.expect(f"account {account} last event", sequence, before[account])
