"""Private channels: a snapshot, then the account's own sequence without a gap; a reconnect loses nothing."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.serializers import ListField

from markets import account_follower, accounts, private_feed
from markets import serializers as shapes
from markets.models import Account, Asset, Trade
from tests.api.shapes import check
from tests.drivers.exchange import ExchangeDriver
from tests.drivers.sockets import JSON, Socket

CHANNELS = ["orders", "fills", "balances"]


def sequence_of(account: str) -> int:
    """The account's last sequence."""
    return Account.objects.values_list("event_sequence", flat=True).get(name=account)


def subscribe(socket: Socket, **params: Any) -> int:
    """Subscribe to all three channels; where the account stands."""
    result = socket.ask("subscribe", channels=CHANNELS, **params)
    assert result.keys() == {"channels", "sequence"}
    sequence: int = result["sequence"]
    return sequence


def updates_to(socket: Socket, last: int) -> list[JSON]:
    """The updates up to a sequence; whatever else comes but them is kept."""
    updates: list[JSON] = []
    while not updates or updates[-1]["data"]["sequence"] < last:
        updates.append(
            socket._first(lambda message: message.get("type") == "update" and "channel" in message)
        )
    return updates


def numbers(updates: list[JSON]) -> list[int]:
    return [update["data"]["sequence"] for update in updates]


def test_a_snapshot_comes_first(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    resting = alice.place(market, "buy", "3", price="10", client_order_id="mine")
    alice.http.delete(f"orders/{alice.place(market, 'buy', '1', price='9')['id']}")
    bob.place(market, "sell", "1", price="10")

    with alice.socket() as socket:
        sequence = subscribe(socket)
        orders, fills, balances = (socket.next(channel, "snapshot") for channel in CHANNELS)

    assert orders.keys() == {"sequence", "orders"}
    assert fills.keys() == {"sequence", "fills"}
    assert balances.keys() == {"sequence", "balances"}
    assert {s["sequence"] for s in (orders, fills, balances)} == {sequence}
    assert sequence == sequence_of(alice.name)
    check(orders["orders"], shapes.OrderShape(many=True))
    assert orders["orders"] == [alice.order(resting["id"])]
    assert fills["fills"] == alice.http.get("fills").json()["results"]
    assert balances["balances"] == alice.http.get("balances").json()


def test_updates_of_all_three_have_one_sequence_without_gaps(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(maker_fee_rate="0.001")
    alice, bob = exchange.traders(market)

    with alice.socket() as socket:
        start = subscribe(socket)
        order = alice.place(market, "buy", "3", price="10", client_order_id="mine")
        bob.place(market, "sell", "1", price="10")
        alice.http.patch(f"orders/{order['id']}", json={"price": "8"})
        alice.http.delete(f"orders/{order['id']}")
        updates = updates_to(socket, sequence_of(alice.name))

    assert numbers(updates) == list(range(start + 1, sequence_of(alice.name) + 1))
    assert [u["data"]["prev_sequence"] for u in updates] == [n - 1 for n in numbers(updates)]
    by_channel = {
        channel: [u["data"][channel] for u in updates if u["channel"] == channel]
        for channel in CHANNELS
    }
    check(by_channel["orders"], ListField(child=shapes.OrderShape(many=True)))
    check(by_channel["fills"], ListField(child=shapes.FillShape(many=True)))
    check(by_channel["balances"], ListField(child=shapes.BalanceShape(many=True)))
    statuses = [order["status"] for orders in by_channel["orders"] for order in orders]
    assert statuses == ["open", "partially_filled", "partially_filled", "canceled"]
    [[fill]] = by_channel["fills"]
    assert fill == alice.http.get("fills").json()["results"][0]
    assert (fill["client_order_id"], fill["liquidity"]) == ("mine", "maker")
    told = {row["asset"]: row for rows in by_channel["balances"] for row in rows}
    assert sorted(told) == [row["asset"] for row in alice.http.get("balances").json()]
    assert list(map(told.get, sorted(told))) == alice.http.get("balances").json()


def test_one_channel_alone(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)

    with alice.socket() as socket:
        assert socket.ask("subscribe", channel="fills")["channel"] == "fills"
        assert socket.next("fills", "snapshot")["fills"] == []
        alice.place(market, "buy", "1", price="10")
        bob.place(market, "sell", "1", price="10")
        first = socket.next_message("fills", "update")
        assert [message["channel"] for message in socket.arrived()] == []
        assert socket.ask("unsubscribe", channel="fills") == {"channel": "fills"}
        bob.place(market, "sell", "1", price="11")
        alice.place(market, "buy", "1", price="11")
        socket.ask("subscribe", channel="orders")
        socket.next("orders", "snapshot")
        assert socket.arrived() == []

    assert [fill["price"] for fill in first["data"]["fills"]] == ["10"]


def test_a_replay_is_exactly_what_was_missed(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    with alice.socket() as socket:
        subscribe(socket)
        alice.place(market, "buy", "9", price="10")
        heard = updates_to(socket, sequence_of(alice.name))
        socket.drop()
    last_heard = numbers(heard)[-1]
    for _ in range(5):
        bob.place(market, "sell", "1", price="10")
    last = sequence_of(alice.name)

    with alice.socket() as socket:
        assert subscribe(socket, from_sequence=last_heard + 1) == last
        missed = updates_to(socket, last)
        assert socket.arrived() == [], "no snapshot, nothing twice"
    with alice.socket() as socket:
        subscribe(socket, from_sequence=0)
        everything = updates_to(socket, last)

    assert numbers(missed) == list(range(last_heard + 1, last + 1))
    assert missed[0]["data"]["prev_sequence"] == last_heard
    assert len([u for u in missed if u["channel"] == "fills"]) == 5
    assert numbers(everything) == list(range(1, last + 1))
    assert everything[-len(missed) :] == missed
    assert everything[: -len(missed)][-len(heard) :] == heard


def test_a_replay_of_nothing_is_nothing(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader(USD=10)

    with alice.socket() as socket:
        assert subscribe(socket, from_sequence=sequence_of(alice.name) + 1) == 1
        assert socket.arrived() == []
        future = socket.refused("subscribe", channel="orders", from_sequence=99)

    assert (future["code"], list(future["errors"])) == ("invalid_request", ["from_sequence"])


def test_replay_and_live_meet_without_a_gap_or_a_double_under_load(
    exchange: ExchangeDriver,
) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "buy", "100000", price="10")
    sells = [{"market": market, "side": "sell", "quantity": "1", "price": "10"}] * 4
    stop = threading.Event()

    def trade() -> None:
        while not stop.is_set():
            bob.http.post("orders/batch", json={"orders": sells})

    busy = threading.Thread(target=trade)
    busy.start()
    heard: list[JSON] = []
    try:
        for _ in range(6):
            with alice.socket() as socket:
                start = numbers(heard)[-1] + 1 if heard else 1
                now = subscribe(socket, from_sequence=start)
                heard += updates_to(socket, now + 20)
                socket.drop()
    finally:
        stop.set()
        busy.join()

    assert numbers(heard) == list(range(1, numbers(heard)[-1] + 1))
    fills = [fill["id"] for u in heard if u["channel"] == "fills" for fill in u["data"]["fills"]]
    assert len(fills) == len(set(fills)) > 50


def test_a_subscription_during_load_has_a_snapshot_that_the_updates_follow(
    exchange: ExchangeDriver,
) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "buy", "1000", price="10")

    with alice.socket() as socket, bob.socket() as selling:
        for _ in range(50):
            selling.send("submit_order", market=market, side="sell", quantity="1", price="10")
        start = subscribe(socket)
        filled = socket.next("orders", "snapshot")["orders"][0]["filled_quantity"]
        for _ in range(50):
            selling.ask("submit_order", market=market, side="sell", quantity="1", price="10")
        last = sequence_of(alice.name)
        updates = updates_to(socket, last)

    assert numbers(updates) == list(range(start + 1, last + 1))
    live = sum(
        int(fill["quantity"])
        for update in updates
        if update["channel"] == "fills"
        for fill in update["data"]["fills"]
    )
    assert int(filled) + live == 100


def test_a_deposit_by_another_process_is_told_soon(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader(USD=10)
    usd = Asset.objects.get(symbol="USD")

    with alice.socket() as socket:
        start = subscribe(socket)
        accounts.deposit(alice.account, usd, accounts.parse_amount("5.5", usd))
        update = socket.next("balances", "update")

    assert update == {
        "sequence": start + 1,
        "prev_sequence": start,
        "balances": [{"asset": "USD", "total": "15.5", "held": "0", "available": "15.5"}],
    }


def test_nobody_hears_of_anothers_account(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)

    with exchange.new_trader(USD=1).socket() as mallory, alice.socket() as listener:
        subscribe(mallory)
        for channel in CHANNELS:
            mallory.next(channel, "snapshot")
        subscribe(listener)
        alice.place(market, "buy", "1", price="10")
        bob.place(market, "sell", "1", price="10")
        updates_to(listener, sequence_of(alice.name))
        assert mallory.arrived() == []


def test_two_connections_of_an_account_hear_the_same(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    with alice.socket() as one, alice.socket() as two:
        subscribe(one)
        subscribe(two)
        alice.place(market, "buy", "1", price="10")
        last = sequence_of(alice.name)
        assert updates_to(one, last) == updates_to(two, last)


def test_a_channel_added_under_load_begins_where_its_snapshot_ends(
    exchange: ExchangeDriver,
) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "buy", "100000", price="10")
    sells = [{"market": market, "side": "sell", "quantity": "1", "price": "10"}] * 4
    stop = threading.Event()

    def trade() -> None:
        while not stop.is_set():
            bob.http.post("orders/batch", json={"orders": sells})

    busy = threading.Thread(target=trade)
    busy.start()
    heard: list[list[str]] = []
    try:
        for _ in range(6):
            with alice.socket() as socket:
                socket.ask("subscribe", channel="orders")
                socket.next("orders", "update")
                socket.ask("subscribe", channel="fills")
                ids = [fill["id"] for fill in socket.next("fills", "snapshot")["fills"][:1]]
                for _ in range(4):
                    ids += [fill["id"] for fill in socket.next("fills", "update")["fills"]]
                heard.append(ids)
    finally:
        stop.set()
        busy.join()

    rows = Trade.objects.filter(maker_account=alice.account).order_by("id")
    true = [str(pk) for pk in rows.values_list("pk", flat=True)]
    for ids in heard:
        start = true.index(ids[0])
        assert ids == true[start : start + len(ids)]


@pytest.fixture
def right_before(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let something happen once, right before a feed reads rows in some way (from some sequence on)."""

    def happen(reading: str, event: Callable[[], object], after: int | None = None) -> None:
        module = private_feed if hasattr(private_feed, reading) else account_follower
        read = getattr(module, reading)
        events = [event]

        def read_late(*args: Any) -> Any:
            if events and after in (None, args[1]):
                events.pop()()
            return read(*args)

        monkeypatch.setattr(module, reading, read_late)

    return happen


def test_what_happens_during_a_replay_is_told_once(
    exchange: ExchangeDriver, right_before: Callable[..., None]
) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "buy", "100", price="10")

    def trade() -> None:
        bob.place(market, "sell", "1", price="10")

    with alice.socket() as socket:
        right_before("_events_after", trade, after=0)
        subscribe(socket, from_sequence=1)
        trade()
        trades = Trade.objects.filter(market__symbol=market)
        exchange.wait_until(lambda: trades.count() == 2, "both trades took place")
        last = sequence_of(alice.name)
        updates = updates_to(socket, last)
        assert socket.arrived() == []

    assert numbers(updates) == list(range(1, last + 1))


def test_what_happens_while_a_channel_is_added_is_told_once(
    exchange: ExchangeDriver, right_before: Callable[..., None]
) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "buy", "100", price="10")

    with alice.socket() as socket:
        socket.ask("subscribe", channel="orders")
        right_before("private_snapshot", lambda: bob.place(market, "sell", "1", price="10"))
        right_before("_events_after", lambda: bob.place(market, "sell", "1", price="10"))
        socket.ask("subscribe", channel="fills")
        ids = [fill["id"] for fill in socket.next("fills", "snapshot")["fills"]][::-1]
        bob.place(market, "sell", "1", price="10")
        true = [fill["id"] for fill in alice.http.get("fills").json()["results"]][::-1]
        while ids[-1] != true[-1]:
            ids += [fill["id"] for fill in socket.next("fills", "update")["fills"]]

    assert len(true) == 3
    assert ids == true
