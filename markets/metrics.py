"""What Prometheus is told: every figure of ours, defined here once, and who hands it in.

Rules:
- A process speaks for itself: it is scraped at its own port. If PROMETHEUS_MULTIPROC_DIR is set, any
  process speaks for all that share that folder; a gauge says by its mode how they add up.
- The order's way counts by batch, never by order: what is handed in here are numbers and lists.
- Labels are markets, channels and codes, of which there are few; never an account, an order or an address.
- Nothing is decided by a figure, and none is read by this program.
"""

from __future__ import annotations

import argparse
import atexit
import os
import time
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Final

from django.core.management.base import CommandError
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.context_managers import Timer
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

SECONDS: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
)  # fmt: skip
"""Upper bounds of what is measured in seconds; the last is the gateway's patience."""
COMMANDS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Upper bounds of what is counted by batch."""
COMMON_OUTCOMES: Final = ("done", "busy", "unavailable", "timeout")
"""Outcomes that are shown before the first of them, so that a rate sees it."""
START: Final = "start"
RESTART: Final = "restart"
TAKE_OVER: Final = "take_over"
"""Why a market's engine starts here: with this process or the market, after it ended here by itself, or
because another process died or gave it up.
"""
SHARED: Final = "PROMETHEUS_MULTIPROC_DIR" in os.environ

disable_created_metrics()  # type: ignore[no-untyped-call]
if SHARED:
    atexit.register(mark_process_dead, os.getpid())


class ManyHistogram(Histogram):
    """A Histogram that takes many observations for little more than the cost of one."""

    def observe_all(self, amounts: Collection[float]) -> None:
        """The same as `observe` for each of these."""
        self._sum.inc(sum(amounts))
        buckets = Tally(map(partial(bisect_left, self._upper_bounds), amounts))
        for bucket, count in buckets.items():
            self._buckets[bucket].inc(count)


# What web processes see

COMMANDS_TOTAL: Final = Counter(
    "exchange_commands_total", "Commands that were answered, by outcome", ["market", "outcome"]
)
ORDER_SECONDS: Final = ManyHistogram(
    "exchange_order_seconds",
    "From a command's arrival in this process to its answer",
    ["market"],
    buckets=SECONDS,
)
IN_FLIGHT: Final = Gauge(
    "exchange_commands_in_flight",
    "Commands of this process that wait for their answer",
    ["market"],
    multiprocess_mode="livesum",
)
PROBLEMS: Final = Counter(
    "exchange_problems_total", "Requests that were answered with an error, by code", ["code"]
)
SOCKETS: Final = Gauge(
    "exchange_sockets", "Open WebSocket connections", ["kind"], multiprocess_mode="livesum"
)
SOCKETS_CLOSED: Final = Counter(
    "exchange_sockets_closed_total",
    "Connections that this process ended itself, by close code",
    ["kind", "code"],
)
UPDATES_SENT: Final = Counter(
    "exchange_updates_sent_total",
    "Market-data messages to followers, one for each socket, dropped ones too",
    ["market", "channel"],
)
UPDATES_DROPPED: Final = Counter(
    "exchange_updates_dropped_total",
    "Those that a follower was not sent because it reads too slowly",
    ["market", "channel"],
)
RESYNCS: Final = Counter(
    "exchange_resyncs_total",
    "Times that this process's book started over from the rows",
    ["market", "reason"],
)
FOLLOWER_RESYNCS: Final = Counter(
    "exchange_follower_resyncs_total", "Times that a follower asked for a new book", ["market"]
)
MARKET_SEQUENCE: Final = Gauge(
    "exchange_market_sequence",
    "Sequence of this process's book",
    ["market"],
    multiprocess_mode="livemin",
)
ENGINE_ALIVE: Final = Gauge(
    "exchange_engine_alive",
    "1: the market's engine was heard of late",
    ["market"],
    multiprocess_mode="livemin",
)
BOOK_IN_STEP: Final = Gauge(
    "exchange_book_in_step",
    "1: this process's book is known to be the engine's",
    ["market"],
    multiprocess_mode="livemin",
)
BOOK_FOLLOWERS: Final = Gauge(
    "exchange_book_followers",
    "Sockets that follow the book",
    ["market"],
    multiprocess_mode="livesum",
)

# What engines see

ENGINE_RUNNING: Final = Gauge(
    "exchange_engine_running",
    "1: this process runs the market's engine",
    ["market"],
    multiprocess_mode="livesum",
)
ENGINE_SEQUENCE: Final = Gauge(
    "exchange_engine_sequence",
    "Last durable sequence of the engine that ran here",
    ["market"],
    multiprocess_mode="livemax",
)
TAKEOVERS: Final = Counter(
    "exchange_takeovers_total",
    "Times that this process began to run a market's engine",
    ["market", "reason"],
)
STEP_DOWNS: Final = Counter(
    "exchange_step_downs_total", "Times that another engine was found to write it", ["market"]
)
QUEUE_LENGTH: Final = Gauge(
    "exchange_queue_length",
    "Commands that wait for their batch",
    ["market"],
    multiprocess_mode="livesum",
)
OPEN_ORDERS: Final = Gauge(
    "exchange_open_orders", "Orders in the engine's book", ["market"], multiprocess_mode="livemax"
)
BATCH_COMMANDS: Final = Histogram(
    "exchange_batch_commands", "Commands in one batch", ["market"], buckets=COMMANDS
)
BATCH_SECONDS: Final = Histogram(
    "exchange_batch_seconds",
    "From a batch's first look at the rows to its commit, its repetitions too",
    ["market"],
    buckets=SECONDS,
)
COMMIT_SECONDS: Final = Histogram(
    "exchange_commit_seconds", "One transaction of the database", ["market"], buckets=SECONDS
)
COMMITS_IN_DOUBT: Final = Counter(
    "exchange_commits_in_doubt_total", "Commits whose answer was lost", ["market"]
)
TRADES: Final = Counter("exchange_trades_total", "Trades that became durable", ["market"])


class LaneFigures:
    """What a gateway knows of its commands for one market."""

    def __init__(self, market: str) -> None:
        self._market = market
        self._seconds = ORDER_SECONDS.labels(market)
        self._in_flight = IN_FLIGHT.labels(market)
        self._outcomes = {
            outcome: COMMANDS_TOTAL.labels(market, outcome) for outcome in COMMON_OUTCOMES
        }

    def sent(self, in_flight: int) -> None:
        """Commands were sent together; so many wait now."""
        self._in_flight.set(in_flight)

    def answered(
        self, arrivals: Iterable[float], outcomes: Iterable[str], in_flight: int = 0
    ) -> None:
        """Commands that arrived then (`time.perf_counter`) were answered together."""
        now = time.perf_counter()
        self._seconds.observe_all([now - arrival for arrival in arrivals])
        self._in_flight.set(in_flight)
        for outcome, count in Tally(outcomes).items():
            self.count(outcome, count)

    def count(self, outcome: str, count: int = 1) -> None:
        """So many commands came to this."""
        counter = self._outcomes.get(outcome)
        if counter is None:
            counter = self._outcomes[outcome] = COMMANDS_TOTAL.labels(self._market, outcome)
        counter.inc(count)


class ViewFigures:
    """What a hub knows of one market."""

    def __init__(self, market: str) -> None:
        self._market = market
        self.sequence = MARKET_SEQUENCE.labels(market)
        self._alive = ENGINE_ALIVE.labels(market)
        self._in_step = BOOK_IN_STEP.labels(market)
        self._followers = BOOK_FOLLOWERS.labels(market)

    def state(self, *, alive: bool, in_step: bool, followers: int) -> None:
        """How it stands, now and then."""
        self._alive.set(alive)
        self._in_step.set(in_step)
        self._followers.set(followers)

    def resync(self, reason: str) -> None:
        """The book starts over: `gap`, `checksum`, `pulse` (it was behind) or `configured`."""
        RESYNCS.labels(self._market, reason).inc()


@cache
def updates_sent(channel: str, market: str) -> Counter:
    """The messages of a channel, of whatever interval."""
    return UPDATES_SENT.labels(market, channel.partition(":")[0])


@cache
def updates_dropped(channel: str, market: str) -> Counter:
    """The messages of a channel that were not sent."""
    return UPDATES_DROPPED.labels(market, channel.partition(":")[0])


class EngineFigures:
    """What one market's engine knows of itself."""

    def __init__(self, market: str) -> None:
        self._market = market
        self._running = ENGINE_RUNNING.labels(market)
        self._sequence = ENGINE_SEQUENCE.labels(market)
        self._open_orders = OPEN_ORDERS.labels(market)
        self._commands = BATCH_COMMANDS.labels(market)
        self._seconds = BATCH_SECONDS.labels(market)
        self._commit = COMMIT_SECONDS.labels(market)
        self._in_doubt = COMMITS_IN_DOUBT.labels(market)
        self._trades = TRADES.labels(market)
        self._step_downs = STEP_DOWNS.labels(market)
        self.queue = QUEUE_LENGTH.labels(market)
        self._started = False

    def started(self, reason: str, sequence: int, open_orders: int) -> None:
        """The engine loaded the rows and serves; a market without a past was nobody's before."""
        TAKEOVERS.labels(self._market, reason if sequence else START).inc()
        self._running.inc()
        self._started = True
        self._sequence.set(sequence)
        self._open_orders.set(open_orders)

    def stopped(self) -> None:
        """It does no more; its sequence stays, since it was true."""
        if self._started:
            self._running.dec()
            self.queue.set(0)
            self._open_orders.set(0)

    def stepped_down(self) -> None:
        """Another engine writes this market."""
        self._step_downs.inc()

    def batch(self, commands: int) -> Timer:
        """Around a batch of so many commands."""
        self._commands.observe(commands)
        return self._seconds.time()

    def commit(self) -> Timer:
        """Around its transaction."""
        return self._commit.time()

    def in_doubt(self) -> None:
        """The database did not say whether it took a batch."""
        self._in_doubt.inc()

    def durable(self, sequence: int, trades: int, open_orders: int) -> None:
        """A batch is on disk."""
        self._sequence.set(sequence)
        self._trades.inc(trades)
        self._open_orders.set(open_orders)


# How they are read


def registry() -> CollectorRegistry:
    """What is to be shown: this process's figures, or those of all that share a folder."""
    if not SHARED:
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared


def add_arguments(parser: argparse.ArgumentParser, host: str, port: int) -> None:
    """The options of a command whose process shows its figures at a port of their own."""
    parser.add_argument(
        "--metrics-port",
        type=int,
        default=port,
        help="where this process shows its metrics by itself (default: nowhere)",
    )
    parser.add_argument("--metrics-host", default=host, help="on which address")


@contextmanager
def shown_at(host: str, port: int) -> Iterator[None]:
    """Show this process's figures at a port of their own; 0: do not. Raises CommandError."""
    if not port:
        yield
        return
    try:
        server, thread = start_http_server(port, host, registry())
    except (OSError, OverflowError) as error:
        raise CommandError(f"cannot show metrics on {host}:{port}: {error}") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
