"""What Prometheus is told: all that clients do moves the figures; no account is in them."""

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management.base import CommandError
from prometheus_client import CollectorRegistry, generate_latest

from markets import metrics, process
from markets.consumers.engine import engine_consumer
from markets.engines import EngineHost
from markets.hub.outbox import CLOSE_TRY_AGAIN_LATER, MAX_MARKET_FRAMES, Outbox
from markets.messages.transport import Pulse
from markets.metrics import ManyHistogram
from markets.ready_frames import Frame
from tests.api.test_market_data_socket import follow
from tests.api.test_slow_readers import orders_deep_in_the_book, outboxes_of
from tests.drivers.exchange import ExchangeDriver
from tests.drivers.figures import Figures
from tests.drivers.ports import free_port
from tests.drivers.root import ROOT

IMPORTS = (
    "import os",
    "from prometheus_client import generate_latest",
    "from markets.metrics import *",
)
LABELS = {"market", "outcome", "code", "kind", "channel", "reason", "le"}


def figures_in_time(exchange: ExchangeDriver, name: str, value: float, **labels: str) -> Figures:
    """The figures as soon as one of them has come to this."""
    last = [Figures(exchange.url)]

    def reached() -> bool:
        last[0] = Figures(exchange.url)
        return last[0](name, **labels) == value

    exchange.wait_until(reached, f"{name} {labels} is {value}")
    return last[0]


# Commands


@pytest.mark.usefixtures("both_lanes")
def test_commands_are_counted_by_what_came_of_them(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    poor = exchange.new_trader(USD=1)

    alice.place(market, "buy", "1", price="100", client_order_id="one")
    alice.submit(market, "buy", "1", price="100", client_order_id="one")
    bob.place(market, "sell", "3", price="100")
    assert poor.submit(market, "buy", "1", price="100").status_code == 422
    assert bob.submit(market, "sell", "1", price="100", post_only=True).status_code == 201
    alice.http.delete("orders", params={"market": market})

    figures = figures_in_time(exchange, "exchange_order_seconds_count", 6, market=market)
    outcomes = figures.by("outcome", "exchange_commands_total", market=market)
    assert outcomes == {"done": 4, "duplicate": 1, "insufficient_funds": 1}
    assert figures("exchange_trades_total", market=market) == 1
    assert figures("exchange_open_orders", market=market) == 2
    assert figures("exchange_commands_in_flight", market=market) == 0
    assert 0 < figures("exchange_order_seconds_sum", market=market) < 60


def test_batches_are_counted_with_their_size_and_their_commit(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    alice.post("orders/batch", **orders_deep_in_the_book(market, 40))
    assert alice.submit(market, "buy", "1", price="1000", post_only=True).status_code == 422

    figures = figures_in_time(exchange, "exchange_batch_commands_sum", 41, market=market)
    batches = figures("exchange_batch_commands_count", market=market)
    assert 2 <= batches <= 41
    assert figures("exchange_batch_seconds_count", market=market) == batches
    assert figures("exchange_commit_seconds_count", market=market) == batches - 1, "what is refused"
    assert figures("exchange_queue_length", market=market) == 0


def test_what_waits_and_what_is_in_flight_are_seen(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    with alice.socket() as trading:
        with exchange.engine_stalled(market):
            first = trading.send("submit_order", market=market, side="buy", quantity="1", price="9")
            figures_in_time(exchange, "exchange_commands_in_flight", 1, market=market)
            second = trading.send(
                "submit_order", market=market, side="buy", quantity="1", price="8"
            )
            figures_in_time(exchange, "exchange_queue_length", 1, market=market)
        assert trading.answer(first)["success"]
        assert trading.answer(second)["success"]

    figures = figures_in_time(exchange, "exchange_commands_in_flight", 0, market=market)
    assert figures("exchange_queue_length", market=market) == 0


# Sequences, engines


def test_an_engine_and_its_followers_show_how_far_they_are(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    alice.place(market, "buy", "1", price="100")
    exchange.settle(market)

    figures = figures_in_time(exchange, "exchange_book_in_step", 1, market=market)
    sequence = exchange.sequence(market)
    assert figures("exchange_engine_sequence", market=market) == sequence
    assert figures("exchange_market_sequence", market=market) == sequence
    assert figures("exchange_engine_running", market=market) == 1
    assert figures("exchange_engine_alive", market=market) == 1
    assert figures.by("reason", "exchange_takeovers_total", market=market) == {"start": 1}


def test_an_engine_says_why_it_runs_here() -> None:
    host = EngineHost(engine_consumer)

    reasons = [host._reason("A-USD")]
    host._looked = True
    reasons += [host._reason("A-USD"), host._reason("B-USD")]

    assert reasons == ["start", "restart", "take_over"]


# Sockets


def test_sockets_and_what_they_are_sent_are_counted(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    before = Figures(exchange.url).by("kind", "exchange_sockets")

    with exchange.market_data() as one, exchange.market_data() as two, alice.socket() as trading:
        follow(one, market)
        follow(two, market)
        trading.ask("ping")
        alice.place(market, "buy", "1", price="100")
        one.next("book", "update")
        one.ask("resync", market=market)
        during = figures_in_time(exchange, "exchange_book_followers", 2, market=market)

    for kind, more in (("market_data", 2), ("trading", 1)):
        assert during("exchange_sockets", kind=kind) == before.get(kind, 0) + more
        figures_in_time(exchange, "exchange_sockets", before.get(kind, 0), kind=kind)
    sent = during("exchange_updates_sent_total", market=market, channel="book")
    assert sent >= 5, "two snapshots, an update to each, a snapshot"
    assert during("exchange_follower_resyncs_total", market=market) == 1
    assert during("exchange_updates_dropped_total", market=market) == 0


def test_what_slow_readers_are_not_sent_is_counted(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()

    async def never_read(message: dict[str, Any]) -> None:
        raise AssertionError(message)

    outbox = Outbox(never_read, lambda missed: None)
    for _ in range(MAX_MARKET_FRAMES):
        outbox.put_market_data(Frame("update"), ("candles:1m", market))
    assert Figures(exchange.url)("exchange_updates_dropped_total", market=market) == 0
    for _ in range(3):
        outbox.put_market_data(Frame("update"), ("book", market))

    dropped = Figures(exchange.url).by("channel", "exchange_updates_dropped_total", market=market)
    assert dropped == {"candles": MAX_MARKET_FRAMES, "book": 3}


def test_a_socket_that_is_ended_is_counted_by_its_close_code(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    label = {"kind": "market_data", "code": str(CLOSE_TRY_AGAIN_LATER)}
    before = Figures(exchange.url)("exchange_sockets_closed_total", **label)

    with exchange.market_data() as follower:
        follow(follower, market)
        [outbox] = outboxes_of(market)
        exchange.loop.call_soon_threadsafe(outbox.close, CLOSE_TRY_AGAIN_LATER)
        figures_in_time(exchange, "exchange_sockets_closed_total", before + 1, **label)


def test_a_book_that_starts_over_is_counted_by_its_reason(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    view = process.current().hub.markets[market]

    async def hear() -> None:
        view.hear_pulse(Pulse(view.book.sequence + 1, 0))

    exchange.in_loop(hear())

    figures = figures_in_time(exchange, "exchange_book_in_step", 1, market=market)
    assert figures("exchange_resyncs_total", market=market, reason="pulse") >= 1


# Errors


def problems(exchange: ExchangeDriver) -> dict[str, float]:
    return Figures(exchange.url).by("code", "exchange_problems_total")


@pytest.mark.usefixtures("both_lanes")
def test_errors_are_counted_by_code(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    before = problems(exchange)

    def so_many_more(code: str) -> float:
        return problems(exchange).get(code, 0) - before.get(code, 0)

    assert alice.submit(market, "sideways", "1").status_code == 400
    item = {"market": market, "side": "sideways", "quantity": "1"}
    alice.post("orders/batch", orders=[item])
    with alice.socket() as trading:
        trading.refused("submit_order", market=market, side="sideways", quantity="1")
    assert so_many_more("invalid_request") == 3

    assert httpx.get(f"{exchange.url}/api/v1/orders").status_code == 401
    assert so_many_more("not_authenticated") == 1
    assert httpx.get(f"{exchange.url}/api/v1/markets/NO-SUCH").status_code == 404
    assert so_many_more("not_found") == 1


# Who reads them


def test_figures_say_nothing_of_accounts(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    alice.place(market, "buy", "1", price="100", client_order_id="alices-own")

    samples = [one for one in Figures(exchange.url).samples if one.name.startswith("exchange_")]

    assert {label for sample in samples for label in sample.labels} <= LABELS
    numbered = ("code", "le")  # they may be an account's number by chance
    labels = [item for sample in samples for item in sample.labels.items()]
    values = {value for label, value in labels if label not in numbered}
    assert not values & {alice.name, str(alice.account.pk), "alices-own"}
    markets = {sample.labels["market"] for sample in samples if "market" in sample.labels}
    of_all = ""  # the dialect's streams of all markets
    assert markets - {of_all} <= process.current().hub.markets.keys()


def test_a_process_may_show_its_figures_at_a_port_of_their_own(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    port = free_port()

    with metrics.shown_at("127.0.0.1", port):
        figures = Figures(f"http://127.0.0.1:{port}")
        with (
            pytest.raises(CommandError, match="cannot show metrics on"),
            metrics.shown_at("127.0.0.1", port),
        ):
            pass

    assert figures("exchange_engine_running", market=market) == 1
    with pytest.raises(httpx.ConnectError):
        Figures(f"http://127.0.0.1:{port}")


def test_processes_may_share_a_folder_and_speak_for_each_other(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def process(*lines: str) -> str:
        script = "\n".join(
            (
                "from prometheus_client import generate_latest; from markets.metrics import *; import os",
                *lines,
            )
        )
        return subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    for sequence in (7, 9):
        process(
            "LaneFigures('X-USD').answered([0, 0], ['done', 'busy'])",
            f"EngineFigures('X-USD').started(TAKE_OVER, {sequence}, 1)",
            "os._exit(0)",  # killed
        )
    process("EngineFigures('X-USD').started(START, 20, 1)")  # ends well
    shown = process("print(generate_latest(registry()).decode())")

    assert 'exchange_commands_total{market="X-USD",outcome="done"} 2.0' in shown
    assert 'exchange_order_seconds_count{market="X-USD"} 4.0' in shown
    assert 'exchange_takeovers_total{market="X-USD",reason="take_over"} 2.0' in shown
    assert 'exchange_engine_sequence{market="X-USD"} 9.0' in shown, "who left shows no more"


@pytest.mark.parametrize("amounts", [[], [0.5], [0, 1, 1, 1.5, 2, 99, math.inf]])
def test_many_observations_are_as_good_as_one_by_one(amounts: list[float]) -> None:
    shown = []
    for together in (True, False):
        registry = CollectorRegistry()
        histogram = ManyHistogram("h", "help", ["market"], registry=registry, buckets=(1, 2))
        child: Any = histogram.labels("X")
        if together:
            child.observe_all(amounts)
        else:
            for amount in amounts:
                child.observe(amount)
        shown.append(generate_latest(registry))

    assert shown[0] == shown[1]
