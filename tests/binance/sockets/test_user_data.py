"""An account's events: each step of each order once and in order, its balances after them, nothing missed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from markets import accounts, clock, known_keys, process
from markets.binance.user_data import subscriptions
from markets.messages.transport import PrivatePart
from markets.models import Account, ApiKey, Asset, ListenKey
from tests.binance.sockets.wire import EIGHT, Api, Streams, api_of, check, name_of
from tests.drivers.exchange import ExchangeDriver, Trader

REPORT: dict[str, Any] = {
    "e": "executionReport",
    "E": int,
    "s": str,
    "c": str,
    "S": str,
    "o": str,
    "f": str,
    "q": EIGHT,
    "p": EIGHT,
    "P": EIGHT,
    "F": EIGHT,
    "g": int,
    "C": str,
    "x": str,
    "X": str,
    "r": "NONE",
    "i": int,
    "l": EIGHT,
    "z": EIGHT,
    "L": EIGHT,
    "n": str,
    "T": int,
    "t": int,
    "I": int,
    "w": bool,
    "m": bool,
    "M": bool,
    "O": int,
    "Z": EIGHT,
    "Y": EIGHT,
    "Q": EIGHT,
    "V": str,
}
POSITION = {"e": "outboundAccountPosition", "E": int, "u": int, "B": list}
LIST = {
    "e": "listStatus",
    "E": int,
    "s": str,
    "g": int,
    "c": str,
    "l": str,
    "L": str,
    "r": "NONE",
    "C": str,
    "T": int,
    "O": list,
}


@pytest.fixture
def market(exchange: ExchangeDriver) -> str:
    return exchange.new_market(maker_fee_rate="0.001", taker_fee_rate="0.002")


@pytest.fixture
def symbol(market: str) -> str:
    return name_of(market)


@pytest.fixture
def people(exchange: ExchangeDriver, market: str) -> list[Trader]:
    return exchange.traders(market)


@pytest.fixture
def api(people: list[Trader]) -> Iterator[Api]:
    """Alice's connection, on which she follows her account."""
    with api_of(people[0]) as socket:
        assert socket.ask_signed("userDataStream.subscribe.signature") == {"subscriptionId": 0}
        yield socket


def limit(symbol: str, side: str, quantity: str, price: str, **others: Any) -> dict[str, Any]:
    """A limit order's parameters."""
    terms = {"symbol": symbol, "side": side, "type": "LIMIT", "timeInForce": "GTC"}
    return {**terms, "quantity": quantity, "price": price, **others}


def checked(report: dict[str, Any]) -> dict[str, Any]:
    """A report, which has every field of its type."""
    shape = {**REPORT, "N": type(None) if report["x"] != "TRADE" else str}
    if "W" in report:
        shape["W"] = int
    check(report, shape)
    return report


def position(api: Api) -> dict[str, tuple[str, str]]:
    """The next position: asset → (free, locked)."""
    event = api.event()
    check(event, POSITION)
    return {row["a"]: (row["f"], row["l"]) for row in event["B"]}


def test_an_order_that_rests_is_filled_in_part_and_is_canceled(
    api: Api, people: list[Trader], market: str, symbol: str
) -> None:
    base = symbol[:-3]
    placed = api.ask_signed("order.place", **limit(symbol, "BUY", "5", "10", newClientOrderId="a"))

    new = checked(api.report("NEW", "NEW"))
    assert (new["i"], new["c"], new["C"], new["z"]) == (placed["orderId"], "a", "", "0.00000000")
    assert (new["w"], new["W"], new["t"]) == (True, placed["transactTime"], -1)
    assert position(api) == {"USD": ("999999950.00000000", "50.00000000")}

    people[1].place(market, "sell", "2", price="10")
    trade = checked(api.report("TRADE", "PARTIALLY_FILLED"))
    assert (trade["l"], trade["L"], trade["z"]) == ("2.00000000", "10.00000000", "2.00000000")
    assert (trade["Y"], trade["Z"], trade["m"]) == ("20.00000000", "20.00000000", True)
    assert trade["N"] == base
    assert trade["n"] in ("0.00200000", "0.00000000"), "a thousandth, if the asset has decimals"
    assert set(position(api)) == {base, "USD"}

    api.ask_signed("order.cancel", symbol=symbol, origClientOrderId="a", newClientOrderId="no")
    canceled = checked(api.report("CANCELED", "CANCELED"))
    assert (canceled["c"], canceled["C"], canceled["z"]) == ("no", "a", "2.00000000")
    assert (canceled["w"], canceled["l"]) == (False, "0.00000000")
    assert position(api)["USD"] == ("999999980.00000000", "0.00000000")


def test_a_market_order_tells_each_of_its_fills(
    api: Api, people: list[Trader], market: str, symbol: str
) -> None:
    for price in ("10", "11", "12"):
        people[1].place(market, "sell", "1", price=price)

    placed = api.ask_signed("order.place", symbol=symbol, side="BUY", type="MARKET", quantity="3")

    checked(api.report("NEW", "NEW"))
    reports = [
        checked(api.report("TRADE", status))
        for status in ("PARTIALLY_FILLED", "PARTIALLY_FILLED", "FILLED")
    ]
    assert [report["z"] for report in reports] == ["1.00000000", "2.00000000", "3.00000000"]
    assert [report["Z"] for report in reports] == ["10.00000000", "21.00000000", "33.00000000"]
    assert [report["t"] for report in reports] == [fill["tradeId"] for fill in placed["fills"]]
    assert not any(report["m"] for report in reports)
    assert len({report["I"] for report in reports}) == 3
    assert position(api)["USD"] == ("999999967.00000000", "0.00000000")


def test_what_could_not_rest_has_expired(
    api: Api, people: list[Trader], market: str, symbol: str
) -> None:
    people[1].place(market, "sell", "1", price="10")
    api.ask_signed("order.place", **limit(symbol, "BUY", "3", "10") | {"timeInForce": "IOC"})

    checked(api.report("NEW", "NEW"))
    checked(api.report("TRADE", "PARTIALLY_FILLED"))
    expired = checked(api.report("EXPIRED", "EXPIRED"))

    assert (expired["z"], expired["C"], expired["w"]) == ("1.00000000", "", False)


def test_a_stop_waits_works_when_it_is_triggered_and_trades(
    api: Api, people: list[Trader], market: str, symbol: str
) -> None:
    bob = people[1]
    bob.place(market, "buy", "1", price="10")
    stop = {"symbol": symbol, "side": "SELL", "type": "STOP_LOSS", "quantity": "2"}
    # a stop needs a last price that it is away from
    bob.place(market, "buy", "1", price="9")
    carol = bob.exchange.traders(market, 1)[0]
    carol.place(market, "sell", "1", price="10")
    api.ask_signed("order.place", **stop, stopPrice="9")
    waits = checked(api.report("NEW", "NEW"))
    assert (waits["w"], waits["P"], "W" in waits) == (False, "9.00000000", False)
    bob.place(market, "buy", "4", price="8")

    carol.place(market, "sell", "1", price="9")

    works = checked(api.report("NEW", "NEW"))
    assert (works["w"], "W" in works) == (True, True)
    trade = checked(api.report("TRADE", "FILLED"))
    assert (trade["i"], trade["L"], trade["z"]) == (waits["i"], "8.00000000", "2.00000000")


def test_a_stop_that_is_canceled_has_not_worked(
    api: Api, people: list[Trader], market: str, symbol: str
) -> None:
    api.ask_signed("order.place", **limit(symbol, "BUY", "1", "10"))
    people[1].place(market, "sell", "1", price="10")
    stop = {"symbol": symbol, "side": "BUY", "type": "STOP_LOSS", "quantity": "2"}
    placed = api.ask_signed("order.place", **stop, stopPrice="90")
    while checked(api.event("executionReport"))["i"] != placed["orderId"]:
        pass

    api.ask_signed("openOrders.cancelAll", symbol=symbol)

    canceled = checked(api.report("CANCELED", "CANCELED"))
    assert (canceled["w"], "W" in canceled) == (False, False)


def test_an_order_with_less_quantity_is_replaced(api: Api, symbol: str) -> None:
    placed = api.ask_signed("order.place", **limit(symbol, "BUY", "5", "10"))
    api.report("NEW", "NEW")

    order = {"symbol": symbol, "orderId": placed["orderId"]}
    api.ask_signed("order.amend.keepPriority", **order, newQty="4")

    replaced = checked(api.report("REPLACED", "NEW"))
    assert (replaced["q"], replaced["i"]) == ("4.00000000", placed["orderId"])


def test_a_list_begins_and_is_done(
    api: Api, people: list[Trader], market: str, symbol: str
) -> None:
    placed = api.ask_signed(
        "orderList.place.oco",
        symbol=symbol,
        side="SELL",
        quantity="1",
        aboveType="LIMIT_MAKER",
        abovePrice="20",
        belowType="STOP_LOSS",
        belowStopPrice="5",
    )
    legs = [checked(api.report("NEW", "NEW")) for _ in range(2)]
    begun = api.event("listStatus")
    people[1].place(market, "buy", "1", price="20")
    checked(api.report("TRADE", "FILLED"))
    gone = checked(api.event("executionReport"))
    done = api.event("listStatus")

    for status in (begun, done):
        check(status, LIST)
        assert (status["g"], status["c"]) == (placed["orderListId"], "OCO")
        assert {order["i"] for order in status["O"]} == {leg["i"] for leg in legs}
    assert [begun["l"], begun["L"]] == ["EXEC_STARTED", "EXECUTING"]
    assert [done["l"], done["L"]] == ["ALL_DONE", "ALL_DONE"]
    assert gone["o"] == "STOP_LOSS"
    assert gone["X"] in ("CANCELED", "EXPIRED")


def test_orders_from_elsewhere_are_told_too(
    api: Api, people: list[Trader], market: str, symbol: str
) -> None:
    order = people[0].place(market, "buy", "1", price="10", client_order_id="native")
    people[0].http.delete(f"orders/{order['id']}")

    assert checked(api.report("NEW", "NEW"))["c"] == "native"
    canceled = checked(api.report("CANCELED", "CANCELED"))
    assert (canceled["C"], str(canceled["i"])) == ("native", order["id"])
    assert canceled["c"] not in ("", "native"), "the cancel has a name of its own"


def test_what_was_there_before_is_known(
    people: list[Trader], market: str, symbol: str, exchange: ExchangeDriver
) -> None:
    alice, bob = people
    alice.place(market, "buy", "5", price="10", client_order_id="old")
    bob.place(market, "sell", "2", price="10")
    with api_of(alice) as api:
        api.ask_signed("userDataStream.subscribe.signature")
        bob.place(market, "sell", "3", price="10")

        trade = checked(api.report("TRADE", "FILLED"))

    assert (trade["c"], trade["l"], trade["z"]) == ("old", "3.00000000", "5.00000000")


def test_what_was_not_heard_of_is_told_in_its_turn(
    api: Api, people: list[Trader], market: str, symbol: str, exchange: ExchangeDriver
) -> None:
    hub, account = process.current().hub, people[0].account.pk
    heard = hub._listeners[account]

    async def be_deaf(deaf: bool) -> None:
        hub._listeners[account] = set() if deaf else heard

    exchange.in_loop(be_deaf(True))
    for price in ("7", "8"):
        people[0].place(market, "buy", "1", price=price)
    exchange.settle(market)
    exchange.in_loop(be_deaf(False))
    people[0].place(market, "buy", "1", price="9")

    prices = [checked(api.report("NEW", "NEW"))["p"] for _ in range(3)]

    assert prices == ["7.00000000", "8.00000000", "9.00000000"]


def test_what_comes_twice_is_told_once(
    api: Api, people: list[Trader], market: str, exchange: ExchangeDriver
) -> None:
    hub, account = process.current().hub, people[0].account.pk
    parts: list[PrivatePart] = []

    async def hear_twice() -> None:
        [listener] = hub._listeners[account]
        hub.listen(account, lambda part: parts.append(part) if part else None)
        for part in parts:
            listener(part)

    exchange.in_loop(hear_twice())
    people[0].place(market, "buy", "1", price="7")
    exchange.wait_until(lambda: parts, "the order is heard of")
    [part] = parts
    exchange.in_loop(_tell_again(account, part))
    people[0].place(market, "buy", "1", price="8")

    prices = [checked(api.report("NEW", "NEW"))["p"] for _ in range(2)]

    assert prices == ["7.00000000", "8.00000000"]


async def _tell_again(account: int, part: PrivatePart) -> None:
    for listener in tuple(process.current().hub._listeners[account]):
        listener(part)


def test_money_that_comes_and_goes(api: Api, people: list[Trader]) -> None:
    usd = Asset.objects.get(symbol="USD")

    accounts.deposit(people[0].account, usd, accounts.parse_amount("12.5", usd))
    accounts.withdraw(people[0].account, usd, accounts.parse_amount("2", usd))

    for delta, free in (("12.50000000", "1000000012.50000000"), ("-2.00000000", None)):
        update = api.event()
        check(update, {"e": "balanceUpdate", "E": int, "a": "USD", "d": delta, "T": int})
        now = position(api)
        assert free is None or now["USD"] == (free, "0.00000000")


# Subscriptions


def test_an_account_is_followed_once_a_connection_and_by_number(
    api: Api, people: list[Trader], symbol: str
) -> None:
    again = api.signed()
    assert api.refused("userDataStream.subscribe.signature", **again)[:2] == (400, -2035)
    with api_of(people[1]) as bobs:
        other = bobs.signed()
    assert api.ask("userDataStream.subscribe.signature", **other) == {"subscriptionId": 1}
    assert api.ask("session.subscriptions") == [{"subscriptionId": 0}, {"subscriptionId": 1}]

    assert api.ask("userDataStream.unsubscribe", subscriptionId=0) == {}

    ended = api.first(lambda message: "event" in message)
    assert (ended["subscriptionId"], ended["event"]["e"]) == (0, "eventStreamTerminated")
    assert api.ask("session.subscriptions") == [{"subscriptionId": 1}]


def test_the_answer_to_a_subscription_comes_before_any_event(
    people: list[Trader], market: str
) -> None:
    with api_of(people[0]) as api:
        api.ask_signed("session.logon")
        people[0].place(market, "buy", "1", price="10")
        api.connection.send(json.dumps({"id": 0, "method": "userDataStream.subscribe"}))
        people[0].place(market, "buy", "1", price="9")

        first, then = api.receive(), api.receive()

    assert (first["id"], first["result"]) == (0, {"subscriptionId": 0})
    assert then["subscriptionId"] == 0


def test_a_subscription_ends_with_its_key(
    api: Api, monkeypatch: pytest.MonkeyPatch, people: list[Trader]
) -> None:
    monkeypatch.setattr(subscriptions, "RECHECK_SECONDS", 0.05)
    with api_of(people[0]) as socket:
        socket.ask_signed("userDataStream.subscribe.signature")

        known_keys.revoke(list(ApiKey.objects.filter(key_id=socket.key)))

        check(socket.event(), {"e": "eventStreamTerminated", "E": int})
        assert socket.ask("session.subscriptions") == []


def test_a_key_that_may_not_read_follows_nothing(people: list[Trader]) -> None:
    with api_of(people[0], can_read=False) as socket:
        refused = socket.refused("userDataStream.subscribe.signature", **socket.signed())

    assert refused[:2] == (401, -2015)


# listenKeys


def listen_key(api: Api, method: str, exchange: ExchangeDriver, **params: str) -> Any:
    """A request for a listenKey, over HTTP and without a signature."""
    headers = {"X-MBX-APIKEY": api.key}
    url = f"{exchange.url}/api/v3/userDataStream"
    return httpx.request(method, url, params=params, headers=headers)


def test_a_listen_key_follows_an_account_without_a_signature(
    api: Api, people: list[Trader], market: str, exchange: ExchangeDriver
) -> None:
    key = listen_key(api, "POST", exchange).json()["listenKey"]
    assert len(key) == 64
    assert key.isalnum()
    assert listen_key(api, "POST", exchange).json() == {"listenKey": key}
    assert api.ask("userDataStream.start", apiKey=api.key) == {"listenKey": key}

    with (
        Streams(f"{exchange.ws_url}/ws/{key}") as bare,
        Streams(f"{exchange.ws_url}/stream?streams={key}/x@trade") as named,
    ):
        assert bare.ask("LIST_SUBSCRIPTIONS") == [key]
        assert named.ask("LIST_SUBSCRIPTIONS") == [key, "x@trade"]
        people[0].place(market, "buy", "1", price="10")

        assert checked(bare.event("executionReport"))["x"] == "NEW"
        assert bare.event("outboundAccountPosition")
        assert checked(named.of(key))["x"] == "NEW"


def test_a_listen_key_lives_as_long_as_it_is_kept_alive(
    api: Api, exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "RECHECK_SECONDS", 0.05)
    key = listen_key(api, "POST", exchange).json()["listenKey"]
    rows = ListenKey.objects.filter(api_key__key_id=api.key)
    rows.update(expires_at=clock.now() + 5_000_000)
    assert listen_key(api, "PUT", exchange, listenKey=key).json() == {}
    assert rows.get().expires_at > clock.now() + 60_000_000

    with Streams(f"{exchange.ws_url}/ws/{key}") as socket:
        socket.ask("LIST_SUBSCRIPTIONS")
        rows.update(expires_at=clock.now())
        ended = socket.event("listenKeyExpired")

    assert ended["listenKey"] == key
    unknown = listen_key(api, "PUT", exchange, listenKey=key)
    assert (unknown.status_code, unknown.json()["code"]) == (400, -1125)
    new = listen_key(api, "POST", exchange).json()["listenKey"]
    assert new != key
    assert listen_key(api, "DELETE", exchange, listenKey=new).json() == {}
    assert listen_key(api, "DELETE", exchange, listenKey=new).status_code == 400


def test_a_listen_key_is_not_kept_in_clear(api: Api, exchange: ExchangeDriver) -> None:
    key = listen_key(api, "POST", exchange).json()["listenKey"]

    row = ListenKey.objects.filter(api_key__key_id=api.key).values_list().get()

    assert key not in " ".join(str(value) for value in row)


def test_a_listen_key_that_nobody_has_is_a_stream_without_events(exchange: ExchangeDriver) -> None:
    with Streams(f"{exchange.ws_url}/ws/{'x' * 64}") as socket:
        assert socket.ask("LIST_SUBSCRIPTIONS") == ["x" * 64]


def test_an_account_that_nobody_follows_any_more_costs_nothing(
    api: Api, people: list[Trader], exchange: ExchangeDriver
) -> None:
    listeners = process.current().hub._listeners
    account = Account.objects.get(name=people[0].name).pk
    assert account in listeners

    api.connection.close()

    exchange.wait_until(lambda: account not in listeners, "nobody listens")
