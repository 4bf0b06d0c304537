"""The cluster on one machine: `python -m benchmarks.cluster [CASE…]` (make bench-cluster).

Rules:
- The exchange is `manage.py serve --web` and `manage.py runengine` processes, as anybody would start them,
  on a PostgreSQL database of its own beside the one that DATABASE_URL names, and on the Redis of REDIS_URL,
  which nobody else may use meanwhile. Everything, the load generator too, is on this machine.
- Orders, replies, books and the audit are checked as in orders.py.
- The bare limits are an echo by the same server; and for one order alone an echo, one commit of one row and
  two messages through Redis (LPUSH, BRPOP), one after the other.
- CPU an order is that of all web and engine processes; PostgreSQL's and Redis's own are not in it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from typing import Final

import msgspec
import psycopg
import redis

from benchmarks.databases import a_database
from benchmarks.exchange import (
    MARKETS,
    ROOT,
    STOPS_WITHIN,
    Exchange,
    Failed,
    Server,
    bare_server,
    exchange,
)
from benchmarks.load import Plan
from benchmarks.orders import ECHO, FOLLOWERS, SOCKET
from benchmarks.report import Figure
from benchmarks.runs import (
    Case,
    LeftOut,
    Settings,
    at,
    bare_plan,
    load,
    quantile,
    rounds,
    say,
    terminal,
)

READY_WITHIN: Final = 60.0
ORDERS_A_SECOND: Final = 10


class Cluster(Exchange):
    """As many web processes as engine processes; each engine has one market of its own."""

    size = 1

    def __init__(self, folder: str, environment: dict[str, str]) -> None:
        super().__init__(folder, environment)
        self._webs = [Server(self.environment) for _ in range(self.size)]
        self._engines: list[subprocess.Popen[bytes]] = []

    def start(self, profile: str | None = None) -> None:
        """Start all processes; returns when every web process is ready."""
        if profile and profile.endswith(".prof"):
            raise Failed("several processes are profiled by py-spy only: name a .svg")
        for symbol in MARKETS[: self.size]:
            command = [sys.executable, "manage.py", "runengine", "--markets", symbol]
            self._engines.append(subprocess.Popen(command, cwd=ROOT, env=self.environment))
        for web in self._webs:
            web.launch(sys.executable, "manage.py", "serve", "--web", "--port", "0")
        self.url, *self.more_urls = [web.url for web in self._webs]
        self.more_pids = [
            *(web.pid for web in self._webs[1:]),
            *(engine.pid for engine in self._engines),
        ]
        for web in self._webs:
            _wait_until_ready(web.url)

    @property
    def pid(self) -> int:
        """The first web process's."""
        return self._webs[0].pid

    def stop(self) -> None:
        """Ctrl-C for all. Raises Failed unless all end well."""
        for engine in self._engines:
            engine.send_signal(signal.SIGINT)
        for web in self._webs:
            web.stop()
        codes = [engine.wait(STOPS_WITHIN) for engine in self._engines]
        self._engines.clear()
        if any(codes):
            raise Failed(f"engines ended with {codes}")


class TwoByTwo(Cluster):
    """Two web processes and two engines."""

    size = 2


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=30):
                return
        except urllib.error.HTTPError:
            time.sleep(0.1)
    raise Failed(f"{url} was not ready within {READY_WITHIN:g} s")


@contextlib.contextmanager
def cluster(settings: Settings, kind: type[Cluster], *, accounts: int) -> Iterator[Exchange]:
    """A cluster that serves, on a database of its own. Raises LeftOut where it cannot be."""
    redis_url = os.environ.get("REDIS_URL")
    if not redis_url or not (settings.database or "").startswith("postgres"):
        raise LeftOut("set DATABASE_URL to a PostgreSQL and REDIS_URL to a Redis")
    with a_database(settings.database or "") as url:
        environment = {"DATABASE_URL": url, "REDIS_URL": redis_url, "SECRET_KEY": "benchmark"}
        with exchange(
            markets=kind.size,
            accounts=accounts,
            profile=settings.profile,
            environment=environment,
            kind=kind,
        ) as made:
            yield made


def orders(
    settings: Settings, *, goal: int, kind: type[Cluster], lag: float | None
) -> Iterator[Figure]:
    """Orders a second, and how long after their replies followers are told."""
    plan = msgspec.structs.replace(
        SOCKET,
        markets=list(MARKETS[: kind.size]),
        seconds=settings.seconds,
        followers=FOLLOWERS,
    )
    with cluster(settings, kind, accounts=plan.connections) as made, bare_server() as bare:
        done = rounds(settings, made, bare, plan)
    yield Figure(
        goal=goal,
        what=f"orders on the trading socket, 8 × 64 in flight, {kind.size} web + {kind.size} engine",
        unit="orders/s",
        values=[one.rate for one in done],
        wanted=5_000,
        bare=ECHO,
        bare_values=[one.bare_rate for one in done if one.bare],
        cpu=[one.cpu for one in done],
    )
    if lag is not None:
        yield Figure(
            goal=goal,
            what="a book update at 10 followers after the reply, under that load, median",
            unit="ms",
            higher=False,
            values=[quantile(one.full.lags, 0.5) * 1e3 for one in done],
            wanted=lag,
        )
        yield Figure(
            goal=goal,
            what="an order under that load, median",
            unit="ms",
            higher=False,
            values=[quantile(one.full.latencies, 0.5) * 1e3 for one in done],
        )


def alone(settings: Settings) -> Iterator[Figure]:
    """Single orders: the way through Redis and back, and on to followers."""
    plan = Plan(
        url="",
        pid=0,
        talk="socket",
        markets=[MARKETS[0]],
        connections=2,
        in_flight=1,
        in_turns=True,
        seconds=settings.seconds,
        followers=FOLLOWERS,
    )
    seldom = msgspec.structs.replace(plan, in_turns=False, rate=ORDERS_A_SECOND)
    medians: list[float] = []
    limits: list[float] = []
    lags: list[float] = []
    with cluster(settings, Cluster, accounts=2) as made, bare_server() as bare:
        for number in range(settings.runs):
            echo = quantile(load(at(bare, bare_plan(plan), number)).latencies, 0.5)
            commit = quantile(_commits(settings.database or "", settings.seconds / 4), 0.5)
            message = quantile(_messages(os.environ["REDIS_URL"], settings.seconds / 4), 0.5)
            medians.append(quantile(load(at(made, plan, number)).latencies, 0.5) * 1e3)
            limits.append((echo + commit + 2 * message) * 1e3)
            calm = load(at(made, seldom, settings.runs + number))
            lags.append(quantile(calm.lags, 0.5) * 1e3)
            say(
                f"  run {number + 1}: {medians[-1]:.2f} ms, told {lags[-1]:.2f} ms later; bare echo "
                f"{echo * 1e3:.3f} ms, commit {commit * 1e3:.3f} ms, message {message * 1e3:.3f} ms"
            )
    yield Figure(
        goal=3,
        what="one order, one in flight, median",
        unit="ms",
        higher=False,
        values=medians,
        bare="ms for a bare echo, a bare commit and two bare messages",
        bare_values=limits,
    )
    yield Figure(
        goal=3,
        what="a book update at 10 followers after the reply, median",
        unit="ms",
        higher=False,
        values=lags,
        wanted=15,
    )


def _commits(database: str, seconds: float) -> list[float]:
    """How long one-row commits took in PostgreSQL, in seconds, sorted."""
    took: list[float] = []
    with a_database(database) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (id bigserial PRIMARY KEY, text text)")
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            connection.execute("INSERT INTO bare (text) VALUES (%s)", ("x" * 300,))
            took.append(time.perf_counter() - began)
    return sorted(took)


def _messages(url: str, seconds: float) -> list[float]:
    """How long a message took into a list of Redis and out again, in seconds, sorted."""
    took: list[float] = []
    with redis.Redis.from_url(url.partition(",")[0]) as client:
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            client.lpush("bench.bare", b"x" * 300)
            client.brpop(["bench.bare"])
            took.append(time.perf_counter() - began)
    return sorted(took)


CASES: dict[str, Case] = {
    "cluster-1-1": partial(orders, goal=1, kind=Cluster, lag=15.0),
    "cluster-2-2": partial(orders, goal=2, kind=TwoByTwo, lag=None),
    "cluster-alone": alone,
}

if __name__ == "__main__":
    sys.exit(terminal(CASES))
