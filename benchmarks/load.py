"""The load generator, a process of its own: a Plan in JSON on stdin, an Outcome in JSON into a file.

Rules:
- Closed loop (rate 0): each connection keeps `in_flight` requests waiting; the next is sent when one is
  answered. Open loop: `rate` requests a second, spread evenly over the connections, sent whether or not
  earlier ones were answered; a latency counts from the time at which a request was due, never later. What
  became due is sent each millisecond: a busier loop would take the processor from the server.
- In turns: one connection asks after the other, `in_flight` requests at a time in all.
- What is counted falls into `seconds` after `warm_up`; then nothing more is asked, and all answers must
  come. Every reply is checked (flow.py); what was wrong is in the Outcome, and the runner fails.
- The server's CPU seconds are read at both ends of the window, all its threads together.
- Followers write down the market data they are sent; their books are made and proved afterwards
  (books.py), so that it costs nothing in the window.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
import psutil
import uvloop

from benchmarks.books import Follower, follow, prove
from benchmarks.flow import (
    TICKS,
    Echo,
    FanOut,
    Orders,
    RestOrder,
    RestOrders,
    SubmitOrder,
    SubmitOrders,
    Talk,
    Wrong,
)
from benchmarks.wire import HttpWire, SocketWire, Wire, connect

ANSWERS_WITHIN: Final = 15.0
"""Seconds that the last answers may take: more than the exchange's own timeout."""
MOST_WRONG: Final = 10
PACE: Final = 0.001
"""Seconds between looks at what is due."""
TRADING: Final = "/ws/v1/trading"


class Plan(msgspec.Struct, kw_only=True):
    """What to ask of whom."""

    url: str
    pid: int
    more_urls: list[str] = []
    """Other web processes: connections and followers are spread over all of them."""
    more_pids: list[int] = []
    """Other processes whose CPU counts."""
    talk: str
    """socket, socket-batch, rest, rest-batch or fan-out."""
    bare: bool = False
    """The server is the bare one (bare.py)."""
    keys: list[str] = []
    markets: list[str]
    tag: str = ""
    in_turns: bool = False
    ticks: int = TICKS
    connections: int = 8
    in_flight: int = 64
    rate: float = 0.0
    batch: int = 100
    seconds: float = 5.0
    warm_up: float = 0.5
    followers: int = 0
    seed: int = 1

    @property
    def urls(self) -> list[str]:
        """All web processes."""
        return [self.url, *self.more_urls]


class Outcome(msgspec.Struct, kw_only=True):
    """What came of it."""

    orders: int
    """Orders answered in the window."""
    seconds: float
    server_cpu: float
    load_cpu: float
    latencies: list[float]
    """Seconds, sorted, of the requests in the window."""
    traded: float
    """Share of all orders that were filled at least in part when they were answered."""
    updates: int
    update_bytes: int
    """Book updates that one follower got in the window, and their size together."""
    delivered: int
    """Book updates that all followers together got in the window."""
    lags: list[float]
    """Seconds, sorted, from a reply in the window until a follower was told; one for each of both."""
    told: list[float]
    """The same from the time at which the order was due."""
    rss: int
    """Bytes of the server's memory that came on since before the followers."""
    wrong: list[str]


class Meter:
    """What all connections count together."""

    def __init__(self) -> None:
        self.orders = 0
        self.latencies: list[float] = []
        self.replies: list[tuple[int, float, float]] = []
        """Sequences named in replies, when their orders were due, and when they were answered."""
        self.since = float("inf")
        self.until = float("inf")
        self.stopped = False
        self.wrong: list[str] = []

    def blame(self, what: str) -> None:
        """Note something wrong, and ask nothing more."""
        self.stopped = True
        if len(self.wrong) < MOST_WRONG:
            self.wrong.append(what)


class Connection:
    """One connection's requests."""

    wire: Wire

    def __init__(self, talk: Talk, meter: Meter, *, closed_loop: bool) -> None:
        self.talk = talk
        self._meter = meter
        self._closed_loop = closed_loop
        self.then = self
        """Who asks when this one was answered."""
        self._waiting: dict[int, float] = {}
        self._number = 0

    @property
    def waits(self) -> bool:
        """Whether an answer is outstanding."""
        return bool(self._waiting)

    def ask(self, count: int, due: float) -> None:
        """Send so many requests, which were due at that time."""
        self.wire.send([self._next(due) for _ in range(count)])

    def _next(self, due: float) -> bytes:
        self._number += 1
        self._waiting[self._number] = due
        return self.talk.request(self._number)

    def received(self, messages: list[bytes], now: float) -> None:
        """Check replies, and ask as much again."""
        meter = self._meter
        for message in messages:
            try:
                due = self._waiting.pop(self.talk.reply(message))
            except (Wrong, KeyError, IndexError) as error:
                meter.blame(f"{type(error).__name__}: {error}")
                return
            if meter.since <= due <= meter.until:
                meter.latencies.append(now - due)
            if meter.since <= now <= meter.until:
                meter.orders += self.talk.orders_each
                meter.replies.append((self.talk.sequence, due, now))
        if self._closed_loop and not meter.stopped:
            self.then.ask(len(messages), time.perf_counter())


def talk_of(plan: Plan, number: int) -> tuple[type[Wire], str, Talk]:
    """How the connection of that number talks, and where to."""
    market = plan.markets[number // 2 % len(plan.markets)]
    taking = 0.5 if plan.connections == 1 else number % 2
    orders = Orders(plan.seed, market, f"{plan.tag}.{number}.", taking, plan.ticks)
    kind: type[Wire] = HttpWire if plan.talk.startswith("rest") else SocketWire
    talk: Talk
    match plan.talk:
        case "socket":
            path, talk = TRADING, SubmitOrder(orders)
        case "socket-batch":
            path, talk = TRADING, SubmitOrders(orders, plan.batch)
        case "rest":
            path, talk = "/api/v1/orders", RestOrder(orders)
        case "rest-batch":
            path, talk = "/api/v1/orders/batch", RestOrders(orders, plan.batch)
        case "fan-out":
            return kind, "/fan-out", FanOut(orders)
        case _:
            raise ValueError(f"there is no talk {plan.talk!r}")
    if plan.bare:
        return kind, "/echo", Echo(talk, skipped=3 if kind is HttpWire else 0)
    return kind, path, talk


async def _connections(plan: Plan, meter: Meter) -> list[Connection]:
    connections: list[Connection] = []
    for number in range(plan.connections):
        kind, path, talk = talk_of(plan, number)
        connection = Connection(talk, meter, closed_loop=not plan.rate)
        key = plan.keys[number % len(plan.keys)] if plan.keys else None
        url = plan.urls[number // 4 % len(plan.urls)]
        connection.wire = await connect(kind, url, path, connection.received, key)
        connections.append(connection)
    if plan.in_turns:
        for before, after in zip(connections, connections[1:] + connections[:1], strict=True):
            before.then = after
    return connections


async def run(plan: Plan) -> Outcome:
    """Connect, warm up, measure, wait for all answers, prove the books."""
    meter = Meter()
    server = psutil.Process(plan.pid)
    servers = [server, *map(psutil.Process, plan.more_pids)]
    rss = server.memory_info().rss
    followers = [
        Follower(plan.urls[number % len(plan.urls)], plan.markets, bare=plan.bare)
        for number in range(plan.followers)
    ]
    await follow(followers)
    connections = await _connections(plan, meter)
    asking = asyncio.create_task(_ask(plan, connections, meter))
    await asyncio.sleep(plan.warm_up)
    began, cpu, own = time.perf_counter(), _cpu(servers), time.process_time()
    meter.since = began
    await asyncio.sleep(plan.seconds)
    meter.until = ended = time.perf_counter()
    cpu, own = _cpu(servers) - cpu, time.process_time() - own
    rss = server.memory_info().rss - rss
    meter.stopped = True
    await asking
    await _all_answered(connections, meter)
    meter.wrong += await prove(plan.url, followers)
    for connection in connections:
        meter.wrong += [connection.wire.failure] if connection.wire.failure else []
        connection.wire.close()
    placed = sum(connection.talk.orders.placed for connection in connections)
    seen = [follower.updates(began, ended) for follower in followers]
    updates = seen[0] if seen else []
    return Outcome(
        orders=meter.orders,
        seconds=ended - began,
        server_cpu=cpu,
        load_cpu=own,
        latencies=sorted(meter.latencies),
        traded=sum(connection.talk.orders.traded for connection in connections) / max(1, placed),
        updates=len(updates),
        update_bytes=sum(map(len, updates)),
        delivered=sum(map(len, seen)),
        lags=_lags(followers, [(sequence, now) for sequence, _, now in meter.replies]),
        told=_lags(followers, [(sequence, due) for sequence, due, _ in meter.replies]),
        rss=rss,
        wrong=meter.wrong,
    )


async def _ask(plan: Plan, connections: list[Connection], meter: Meter) -> None:
    """Begin the closed loop; or send what is due, until stopped."""
    begin = time.perf_counter()
    if not plan.rate:
        for connection in connections[:1] if plan.in_turns else connections:
            connection.ask(plan.in_flight, begin)
        return
    sent = 0
    while not meter.stopped:
        due = begin + sent / plan.rate
        now = time.perf_counter()
        if due > now:
            await asyncio.sleep(PACE)
            continue
        connections[sent % len(connections)].ask(1, due)
        sent += 1
        if sent % 64 == 0:
            await asyncio.sleep(0)


async def _all_answered(connections: list[Connection], meter: Meter) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ANSWERS_WITHIN):
            while not meter.wrong and any(connection.waits for connection in connections):
                await asyncio.sleep(0.01)
    if not meter.wrong and any(connection.waits for connection in connections):
        meter.blame("not all requests were answered")


def _lags(followers: list[Follower], since: list[tuple[int, float]]) -> list[float]:
    return sorted(lag for follower in followers for lag in follower.lags(since))


def _cpu(processes: list[psutil.Process]) -> float:
    all_times = [process.cpu_times() for process in processes]
    return float(sum(times.user + times.system for times in all_times))


def main() -> None:
    """One plan, one outcome."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    Path(sys.argv[1]).write_bytes(msgspec.json.encode(uvloop.run(run(plan))))


if __name__ == "__main__":
    main()
