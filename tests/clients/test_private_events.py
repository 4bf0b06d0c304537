"""An account's events arrive in order and exactly once, however often the connection is lost.

All three channels share one sequence without gaps; a new connection resumes at the first number
that is still wanted.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients import AccountFeed, ExchangeClient, NotAuthenticated, PrivateEvent, SequenceGap
from clients.errors import UnexpectedAnswer
from tests.clients.conftest import client_of
from tests.clients.stand_in import StandIn

BALANCE = {"asset": "USD", "total": "1", "held": "0", "available": "1"}


def balances(sequence: int, kind: str = "update", channel: str = "balances") -> dict[str, Any]:
    rows = [BALANCE] if channel == "balances" else []
    data = {"sequence": sequence, "prev_sequence": sequence - 1, channel: rows}
    return {"channel": channel, "type": kind, "data": data}


def snapshots(*sequences: int) -> list[dict[str, Any]]:
    channels = ("orders", "fills", "balances")
    return [balances(n, "snapshot", c) for n, c in zip(sequences, channels, strict=True)]


def numbers(feed: AccountFeed, messages: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(e.type, e.sequence) for message in messages for e in feed.receive(message)]


def test_snapshots_come_first_and_updates_follow() -> None:
    feed = AccountFeed()

    found = numbers(feed, [*snapshots(5, 5, 5), balances(6), balances(7)])

    assert found == [("snapshot", 5)] * 3 + [("update", 6), ("update", 7)]
    assert feed.resume_from == 8


def test_a_gap_is_raised_and_resumed_from_the_missing_number() -> None:
    feed = AccountFeed(from_sequence=3)

    with pytest.raises(SequenceGap) as caught:
        numbers(feed, [balances(3), balances(5)])

    assert (caught.value.expected, caught.value.found, feed.resume_from) == (4, 5, 4)


def test_repeats_are_dropped() -> None:
    feed = AccountFeed(from_sequence=1)

    assert numbers(feed, [balances(1), balances(1), balances(2), balances(1)]) == [
        ("update", 1),
        ("update", 2),
    ]


def test_snapshots_of_different_moments_miss_and_double_nothing() -> None:
    feed = AccountFeed()
    orders, fills, last = snapshots(5, 6, 6)

    found = numbers(
        feed,
        [orders, balances(6, channel="orders"), fills, last, balances(7), balances(6)],
    )

    updates = [number for kind, number in found if kind == "update"]
    assert updates == [6, 7]


def test_a_snapshot_in_place_of_the_missing_updates_is_a_gap() -> None:
    feed = AccountFeed(from_sequence=3)

    with pytest.raises(SequenceGap):
        feed.receive(snapshots(9, 9, 9)[0])


def test_what_cannot_be_read_is_said() -> None:
    with pytest.raises(UnexpectedAnswer):
        AccountFeed().receive({"channel": "orders", "type": "update", "data": {"sequence": 1}})


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 20))
def test_over_any_number_of_lost_connections_each_event_comes_once(
    breaks: list[int], first: int
) -> None:
    feed = AccountFeed(from_sequence=first)
    seen: list[int] = []
    last = first + 60

    for taken in [*breaks, 100]:
        start = feed.resume_from
        assert start is not None
        again = max(1, start - taken % 3)
        for number in range(again, min(last, again + taken) + 1):
            seen += [event.sequence for event in feed.receive(balances(number))]
        feed.reconnected()

    assert seen == list(range(first, first + len(seen)))


async def take(events: Any, count: int) -> list[PrivateEvent]:
    found: list[PrivateEvent] = []
    async for event in events:
        found.append(event)
        if len(found) == count:
            break
    await events.aclose()
    return found


async def test_an_account_is_told_of_its_orders_and_fills(
    exchange: StandIn, alice: ExchangeClient, bob: ExchangeClient
) -> None:
    await alice.submit_order("BTC-USD", "sell", 2, price=100)
    events = alice.private_events(["orders", "fills"])
    first = [await anext(events), await anext(events)]

    await bob.submit_order("BTC-USD", "buy", 1, price=100)
    [fill] = await take(events, 1)

    assert [(e.channel, e.type) for e in first] == [("orders", "snapshot"), ("fills", "snapshot")]
    assert [order.price for order in first[0].orders] == [100]
    assert (fill.channel, fill.fills[0].liquidity) == ("fills", "maker")
    assert fill.fills[0].quantity == 1


async def test_nothing_is_missed_or_doubled_over_a_lost_connection(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    events = alice.private_events(["orders"])
    await anext(events)

    await alice.submit_order("BTC-USD", "buy", 1, price=1)
    before = await anext(events)
    await exchange.drop_sockets()
    await alice.submit_order("BTC-USD", "buy", 1, price=2)
    await alice.submit_order("BTC-USD", "buy", 1, price=3)
    after = await take(events, 2)

    assert [e.orders[0].price for e in [before, *after]] == [1, 2, 3]


async def test_a_lost_message_is_fetched_again(exchange: StandIn, alice: ExchangeClient) -> None:
    events = alice.private_events(["orders"])
    await anext(events)
    exchange.lose_private = 1

    for price in (1, 2, 3):
        await alice.submit_order("BTC-USD", "buy", 1, price=price)
    found = await take(events, 3)

    assert [event.orders[0].price for event in found] == [1, 2, 3]


async def test_a_program_goes_on_where_it_stopped(exchange: StandIn, alice: ExchangeClient) -> None:
    for price in (1, 2, 3):
        await alice.submit_order("BTC-USD", "buy", 1, price=price)

    found = await take(alice.private_events(from_sequence=2), 2)

    assert [event.sequence for event in found] == [2, 3]


async def test_a_bad_key_and_a_bad_channel_are_raised(exchange: StandIn) -> None:
    async with client_of(exchange, "bad") as nobody:
        with pytest.raises(NotAuthenticated):
            await anext(nobody.private_events())
        with pytest.raises(ValueError, match="trades"):
            await anext(nobody.private_events(["trades"]))


async def test_public_events_begin_with_a_snapshot_after_each_reconnect(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    events = alice.public_events("trades", ["BTC-USD"])

    first = await anext(events)
    await exchange.drop_sockets()
    second = await anext(events)
    await events.aclose()

    assert [first["type"], second["type"]] == ["snapshot", "snapshot"]
