"""Lists: newest first, by filters, in pages that neither repeat nor skip a row while rows come."""

from collections.abc import Iterator

import pytest

from markets import queries
from markets import serializers as shapes
from tests.api.shapes import check, refusal
from tests.drivers.exchange import JSON, ExchangeDriver, Trader


def pages(trader: Trader, url: str | None, towards: str = "next") -> Iterator[list[JSON]]:
    """Walk the pages to the end."""
    while url is not None:
        page = trader.http.get(url).json()
        yield page["results"]
        url = page[towards]


def ids(trader: Trader, path: str, **query: str) -> list[str]:
    """Ids of the first page."""
    return [row["id"] for row in trader.http.get(path, params=query).json()["results"]]


def test_orders_by_market_status_and_side(exchange: ExchangeDriver) -> None:
    market, other = exchange.new_market(), exchange.new_market()
    base = market.split("-")[0]
    alice = exchange.new_trader(USD=1000, **{base: 10})
    buy = alice.place(market, "buy", "1", price="10")["id"]
    sell = alice.place(market, "sell", "1", price="20")["id"]
    elsewhere = alice.place(other, "buy", "1", price="10")["id"]
    alice.http.delete(f"orders/{elsewhere}")

    check(alice.http.get("orders").json(), shapes.OrderPageShape())
    assert ids(alice, "orders") == [elsewhere, sell, buy]
    assert ids(alice, "orders", market=market) == [sell, buy]
    assert ids(alice, "orders", side="buy") == [elsewhere, buy]
    assert ids(alice, "orders", status="canceled") == [elsewhere]
    assert ids(alice, "orders", status="open", side="sell", market=market) == [sell]
    for status in ("partially_filled", "filled", "rejected", "expired", "untriggered"):
        assert ids(alice, "orders", status=status) == []


def test_fills_by_market_and_order(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(maker_fee_rate="-0.001", taker_fee_rate="0.002")
    base = market.split("-")[0]
    alice, bob = exchange.traders(market)
    resting = alice.place(market, "sell", "3", price="100", client_order_id="resting")
    first = bob.place(market, "buy", "1", price="100")
    second = bob.place(market, "buy", "2", price="100", client_order_id="second")

    page = bob.http.get("fills").json()
    check(page, shapes.FillPageShape())
    assert page["results"] == [*second["fills"], *first["fills"]]
    assert bob.http.get("fills", params={"order": first["id"]}).json()["results"] == first["fills"]
    [mine] = alice.http.get("fills", params={"market": market, "limit": "1"}).json()["results"]
    theirs = second["fills"][0]
    differing = {name for name in mine if mine[name] != theirs[name]}
    assert differing == (
        {"order_id", "client_order_id", "side", "fee", "fee_asset", "fee_rate", "liquidity"}
    )
    assert (mine["fee_rate"], theirs["fee_rate"]) == ("-0.001", "0.002")
    assert (mine["order_id"], mine["client_order_id"]) == (resting["id"], "resting")
    assert (mine["side"], mine["liquidity"], mine["fee"], mine["fee_asset"]) == (
        ("sell", "maker", "-0.2", "USD")
    )
    assert (theirs["liquidity"], theirs["fee"], theirs["fee_asset"]) == ("taker", "0.004", base)
    assert ids(alice, "fills", order=first["id"]) == [], "another account's order has no fills here"


@pytest.mark.parametrize("path", ["orders", "fills"])
def test_pages_walk_to_the_end_and_back_while_rows_come(
    exchange: ExchangeDriver, path: str
) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "1000", price="10")
    for _ in range(3):
        orders = [{"market": market, "side": "buy", "quantity": "1", "price": "10"}] * 3
        alice.http.post("orders/batch", json={"orders": orders})
    there_before = ids(alice, path)
    assert len(there_before) == 9

    walked: list[str] = []
    last = f"{path}?limit=2"
    for page in pages(alice, f"{path}?limit=2&market={market}"):
        walked += [row["id"] for row in page]
        alice.place(market, "buy", "1", price="10")

    assert walked == there_before
    new = [identity for identity in ids(alice, path) if identity not in there_before]
    assert len(new) == 5
    last = list(_urls(alice, f"{path}?limit=2", "next"))[-1]
    back = [[row["id"] for row in page] for page in pages(alice, last, "previous")]
    assert [i for page in reversed(back) for i in page] == [*new, *there_before]


def _urls(trader: Trader, url: str, towards: str) -> Iterator[str]:
    following: str | None = url
    while following is not None:
        yield following
        following = trader.http.get(following).json()[towards]


def test_from_the_first_page_there_is_nothing_previous(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    assert alice.http.get("orders").json() == {"results": [], "next": None, "previous": None}

    alice.place(market, "buy", "1", price="10")
    page = alice.http.get("orders", params={"limit": 1}).json()
    assert (len(page["results"]), page["next"], page["previous"]) == (1, None, None)


def test_links_keep_the_filters(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    for price in ("10", "11", "12"):
        alice.place(market, "buy", "1", price=price)
        alice.place(market, "sell", "1", price="1000")

    url = f"orders?side=buy&market={market}&limit=1"
    prices = [page[0]["price"] for page in pages(alice, url)]

    assert prices == ["12", "11", "10"]


@pytest.mark.parametrize("path", ["orders", "fills"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=", "limit"),
        ("limit=ten", "limit"),
        ("limit=٣", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=", "cursor"),
        ("cursor=abc", "cursor"),
        ("cursor=%ff%fe", "cursor"),
        ("cursor=bzoxOjI6Mw==", "cursor"),
        ("cursor=bzotMTox", "cursor"),
        ("cursor=eDoxOjE=", "cursor"),
        ("cursor=bzo5OTk5OTk5OTk5OTk5OTk5OTk5OTk6MQ==", "cursor"),
        ("market=BTC%00", "market"),
        ("offset=1", "offset"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_by_name(
    alice: Trader, path: str, query: str, field: str
) -> None:
    assert refusal(alice.http.get(f"{path}?{query}")) == (400, "invalid_request", [field])


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("orders?status=pending", (400, "invalid_request", ["status"])),
        ("orders?side=both", (400, "invalid_request", ["side"])),
        ("orders?market=NO-SUCH", (404, "not_found", ["market"])),
        ("orders?market=%ff", (404, "not_found", ["market"])),
        ("orders?market=", (404, "not_found", ["market"])),
        ("fills?market=NO-SUCH", (404, "not_found", ["market"])),
        ("fills?order=abc", (400, "invalid_request", ["order"])),
        ("fills?order=" + "9" * 40, (400, "invalid_request", ["order"])),
        ("fills?status=open", (400, "invalid_request", ["status"])),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_by_name(
    alice: Trader, query: str, refused: tuple[int, str, list[str]]
) -> None:
    assert refusal(alice.http.get(query)) == refused


# Filters that have no index


@pytest.mark.parametrize("looked_through", [1, 2, 3, 100])
@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize(
    ("path", "query"),
    [("orders", "side=sell"), ("orders", "status=filled"), ("fills", "market={}")],
)
def test_a_filter_looks_through_so_many_rows_a_page_and_misses_none(
    exchange: ExchangeDriver,
    rare: tuple[Trader, str],
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    query: str,
    limit: int,
    looked_through: int,
) -> None:
    alice, market = rare
    url = f"{path}?{query.format(market)}&limit={limit}"
    everything = [row["id"] for page in pages(alice, url) for row in page]

    monkeypatch.setattr(queries, "LOOKED_THROUGH", looked_through)
    *_, last = _urls(alice, url, "next")

    assert [row["id"] for page in pages(alice, url) for row in page] == everything
    assert len(everything) == 4
    back = [[row["id"] for row in page] for page in pages(alice, last, "previous")]
    assert [identity for page in reversed(back) for identity in page] == everything


@pytest.fixture(scope="module")
def rare(exchange: ExchangeDriver) -> tuple[Trader, str]:
    """Somebody who trades much in one market and little in another."""
    busy, calm = exchange.new_market(), exchange.new_market()
    bases = {market.split("-")[0]: 1000 for market in (busy, calm)}
    alice, bob = (exchange.new_trader(USD=1_000_000, **bases) for _ in range(2))
    for _ in range(4):
        alice.place(busy, "buy", "1", price="10")
        alice.place(busy, "buy", "1", price="9")
        alice.place(calm, "sell", "1", price="20")
        bob.place(calm, "buy", "1", price="20")
    for _ in range(3):
        bob.place(busy, "sell", "1", price="30")
        bob.place(busy, "buy", "1", price="8")
    return alice, calm
