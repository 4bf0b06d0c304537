"""After kill -9 every rule goes on where it was: what waited waits, what is due is done before any trade."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.drivers.server import ServerProcess
from tests.drivers.sockets import Socket
from tests.waiting import wait_until

JSON = dict[str, Any]
MARKET = "BTC-USD"
ASLEEP_FOR_TEN_MINUTES = """
from datetime import timedelta
from django.utils import timezone
from markets.models import MarketSchedule
MarketSchedule.objects.update(fired_until=timezone.now() - timedelta(minutes=10))
"""

pytestmark = pytest.mark.slow


class Person:
    """Somebody with a key, whatever process serves at the moment."""

    def __init__(self, server: ServerProcess, name: str) -> None:
        self.server = server
        self.key = server.open_account(name, "--deposit", "USD=100000", "--deposit", "BTC=1000")

    @contextmanager
    def http(self) -> Iterator[httpx.Client]:
        headers = {"Authorization": f"Bearer {self.key}"}
        url = f"{self.server.url}/api/v1/"
        with httpx.Client(base_url=url, headers=headers, timeout=30) as http:
            yield http

    def post(self, path: str, **body: Any) -> JSON:
        with self.http() as http:
            response = http.post(path, json={"market": MARKET, **body})
        assert response.status_code in (200, 201), response.text
        answer: JSON = response.json()
        return answer

    def buy(self, quantity: int | None, **fields: Any) -> JSON:
        return self.post("orders", side="buy", quantity=quantity, **fields)

    def sell(self, quantity: int | None, **fields: Any) -> JSON:
        return self.post("orders", side="sell", quantity=quantity, **fields)

    def order(self, order: JSON) -> JSON:
        with self.http() as http:
            found: JSON = http.get(f"orders/{order['id']}").json()
        return found

    def held(self) -> dict[str, str]:
        with self.http() as http:
            return {row["asset"]: row["held"] for row in http.get("balances").json()}


@pytest.fixture
def people(server: ServerProcess) -> tuple[Person, Person, Person]:
    """Alice, bob and carol; the last price is 100."""
    alice, bob, carol = (Person(server, name) for name in ("alice", "bob", "carol"))
    server.start()
    bob.sell(1, price=100)
    carol.buy(1, price=100)
    return alice, bob, carol


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def restart(server: ServerProcess) -> None:
    server.kill()
    server.manage("audit")
    server.start()


def book(server: ServerProcess) -> tuple[list[list[str]], list[list[str]]]:
    found = httpx.get(f"{server.url}/api/v1/markets/{MARKET}/book").json()
    return found["bids"], found["asks"]


def test_stops_icebergs_and_groups_survive(
    server: ServerProcess, people: tuple[Person, Person, Person]
) -> None:
    alice, bob, carol = people
    stop = alice.buy(2, type="stop", stop_price=110)
    iceberg = alice.sell(10, price=108, display_quantity=4)
    carol.buy(1, price=108)
    pair = bob.post("orders/oco", side="sell", quantity=3, price=120, stop={"stop_price": 90})
    bracket = bob.post(
        "orders/bracket",
        side="buy",
        quantity=4,
        price=99,
        take_profit={"price": 115},
        stop_loss={"stop_price": 80},
    )
    carol.sell(3, price=99)
    everything = [stop, iceberg, *pair["orders"], *bracket["orders"]]
    owners = [alice, alice, bob, bob, bob, bob, bob]
    before = [owner.order(each) for owner, each in zip(owners, everything, strict=True)]
    held = alice.held(), bob.held()

    restart(server)

    after = [owner.order(each) for owner, each in zip(owners, everything, strict=True)]
    assert after == before
    assert (alice.held(), bob.held()) == held
    assert book(server) == ([["99", "1"]], [["108", "3"], ["115", "3"], ["120", "3"]])
    carol.buy(12, price=115)  # 9 of the iceberg at 108, the 3 of the bracket's take profit at 115
    now = [owner.order(each) for owner, each in zip(owners, everything, strict=True)]
    assert [order["status"] for order in now] == [
        "filled",  # the stop, which 115 triggered: it bought at 120 …
        "filled",
        "partially_filled",  # … from the pair's limit order, which …
        "canceled",  # … canceled its stop
        "canceled",  # a bracket whose profit was taken is over
        "filled",
        "canceled",
    ]
    server.manage("audit")


def test_what_is_overdue_expires_before_anything_trades(
    server: ServerProcess, people: tuple[Person, Person, Person]
) -> None:
    alice, bob, carol = people
    overdue = alice.buy(5, price=100, time_in_force="gtd", expires_at=in_seconds(1))
    standing = bob.buy(5, price=99)
    server.kill()
    wait_until(lambda: datetime.now(UTC).isoformat() > overdue["expires_at"], "it is overdue")

    server.start()
    taker = carol.sell(1, price=90)

    assert taker["average_price"] == "99", "the order at 100 had expired"
    assert (alice.order(overdue)["status"], alice.held()["USD"]) == ("expired", "0")
    assert bob.order(standing)["filled_quantity"] == "1"
    server.manage("audit")


def test_a_close_that_was_missed_is_made_up_for_before_an_order_is_taken(
    server: ServerProcess, people: tuple[Person, Person, Person]
) -> None:
    alice, _, _ = people
    order = alice.buy(5, price=90)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    hours = [f"{now + timedelta(minutes=minutes):%H:%M}" for minutes in (-60, -1)]
    days = ("--days", "1234567")
    server.manage("set_schedule", MARKET, "--opens", hours[0], "--closes", hours[1], *days)
    server.kill()
    server.manage("shell", "-c", ASLEEP_FOR_TEN_MINUTES)

    server.start()
    with alice.http() as http:
        body = {"market": MARKET, "side": "buy", "quantity": "1", "price": "90"}
        refused = http.post("orders", json=body)

    assert refused.json()["code"] == "market_not_open"
    assert alice.order(order)["reason"] == "market_closed"
    server.manage("audit")


def test_the_dead_mans_switch_goes_off_after_a_restart_too(
    server: ServerProcess, people: tuple[Person, Person, Person]
) -> None:
    alice, bob, _ = people
    order, theirs = alice.buy(5, price=90), bob.buy(5, price=90)
    with alice.http() as http:
        http.post("orders/cancel-after", json={"timeout_seconds": 12})

    restart(server)

    with alice.http() as http:
        assert http.get("orders/cancel-after").json()["cancel_at"] is not None
    wait_until(lambda: alice.order(order)["reason"] == "cancel_after", "it goes off")
    assert bob.order(theirs)["status"] == "open"


def test_the_orders_of_a_connection_that_died_with_its_process_are_canceled(
    server: ServerProcess, people: tuple[Person, Person, Person]
) -> None:
    alice, _, _ = people
    stays = alice.buy(1, price=90)
    socket = Socket(f"{server.url.replace('http', 'ws')}/ws/v1/trading", alice.key)
    socket.ask("login", cancel_on_disconnect=True)
    order = socket.ask("submit_order", market=MARKET, side="buy", quantity="1", price="91")

    restart(server)

    wait_until(lambda: alice.order(order)["reason"] == "cancel_on_disconnect", "it is canceled")
    assert alice.order(stays)["status"] == "open"
    server.manage("audit")


@pytest.mark.parametrize(
    "status",
    ["auction", *(pytest.param(each, marks=pytest.mark.long) for each in ("halted", "closed"))],
)
def test_a_market_is_in_the_state_that_it_was_in(
    server: ServerProcess, people: tuple[Person, Person, Person], status: str
) -> None:
    alice, bob, _ = people
    server.manage("set_market_status", MARKET, "auction")
    alice.buy(2, price=105)
    bob.sell(2, price=95)
    server.manage("set_market_status", MARKET, status)

    restart(server)

    rules = httpx.get(f"{server.url}/api/v1/markets/{MARKET}").json()
    crossed = ([["105", "2"]], [["95", "2"]])
    assert rules["status"] == status
    assert book(server) == (([], []) if status == "closed" else crossed)
    if status == "auction":
        assert rules["auction"]["indicative_volume"] == "2"
    server.manage("set_market_status", MARKET, "open")
    trades = httpx.get(f"{server.url}/api/v1/markets/{MARKET}/trades").json()
    assert len(trades) == (1 if status == "closed" else 2)
    server.manage("audit")
