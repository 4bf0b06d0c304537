"""Market data over REST: public, complete, canonical, and the same figures from every side."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings

from markets import serializers as shapes
from markets import tallies
from markets.models import Market, Trade
from tests.api.shapes import TIME, check, refusal
from tests.drivers.exchange import ExchangeDriver
from tests.drivers.sockets import book_checksum


def test_the_time_is_now(exchange: ExchangeDriver) -> None:
    before = datetime.now(UTC)

    body = exchange.http.get("time").json()

    check(body, shapes.TimeShape())
    assert before <= datetime.fromisoformat(body["time"]) <= datetime.now(UTC)


def test_an_exchange_in_one_process_is_its_only_node(exchange: ExchangeDriver) -> None:
    body = exchange.http.get("nodes").json()

    for node in body:
        check(node, shapes.NodeShape())
    # In the cluster shape `serve` says where it is, and this is not `serve`.
    assert body == ([] if settings.REDIS_URL else [{"url": exchange.url}])


def test_a_market_tells_its_rules(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(
        tick_size="0.50",
        lot_size="0.001",
        min_quantity="0.002",
        max_quantity="500",
        min_notional="10",
        maker_fee_rate="-0.0001",
        taker_fee_rate="0.0025",
        price_band="0.25",
        volatility_auction_s=30,
    )

    rules = exchange.http.get(f"markets/{market}").json()

    check(rules, shapes.MarketShape())
    assert rules == {
        "symbol": market,
        "base": market.split("-")[0],
        "quote": "USD",
        "status": "open",
        "tick_size": "0.5",
        "lot_size": "0.001",
        "min_quantity": "0.002",
        "max_quantity": "500",
        "min_notional": "10",
        "maker_fee_rate": "-0.0001",
        "taker_fee_rate": "0.0025",
        "price_band": "0.25",
        "reference_price": None,
        "volatility_auction_seconds": 30,
        "auction": None,
    }
    assert rules in exchange.http.get("markets").json()


def test_the_book_is_whole_without_depth_and_its_checksum_always_covers_all(
    exchange: ExchangeDriver,
) -> None:
    market = exchange.new_market(tick_size="0.1", lot_size="0.01")
    alice, bob = exchange.traders(market)
    empty = exchange.book(market)
    assert (empty["bids"], empty["asks"], empty["checksum"]) == ([], [], 0)
    for price, quantity in (("99.5", "2"), ("100", "1"), ("100.0", "0.50"), ("9.1", "7")):
        alice.place(market, "buy", quantity, price=price)
    for price, quantity in (("101", "0.25"), ("1000", "3")):
        bob.place(market, "sell", quantity, price=price)
    exchange.settle(market)

    book = exchange.book(market)
    best = exchange.http.get(f"markets/{market}/book", params={"depth": 1}).json()

    check(book, shapes.BookShape())
    assert book["market"] == market
    assert book["sequence"] == exchange.sequence(market)
    assert book["bids"] == [["100", "1.5"], ["99.5", "2"], ["9.1", "7"]]
    assert book["asks"] == [["101", "0.25"], ["1000", "3"]]
    assert book["checksum"] == book_checksum(book["bids"], book["asks"])
    assert best == {**book, "bids": book["bids"][:1], "asks": book["asks"][:1]}


def test_trades_newest_first_by_limit_and_before(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "sell", "2", price="100")
    alice.place(market, "sell", "2", price="101")
    bob.place(market, "buy", "3", price="101")
    bob.place(market, "sell", "1", price="1")  # rests
    alice.place(market, "buy", "1", price="1")

    def trades(**query: Any) -> list[dict[str, Any]]:
        found = exchange.http.get(f"markets/{market}/trades", params=query).json()
        check(found, shapes.TradeShape(many=True))
        return list(found)

    told = [(trade["price"], trade["quantity"], trade["taker_side"]) for trade in trades()]
    assert told == [("1", "1", "buy"), ("101", "1", "buy"), ("100", "2", "buy")]
    sequences = [trade["sequence"] for trade in trades()]
    assert sequences == sorted(sequences, reverse=True)
    newest, *older = trades()
    assert trades(limit=1) == [newest]
    assert trades(before=newest["id"]) == older
    assert trades(before=newest["id"], limit=1) == older[:1]
    assert trades(before=1) == []


def test_public_data_names_neither_accounts_nor_orders(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    resting = alice.place(market, "sell", "2", price="100", client_order_id="secret-plan")
    taking = bob.place(market, "buy", "1", price="100")

    texts = [
        exchange.http.get(path).text
        for path in (
            f"markets/{market}",
            f"markets/{market}/book",
            f"markets/{market}/trades",
            f"markets/{market}/candles",
            f"markets/{market}/ticker",
            "tickers",
        )
    ]

    for secret in (resting["id"], taking["id"], alice.name, bob.name, "secret-plan"):
        assert not any(secret in text for text in texts)


# Candles


@pytest.fixture
def past(exchange: ExchangeDriver) -> tuple[str, datetime]:
    """A market with trades at known times of a day long ago."""
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    moment = datetime(2024, 2, 29, 23, 58, 30, tzinfo=UTC)
    for price, quantity, seconds in (
        ("100", "1", 0),
        ("105", "2", 10),
        ("90", "1", 29),
        ("95", "4", 30),
        ("110", "1", 90),
    ):
        alice.place(market, "sell", quantity, price=price)
        order = bob.place(market, "buy", quantity, price=price)
        when = moment + timedelta(seconds=seconds)
        Trade.objects.filter(pk=int(order["fills"][0]["id"])).update(
            timestamp=int(when.timestamp()) * 1_000_000
        )
    tallies.forget(Market.objects.get(symbol=market))
    return market, moment


def candles(exchange: ExchangeDriver, market: str, **query: Any) -> list[dict[str, Any]]:
    response = exchange.http.get(f"markets/{market}/candles", params=query)
    assert response.status_code == 200, response.text
    check(response.json(), shapes.CandleShape(many=True))
    return list(response.json())


def test_candles_are_aligned_and_open_and_close_by_sequence(
    exchange: ExchangeDriver, past: tuple[str, datetime]
) -> None:
    market, _ = past

    found = candles(exchange, market, start="2024-02-29T00:00:00Z", end="2024-03-02T00:00:00Z")

    first, second, third = found
    assert first == {
        "start": "2024-02-29T23:58:00.000000Z",
        "open": "100",
        "high": "105",
        "low": "90",
        "close": "90",
        "volume": "4",
        "quote_volume": "400",
        "trade_count": 3,
    }
    assert (second["start"], second["open"], second["close"]) == (
        ("2024-02-29T23:59:00.000000Z", "95", "95")
    )
    assert (third["start"], third["quote_volume"]) == ("2024-03-01T00:00:00.000000Z", "110")


@pytest.mark.parametrize(
    ("interval", "starts"),
    [
        ("5m", ["2024-02-29T23:55:00", "2024-03-01T00:00:00"]),
        ("15m", ["2024-02-29T23:45:00", "2024-03-01T00:00:00"]),
        ("1h", ["2024-02-29T23:00:00", "2024-03-01T00:00:00"]),
        ("4h", ["2024-02-29T20:00:00", "2024-03-01T00:00:00"]),
        ("1d", ["2024-02-29T00:00:00", "2024-03-01T00:00:00"]),
    ],
)
def test_candles_of_every_interval(
    exchange: ExchangeDriver, past: tuple[str, datetime], interval: str, starts: list[str]
) -> None:
    market, _ = past

    found = candles(
        exchange,
        market,
        interval=interval,
        start="2024-02-29T00:00:00Z",
        end="2024-03-02T00:00:00Z",
    )

    assert [candle["start"] for candle in found] == [f"{start}.000000Z" for start in starts]
    assert [candle["volume"] for candle in found] == ["8", "1"]


def test_candles_from_start_to_before_end_and_the_last_of_them(
    exchange: ExchangeDriver, past: tuple[str, datetime]
) -> None:
    market, _ = past
    day = {"start": "2024-02-29T00:00:00Z", "end": "2024-03-02T00:00:00Z"}

    def minutes(**query: Any) -> list[str]:
        return [candle["start"][11:16] for candle in candles(exchange, market, **query)]

    assert minutes(**day) == ["23:58", "23:59", "00:00"]
    assert minutes(**day | {"start": "2024-03-01T00:59:00+01:00"}) == ["23:59", "00:00"]
    assert minutes(**day | {"end": "2024-02-29T23:59:00Z"}) == ["23:58"]
    assert minutes(**day, limit=2) == ["23:59", "00:00"]
    assert minutes(**day | {"end": "1970-01-01T00:00:00Z"}) == []
    assert minutes() == [], "by default the last ones until now"


def test_the_candle_of_now_is_that_of_the_trade_just_made(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "sell", "2", price="100")
    bob.place(market, "buy", "2", price="100")

    [candle] = candles(exchange, market, interval="1d")

    assert (candle["volume"], candle["quote_volume"], candle["trade_count"]) == ("2", "200", 1)


# Tickers


def test_a_ticker_of_a_market_without_trades_or_orders(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()

    ticker = exchange.http.get(f"markets/{market}/ticker").json()

    check(ticker, shapes.TickerShape())
    assert TIME.fullmatch(ticker.pop("timestamp"))
    assert ticker.pop("market") == market
    assert (ticker.pop("volume"), ticker.pop("quote_volume")) == ("0", "0")
    assert set(ticker.values()) == {None}


def test_a_ticker_tells_best_prices_and_the_last_day(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    for price in ("100", "120", "90", "95"):
        alice.place(market, "sell", "2", price=price)
        bob.place(market, "buy", "2", price=price)
    alice.place(market, "sell", "3", price="101")
    alice.place(market, "sell", "4", price="101")
    bob.place(market, "buy", "5", price="94")
    exchange.settle(market)

    ticker = exchange.http.get(f"markets/{market}/ticker").json()

    check(ticker, shapes.TickerShape())
    assert ticker in exchange.http.get("tickers").json()
    del ticker["timestamp"]
    assert ticker == {
        "market": market,
        "last": "95",
        "best_bid": "94",
        "best_bid_quantity": "5",
        "best_ask": "101",
        "best_ask_quantity": "7",
        "open": "100",
        "high": "120",
        "low": "90",
        "volume": "8",
        "quote_volume": "810",
        "change": "-5",
    }


# What is refused


@pytest.mark.parametrize(
    "path",
    ["", "/book", "/trades", "/candles", "/ticker"],
)
@pytest.mark.parametrize("symbol", ["NO-SUCH", "btc-usd", "%00", "%ff", "BTC-USD%20", "-", "💰"])
def test_an_unknown_market_is_not_found(exchange: ExchangeDriver, path: str, symbol: str) -> None:
    assert refusal(exchange.http.get(f"markets/{symbol}{path}"))[:2] == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("book?depth=0", "depth"),
        ("book?depth=-1", "depth"),
        ("book?depth=1.0", "depth"),
        ("book?depth=all", "depth"),
        ("book?depth=", "depth"),
        ("book?depth=10000000000000000000000", "depth"),
        ("book?levels=5", "levels"),
        ("trades?limit=0", "limit"),
        ("trades?limit=1001", "limit"),
        ("trades?before=abc", "before"),
        ("trades?before=-1", "before"),
        ("trades?before=" + "9" * 30, "before"),
        ("trades?after=1", "after"),
        ("candles?interval=2m", "interval"),
        ("candles?interval=", "interval"),
        ("candles?limit=1001", "limit"),
        ("candles?start=yesterday", "start"),
        ("candles?start=2024-13-01T00:00:00Z", "start"),
        ("candles?start=2024-01-01T00:00:00", "start"),
        ("candles?end=1700000000", "end"),
        ("candles?end=NaN", "end"),
        ("candles?interval=1m&interval=5m", "interval"),
        ("ticker?depth=1", "depth"),
        ("ticker?%00=1", "\x00"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_by_name(
    exchange: ExchangeDriver, market: str, query: str, field: str
) -> None:
    response = exchange.http.get(f"markets/{market}/{query}")

    assert refusal(response) == (400, "invalid_request", [field])


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize("field", ["start", "end"])
def test_the_ends_of_time_are_times(
    exchange: ExchangeDriver, market: str, field: str, moment: str
) -> None:
    assert candles(exchange, market, **{field: moment}) == []


@pytest.mark.parametrize("path", ["time", "markets", "tickers"])
def test_lists_of_everything_take_no_parameters(exchange: ExchangeDriver, path: str) -> None:
    assert refusal(exchange.http.get(path, params={"x": "1"})) == (400, "invalid_request", ["x"])


def test_market_data_is_public_even_to_a_wrong_key(exchange: ExchangeDriver, market: str) -> None:
    wrong = httpx.Headers({"Authorization": "Bearer nonsense"})

    assert exchange.http.get(f"markets/{market}/book", headers=wrong).status_code == 200
