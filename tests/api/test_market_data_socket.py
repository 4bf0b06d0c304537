"""`/ws/v1/market-data`: a snapshot, then updates that link and prove themselves, and never silence."""

import itertools
import random
import time
from typing import Any

import pytest

from markets import process
from markets import serializers as shapes
from markets.models import Market
from tests.api.shapes import TIME, check
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.drivers.sockets import BookFollower, Socket

BOOK = {"market", "sequence", "timestamp", "bids", "asks", "checksum"}


def follow(socket: Socket, market: str) -> BookFollower:
    """Subscribe to a book and take its first snapshot."""
    follower = BookFollower()
    socket.ask("subscribe", channel="book", markets=[market])
    follower.take(socket.next_message("book", "snapshot"))
    return follower


def follow_to(socket: Socket, follower: BookFollower, sequence: int) -> None:
    """Take messages until the follower stands at a sequence."""
    while follower.sequence != sequence:
        follower.take(socket.next_message("book"))


# The book


def test_a_subscription_is_answered_and_the_first_message_is_the_whole_book(
    exchange: ExchangeDriver,
) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    alice.place(market, "buy", "2", price="10")
    alice.place(market, "sell", "3", price="11")
    exchange.settle(market)

    with exchange.market_data() as socket:
        result = socket.ask("subscribe", channel="book", markets=[market])
        message = socket.next_message("book")

    assert result == {"channel": "book", "markets": [market]}
    assert message.keys() == {"channel", "type", "data"}
    assert (message["type"], message["data"]) == ("snapshot", exchange.book(market))
    check(message["data"], shapes.BookShape())


def test_each_update_links_to_the_one_before_and_has_the_checksum(
    exchange: ExchangeDriver,
) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)

    with exchange.market_data() as socket:
        follower = follow(socket, market)
        order = alice.place(market, "buy", "5", price="10")
        while (update := socket.next_message("book"))["type"] != "update":
            follower.take(update)
        follower.take(update)
        bob.place(market, "sell", "2", price="10")
        alice.http.delete(f"orders/{order['id']}")
        follow_to(socket, follower, exchange.sequence(market))

    data = update["data"]
    assert data.keys() == BOOK | {"prev_sequence"}
    assert (data["market"], data["bids"], data["asks"]) == (market, [["10", "5"]], [])
    assert data["prev_sequence"] < data["sequence"]
    assert TIME.fullmatch(data["timestamp"])
    assert follower.levels() == {"bids": [], "asks": []}
    assert follower.updates == 3


def random_order(random: random.Random, market: str) -> dict[str, Any]:
    return {
        "market": market,
        "side": random.choice(["buy", "sell"]),
        "quantity": str(random.randint(1, 9)),
        "price": str(random.randint(95, 105)),
        "time_in_force": random.choice(["gtc", "gtc", "gtc", "ioc", "fok"]),
        "self_trade_prevention": random.choice(
            ["cancel_newest", "cancel_oldest", "cancel_both", "decrement"]
        ),
    }


def trade_at_random(
    market: str, traders: list[Trader], seed: int, orders: int, sizes: tuple[int, ...]
) -> None:
    """Send orders, in batches of these sizes, and cancels between them."""
    chance = random.Random(seed)
    for size in itertools.cycle(sizes):
        trader = chance.choice(traders)
        batch = [random_order(chance, market) for _ in range(min(size, orders))]
        orders -= len(batch)
        answer = trader.http.post("orders/batch", json={"orders": batch})
        assert answer.status_code == 200
        if chance.random() < 0.2:
            trader.http.delete(
                "orders", params={"market": market, "side": chance.choice(["buy", "sell"])}
            )
        if orders <= 0:
            return


@pytest.mark.parametrize("update_interval_ms", [0, 50])
def test_who_hears_only_updates_knows_the_book_after_200_random_orders(
    exchange: ExchangeDriver, update_interval_ms: int
) -> None:
    market = exchange.new_market(update_interval_ms=update_interval_ms)

    with exchange.market_data() as socket:
        follower = follow(socket, market)
        trade_at_random(market, exchange.traders(market, 3), 7, 200, (1, 5, 20))
        last = exchange.sequence(market)
        follow_to(socket, follower, last)

    book = exchange.book(market)
    assert book["sequence"] == last
    assert follower.levels() == {"bids": book["bids"], "asks": book["asks"]}
    assert follower.snapshots == 1


def test_merged_updates_are_fewer_than_batches_and_still_link(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(update_interval_ms=50)
    alice, _ = exchange.traders(market)

    with exchange.market_data() as socket, alice.socket() as orders:
        follower = follow(socket, market)
        for price in range(1, 31):
            orders.ask("submit_order", market=market, side="buy", quantity="1", price=str(price))
        follow_to(socket, follower, exchange.sequence(market))

    batches = Market.objects.get(symbol=market).batches.count()
    assert batches == 30, "each order was answered before the next was sent"
    assert follower.updates < batches


def test_every_market_has_its_own_sequence(exchange: ExchangeDriver) -> None:
    first, second = exchange.new_market(), exchange.new_market()
    alice = exchange.new_trader(USD=1000)

    with exchange.market_data() as socket:
        socket.ask("subscribe", channel="book", markets=[first, second, first])
        snapshots = [socket.next("book", "snapshot")["market"] for _ in range(2)]
        alice.place(second, "buy", "1", price="10")
        update = socket.next("book", "update")

    assert snapshots == [first, second]
    assert (update["market"], update["prev_sequence"], update["sequence"]) == (second, 0, 1)


def test_a_second_without_an_update_is_a_heartbeat(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    alice.place(market, "buy", "1", price="10")
    exchange.settle(market)

    with exchange.market_data() as socket:
        follower = follow(socket, market)
        first = socket.next_message("book")
        began = time.monotonic()
        second = socket.next_message("book")
        passed = time.monotonic() - began
        follower.take(first)
        follower.take(second)

    assert (first["type"], second["type"]) == ("heartbeat", "heartbeat")
    assert first["data"].keys() == {"market", "sequence", "checksum"}
    assert 0.5 < passed < 3


def test_a_snapshot_comes_unasked_as_often_as_the_market_says(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(snapshot_interval_s=1)

    with exchange.market_data() as socket:
        follower = follow(socket, market)
        follower.take(socket.next_message("book", "snapshot"))
        follower.take(socket.next_message("book", "snapshot"))

    assert follower.snapshots == 3


def test_resync_brings_a_fresh_snapshot(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(update_interval_ms=50)
    alice, _ = exchange.traders(market)

    with exchange.market_data() as socket:
        follower = follow(socket, market)
        alice.place(market, "buy", "1", price="10")
        assert socket.ask("resync", market=market) == {"market": market}
        while follower.snapshots == 1:
            follower.take(socket.next_message("book"))
        follow_to(socket, follower, exchange.sequence(market))

    assert follower.bids == {"10": "1"}


def test_after_unsubscribe_nothing_comes(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    with exchange.market_data() as socket:
        follow(socket, market)
        assert socket.ask("unsubscribe", channel="book", markets=[market]) == (
            {"channel": "book", "markets": [market]}
        )
        socket.arrived()
        alice.place(market, "buy", "1", price="10")
        exchange.settle(market)
        assert socket.arrived() == []
        assert socket.ask("unsubscribe", channel="book", markets=[market])["channel"] == "book"


def test_a_socket_that_is_gone_is_forgotten(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    view = process.current().hub.markets[market]

    with exchange.market_data() as socket:
        follow(socket, market)
        assert view.followers("book") == 1

    exchange.wait_until(lambda: view.followers("book") == 0, "nobody follows")


# The other channels


def test_trades_come_as_they_happen(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "sell", "5", price="10")
    bob.place(market, "buy", "1", price="10")
    exchange.settle(market)
    before = exchange.http.get(f"markets/{market}/trades").json()

    with exchange.market_data() as socket:
        socket.ask("subscribe", channel="trades", markets=[market])
        snapshot = socket.next("trades", "snapshot")
        bob.place(market, "buy", "2", price="10")
        update = socket.next("trades", "update")

    assert snapshot == {"market": market, "sequence": 3, "trades": before}
    check(update["trades"], shapes.TradeShape(many=True))
    assert [(trade["price"], trade["quantity"]) for trade in update["trades"]] == [("10", "2")]
    newest = exchange.http.get(f"markets/{market}/trades", params={"limit": 1}).json()
    assert update["trades"] == newest


def test_the_ticker_follows_trades_and_best_prices(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)

    with exchange.market_data() as socket:
        socket.ask("subscribe", channel="ticker", markets=[market])
        assert socket.next("ticker", "snapshot")["last"] is None
        alice.place(market, "sell", "5", price="10")
        bob.place(market, "buy", "1", price="10")
        ticker = socket.next("ticker", "update")
        while ticker["last"] is None or ticker["best_ask_quantity"] != "4":
            ticker = socket.next("ticker", "update")

    check(ticker, shapes.TickerShape())
    assert ticker == exchange.http.get(f"markets/{market}/ticker").json()


def test_candles_of_an_interval_follow_trades(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)

    with exchange.market_data() as socket:
        result = socket.ask("subscribe", channel="candles", markets=[market], interval="1d")
        assert result == {"channel": "candles", "markets": [market], "interval": "1d"}
        assert socket.next("candles", "snapshot") == (
            {"market": market, "interval": "1d", "candles": []}
        )
        alice.place(market, "sell", "5", price="10")
        bob.place(market, "buy", "2", price="10")
        update = socket.next("candles", "update")

    check(update["candles"], shapes.CandleShape(many=True))
    [candle] = update["candles"]
    assert (candle["close"], candle["volume"], candle["trade_count"]) == ("10", "2", 1)
    assert [candle] == exchange.http.get(
        f"markets/{market}/candles", params={"interval": "1d"}
    ).json()


def test_the_status_is_told(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()

    with exchange.market_data() as socket:
        socket.ask("subscribe", channel="status", markets=[market])
        assert socket.next("status", "snapshot") == (
            {"market": market, "sequence": 0, "status": "open", "auction": None}
        )
        exchange.set_status(market, "halted")
        assert socket.next("status", "update")["status"] == "halted"
        exchange.set_status(market, "closed")
        assert socket.next("status", "update")["status"] == "closed"


def test_ping_is_answered_with_pong(exchange: ExchangeDriver) -> None:
    with exchange.market_data() as socket:
        answer = socket.answer(socket.send("ping"))
        bare = socket.say('{"method": "ping"}')

    assert (answer["method"], answer["success"]) == ("pong", True)
    assert TIME.fullmatch(answer["result"]["time"])
    assert (bare["method"], bare["req_id"]) == ("pong", None)


def test_public_messages_name_neither_accounts_nor_orders(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)

    with exchange.market_data() as socket:
        for channel in ("book", "trades", "ticker", "candles"):
            socket.ask("subscribe", channel=channel, markets=[market])
        resting = alice.place(market, "sell", "5", price="10", client_order_id="secret-plan")
        bob.place(market, "buy", "2", price="10")
        for channel in ("book", "trades", "ticker", "candles"):
            said = str(socket.next_message(channel, "update"))
            for secret in (resting["id"], "secret-plan", alice.name, bob.name):
                assert secret not in said
