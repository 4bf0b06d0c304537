"""Everything is bounded: beyond a limit the answer is `busy` or `rate_limited`, and nothing was done."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from markets import gateway, limits, process
from markets.consumers import market_data, trading
from markets.limits import RateLimit
from markets.matching.commands import PlaceOrder
from markets.matching.types import OrderType, Side
from markets.messages.transport import Answer, Failure
from markets.models import Order
from tests.api.shapes import refusal
from tests.drivers.exchange import ExchangeDriver
from tests.drivers.sockets import error_of

pytestmark = pytest.mark.usefixtures("both_lanes")


def a_command(account: int, price: int = 10) -> PlaceOrder:
    return PlaceOrder(
        account=account,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=10**8,
        price=price * 10**8,
    )


# In flight


def test_a_flood_for_one_market_is_answered_busy(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "MAX_IN_FLIGHT", 5)
    market, other = exchange.new_market(), exchange.new_market()
    alice, _ = exchange.traders(market)
    alice.http.get("balances")
    account = alice.account.pk

    async def flood() -> tuple[list[asyncio.Future[Answer]], int]:
        running = process.current().gateway
        futures = [running.submit(market, a_command(account)) for _ in range(100)]
        return futures, running.in_flight(market)

    async def outcomes(futures: list[asyncio.Future[Answer]]) -> list[Answer]:
        return await asyncio.gather(*futures)

    with exchange.engine_stalled(market):
        futures, in_flight = exchange.in_loop(flood())
        assert in_flight == 5
        assert refusal(alice.submit(market, "buy", "1", price="10")) == (503, "busy", [])
        waiting = exchange.in_loop(_count_done(futures))
        assert waiting == 95
    answers = exchange.in_loop(outcomes(futures))

    assert Counter(answer.failure for answer in answers) == {None: 5, Failure.BUSY: 95}
    assert Order.objects.filter(account=alice.account).count() == 5, "busy: nothing was done"
    alice.place(market, "buy", "1", price="10")
    alice.place(other, "buy", "1", price="10")


async def _count_done(futures: list[asyncio.Future[Answer]]) -> int:
    return sum(future.done() for future in futures)


def test_busy_says_when_to_come_back(
    exchange: ExchangeDriver, market: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "MAX_IN_FLIGHT", 0)
    alice, _ = exchange.traders(market)

    response = alice.submit(market, "buy", "1", price="10")

    assert refusal(response) == (503, "busy", [])
    assert int(response.headers["Retry-After"]) >= 1
    with alice.socket() as socket:
        order = {"market": market, "side": "buy", "quantity": "1", "price": "10"}
        error = socket.refused("submit_order", **order)
        batch = socket.ask("submit_orders", orders=[order])
    assert (error["code"], error["retry_after"] >= 1) == ("busy", True)
    assert batch["results"][0]["error"]["code"] == "busy"
    assert Order.objects.filter(account=alice.account).count() == 0


def test_too_many_requests_of_one_connection_are_busy(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trading, "MAX_IN_FLIGHT", 3)
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    with alice.socket() as socket, alice.socket() as another:
        with exchange.engine_stalled(market):
            order = {"market": market, "side": "buy", "quantity": "1", "price": "10"}
            sent = [socket.send("submit_order", **order) for _ in range(10)]
            busy = [socket.answer(req_id) for req_id in sent[3:]]
            assert socket.ask("ping"), "what does not wait is answered as ever"
            elsewhere = another.send("submit_order", **order)
        done = [socket.answer(req_id) for req_id in sent[:3]]
        assert another.answer(elsewhere)["success"]

    assert {answer["error"]["code"] for answer in busy} == {"busy"}
    assert all(answer["success"] for answer in done)
    assert Order.objects.filter(account=alice.account).count() == 4


def test_an_engine_that_does_not_answer_is_a_timeout_and_asking_again_tells(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "ANSWER_TIMEOUT", 0.2)
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    alice.http.get("balances")

    with exchange.engine_stalled(market):
        lost = alice.submit(market, "buy", "1", price="10", client_order_id="lost")
    monkeypatch.undo()
    again = alice.submit(market, "buy", "1", price="10", client_order_id="lost")

    assert refusal(lost) == (504, "timeout", [])
    assert "client_order_id" in lost.json()["detail"]
    assert again.status_code in (200, 201)
    assert Order.objects.filter(account=alice.account).count() == 1


def test_the_same_client_order_id_sent_at_once_is_one_order(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    def submit(_: int) -> httpx.Response:
        return alice.submit(market, "buy", "1", price="10", client_order_id="once")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(submit, range(16)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 15}
    assert len({answer.json()["id"] for answer in answers}) == 1


# Rates


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Limits of one request, and one more every ten seconds."""

    def limit(name: str) -> None:
        rate = RateLimit(per_second=0.1, burst=1)
        monkeypatch.setattr(limits, name, rate)
        monkeypatch.setattr(market_data if name == "public_rate" else trading, name, rate)
        monkeypatch.setattr("markets.trading.account_rate", limits.account_rate)

    return limit


def test_public_requests_have_a_rate(
    exchange: ExchangeDriver, market: str, limited: Callable[[str], None]
) -> None:
    alice = exchange.new_trader()
    limited("public_rate")

    assert exchange.http.get("time").status_code == 200
    refused = exchange.http.get(f"markets/{market}/book")

    assert refusal(refused) == (429, "rate_limited", [])
    assert 1 <= int(refused.headers["Retry-After"]) <= 10
    assert alice.http.get("balances").status_code == 200, "an account's requests count to it"


def test_an_accounts_requests_have_a_rate_whatever_its_key(
    exchange: ExchangeDriver, market: str, limited: Callable[[str], None]
) -> None:
    alice, bob = exchange.new_trader(), exchange.new_trader()
    other_key = alice.another_key("read")
    limited("account_rate")

    assert alice.http.get("balances").status_code == 200
    refused = other_key.http.get("balances")

    assert refusal(refused) == (429, "rate_limited", [])
    assert 1 <= int(refused.headers["Retry-After"]) <= 10
    assert bob.http.get("balances").status_code == 200
    assert exchange.http.get("time").status_code == 200


def test_a_batch_costs_as_many_as_its_orders(
    exchange: ExchangeDriver, market: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = exchange.traders(market)
    rate = RateLimit(per_second=0.1, burst=5)
    monkeypatch.setattr(limits, "account_rate", rate)
    monkeypatch.setattr("markets.trading.account_rate", rate)
    orders = [{"market": market, "side": "buy", "quantity": "0", "price": "10"}] * 4

    first = alice.http.post("orders/batch", json={"orders": orders})
    second = alice.http.post("orders/batch", json={"orders": orders})

    assert first.status_code == 200
    assert refusal(second) == (429, "rate_limited", [])


@pytest.mark.parametrize(("path", "rate"), [("trading", "account_rate"), ("public", "public_rate")])
def test_a_sockets_requests_have_the_same_rates_and_it_stays(
    exchange: ExchangeDriver, limited: Callable[[str], None], path: str, rate: str
) -> None:
    alice = exchange.new_trader()
    limited(rate)

    with alice.socket() if path == "trading" else exchange.market_data() as socket:
        assert socket.ask("ping")
        error = error_of(socket.say('{"method": "ping"}'))

    assert error["code"] == "rate_limited"
    assert 1 <= error["retry_after"] <= 10


def test_a_bucket_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("markets.limits.time.monotonic", lambda: now)
    rate = RateLimit(per_second=2, burst=4)

    assert [rate.wait("alice") for _ in range(5)] == [0, 0, 0, 0, 0.5]
    assert rate.wait("bob") == 0
    now += 1
    assert [rate.wait("alice") for _ in range(3)] == [0, 0, 0.5]
    now += 100
    assert rate.wait("alice", 100) == 0, "more than a bucket is let through when it is full"
    assert rate.wait("alice") == pytest.approx(48.5), "and owed for"


def test_callers_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BUCKETS", 10)
    rate = RateLimit(per_second=1, burst=1)

    for number in range(1000):
        assert rate.wait(f"caller {number}") == 0

    assert len(rate._buckets) == 10
