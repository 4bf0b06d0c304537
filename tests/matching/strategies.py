"""Random histories of one small market: every kind of order, command and change, and restarts."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from hypothesis import strategies as st

from markets.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelAllAfter,
    CancelLost,
    CancelOrder,
    Command,
    ConfigureMarket,
    FireTimers,
    KeepOrders,
    PlaceGroup,
    PlaceOrder,
    SetFeeRates,
    SetFrozen,
    SetMarketStatus,
)
from markets.matching.types import (
    SECOND,
    FeeRates,
    GroupRole,
    MarketStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from tests.drivers import PLAIN, profit_type

TRADERS = {1: "alice", 2: "bob", 3: "carol"}
OWNER = -1
"""Stands for the account of the order that a command names."""
FEES = [(0, 0), (0, 100_000), (30_000, 70_000), (-50_000, 90_000)]
"""(maker, taker) rates in millionths: high, so that they show in small amounts."""
SPEC = replace(PLAIN, maker_fee_rate=-50_000, taker_fee_rate=90_000, max_quantity=12)
START = 1_700_000_000_000_000
CONNECTIONS = ["web1.1", "web1.2", "web2.1"]


class Step(NamedTuple):
    """A batch and what becomes of it, after some seconds. An order is named by a number."""

    seconds: int
    commands: list[Command]
    undone_first: bool
    committed: bool
    restarted: bool


NOTHING = st.none()
accounts = st.sampled_from(list(TRADERS))
owners = st.sampled_from([OWNER, OWNER, OWNER, OWNER, *TRADERS])
sides = st.sampled_from(Side)
prices = st.integers(1, 6)
quantities = st.integers(1, 8) | st.sampled_from([1, 12, 13])
client_order_ids = st.sampled_from([None] * 17 + ["a", "b", "c"])
order_numbers = st.integers(0, 15)
preventions = st.sampled_from(SelfTradePrevention)
times_in_force = st.sampled_from([None, None, None, *TimeInForce])
rarely_true = st.sampled_from([False] * 9 + [True])
connections = st.sampled_from([None, None, None, *CONNECTIONS])
moments = st.sampled_from([1, 1, 2, 3, 4, 6, 9, 15]).map(lambda seconds: START + seconds * SECOND)
deadlines = st.sampled_from([None] * 18 + [START + SECOND, START + 9 * SECOND])
slippages = st.none() | st.sampled_from([0, 200_000, 500_000, 1_000_000])


@st.composite
def any_order(
    draw: st.DrawFn,
    type_: OrderType,
    price: st.SearchStrategy[int | None] = NOTHING,
    stop_price: st.SearchStrategy[int | None] = NOTHING,
    quantity: st.SearchStrategy[int] = quantities,
    display_quantity: st.SearchStrategy[int | None] = NOTHING,
    max_slippage: st.SearchStrategy[int | None] = NOTHING,
) -> PlaceOrder:
    """Orders of a type; mostly such as make sense."""
    shown = draw(display_quantity)
    return PlaceOrder(
        account=draw(accounts),
        side=draw(sides),
        type=type_,
        quantity=draw(quantity),
        price=draw(price),
        time_in_force=None if shown else draw(times_in_force),
        post_only=draw(rarely_true),
        self_trade_prevention=draw(preventions),
        client_order_id=draw(client_order_ids),
        stop_price=draw(stop_price),
        display_quantity=shown,
        max_slippage=draw(max_slippage),
        deadline=draw(deadlines),
        validate_only=draw(rarely_true),
        connection=draw(connections),
    )


def _good_till_date(order: PlaceOrder, expires_at: int) -> PlaceOrder:
    return order._replace(time_in_force=TimeInForce.GTD, expires_at=expires_at)


def _spending(order: PlaceOrder, amount: int) -> PlaceOrder:
    return order._replace(quantity=None, quote_quantity=amount)


limit_orders = any_order(OrderType.LIMIT, prices)
icebergs = any_order(
    OrderType.LIMIT, prices, quantity=st.integers(4, 12), display_quantity=st.integers(1, 5)
)
good_till_date = st.builds(_good_till_date, limit_orders | icebergs, moments)
market_orders = any_order(OrderType.MARKET, max_slippage=slippages)
spending_orders = st.builds(_spending, market_orders, st.integers(0, 40))
stops = any_order(OrderType.STOP, NOTHING, prices, max_slippage=slippages) | any_order(
    OrderType.TAKE_PROFIT, NOTHING, prices, max_slippage=slippages
)
stop_limits = any_order(OrderType.STOP_LIMIT, prices, prices) | any_order(
    OrderType.TAKE_PROFIT_LIMIT, prices, prices
)
waiting_stops = (stops | stop_limits).map(lambda stop: stop._replace(must_wait=True))
dated_stops = st.builds(_good_till_date, stops | stop_limits, moments)


def _pair(first: PlaceOrder, stop: int, limit: int | None, name: str | None) -> PlaceGroup:
    other = first._replace(
        type=OrderType.STOP if limit is None else OrderType.STOP_LIMIT,
        price=limit,
        stop_price=stop,
        display_quantity=None,
        client_order_id=name,
    )
    return PlaceGroup((first, other), (GroupRole.OCO_LIMIT, GroupRole.OCO_STOP))


def _bracket(
    entry: PlaceOrder,
    profit: tuple[int | None, int | None] | None,
    loss: tuple[int, int | None] | None,
) -> PlaceGroup:
    plain = PlaceOrder(
        entry.account,
        entry.side.opposite,
        OrderType.LIMIT,
        self_trade_prevention=entry.self_trade_prevention,
        connection=entry.connection,
    )
    parts = [(GroupRole.ENTRY, entry)]
    if profit is not None:
        stop_price, price = profit
        kind = profit_type(price, stop_price)
        exit_ = plain._replace(type=kind, stop_price=stop_price, price=price)
        parts.append((GroupRole.TAKE_PROFIT, exit_))
    if loss is not None:
        stop_price, price = loss
        kind = OrderType.STOP if price is None else OrderType.STOP_LIMIT
        stop = plain._replace(type=kind, stop_price=stop_price, price=price)
        parts.append((GroupRole.STOP_LOSS, stop))
    return PlaceGroup(tuple(order for _, order in parts), tuple(role for role, _ in parts))


take_profits = any_order(OrderType.TAKE_PROFIT, NOTHING, prices) | any_order(
    OrderType.TAKE_PROFIT_LIMIT, prices, prices
)
pairs = st.builds(
    _pair, limit_orders | icebergs | take_profits, prices, st.none() | prices, client_order_ids
)
profits = st.tuples(st.none(), prices) | st.tuples(st.integers(1, 8), st.none() | prices)
brackets = st.builds(
    _bracket,
    limit_orders | limit_orders | market_orders | stops,
    profits | profits | st.none(),
    st.tuples(st.integers(1, 8), st.none() | prices) | st.none(),
)


def _sensible(group: PlaceGroup) -> PlaceGroup:
    """Most of the time the prices of a group lie as they must."""
    first, *others = group.orders
    if not others:
        return group
    sign = 1 if others[0].side is Side.SELL else -1
    levels = sorted((2, 4, 6), reverse=sign > 0)
    if first.side is others[0].side:
        orders = (_moved(first, levels[0]), _moved(others[0], levels[2]))
        return group._replace(orders=orders)
    entry = first._replace(price=levels[1]) if first.price else first
    exits = [
        _moved(order, levels[2] if role is GroupRole.STOP_LOSS else levels[0])
        for order, role in zip(others, group.roles[1:], strict=True)
    ]
    return group._replace(orders=(entry, *exits))


def _moved(order: PlaceOrder, price: int) -> PlaceOrder:
    """The order triggered at a price, or limited to it if it is not triggered."""
    if order.stop_price is None:
        return order._replace(price=price)
    return order._replace(stop_price=price)


groups = pairs | brackets
sensible_groups = groups.map(_sensible)

amendments = st.builds(
    AmendOrder,
    account=owners,
    order_id=order_numbers,
    client_order_id=st.none(),
    price=st.none() | prices,
    quantity=st.none() | st.integers(1, 13),
    stop_price=st.sampled_from([None, None, None, 2, 5]),
    deadline=deadlines,
    validate_only=rarely_true,
    must_keep_place=rarely_true,
)
amendments_by_client_order_id = st.builds(
    AmendOrder,
    account=accounts,
    order_id=st.none(),
    client_order_id=st.sampled_from("abc"),
    price=st.none() | prices,
    quantity=st.none() | st.integers(1, 13),
)
cancels = st.builds(lambda owner, number: CancelOrder(owner, number), owners, order_numbers)
cancels_by_client_order_id = st.builds(
    lambda account, name: CancelOrder(account, client_order_id=name),
    accounts,
    st.sampled_from("abc"),
)
mass_cancels = st.builds(
    lambda account, side: CancelAll(account, side), accounts, st.none() | sides
)
disconnects = st.builds(
    lambda account, connection: CancelAll(account, connection=connection),
    accounts,
    st.sampled_from(CONNECTIONS),
)
kept = st.builds(KeepOrders, accounts, st.sampled_from(CONNECTIONS))
lost_gateways = st.builds(CancelLost, st.sampled_from(["web1", "web2"]))
switches = st.builds(CancelAllAfter, accounts, st.none() | moments)
statuses = st.builds(SetMarketStatus, st.sampled_from([MarketStatus.HALTED, *MarketStatus]))
timed_auctions = st.builds(SetMarketStatus, st.just(MarketStatus.AUCTION), st.integers(1, 8))
fee_rates = st.builds(
    lambda account, rates: SetFeeRates({account: rates and FeeRates(*rates)}),
    accounts,
    st.none() | st.sampled_from(FEES),
)
freezes = st.builds(SetFrozen, accounts, st.sampled_from([True, False, False]))
configurations = st.builds(
    lambda fees, min_quantity, min_notional, band, interruption: ConfigureMarket(
        replace(
            SPEC,
            maker_fee_rate=fees[0],
            taker_fee_rate=fees[1],
            min_quantity=min_quantity,
            min_notional=min_notional,
            price_band=band,
            volatility_auction=interruption if band else 0,
        )
    ),
    st.sampled_from(FEES),
    st.sampled_from([1, 1, 2]),
    st.sampled_from([0, 0, 4]),
    st.sampled_from([None, 250_000, 500_000]),
    st.sampled_from([0, 0, 3]),
)
WEIGHTS: list[tuple[int, st.SearchStrategy[Command]]] = [
    (30, limit_orders),
    (6, icebergs),
    (3, good_till_date),
    (4, market_orders),
    (2, spending_orders),
    (6, stops),
    (4, stop_limits),
    (1, dated_stops),
    (2, waiting_stops),
    (6, sensible_groups),
    (1, groups),
    (8, amendments),
    (1, amendments_by_client_order_id),
    (3, cancels),
    (1, cancels_by_client_order_id),
    (1, mass_cancels),
    (1, disconnects),
    (1, lost_gateways),
    (1, kept),
    (1, switches),
    (1, fee_rates),
    (1, freezes),
    (1, configurations),
    (1, statuses),
    (1, timed_auctions),
    (2, st.just(FireTimers())),
    (3, st.just(SetMarketStatus(MarketStatus.OPEN))),
]
CHOICES = [number for number, (weight, _) in enumerate(WEIGHTS) for _ in range(weight)]


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Any command; the common ones more often."""
    _, strategy = WEIGHTS[draw(st.sampled_from(CHOICES))]
    return draw(strategy)


steps = st.builds(
    Step,
    seconds=st.sampled_from([0, 0, 1, 3]),
    commands=st.lists(commands(), min_size=4, max_size=12),
    undone_first=st.booleans(),
    committed=st.sampled_from([True, True, True, False]),
    restarted=st.sampled_from([False, False, True]),
)
histories = st.lists(steps, min_size=4, max_size=12)
long_histories = st.lists(steps, min_size=10, max_size=40)
