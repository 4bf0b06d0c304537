"""The world of a run: its processes, clients and markets, from the start to the last check."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
from asyncio import events
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from channels.layers import channel_layers
from django.db import DatabaseError, InterfaceError, connections
from redis.exceptions import RedisError

from clients.book import LocalBook
from markets import engines, limits, models, process, roster
from markets.consumers.engine.loop import EngineLoop
from markets.consumers.market_data import market_data_consumer
from markets.consumers.trading import trading_consumer
from markets.messages import transport
from markets.ownership import ownership
from tests.simulation.clocks import EPOCH, Clocks
from tests.simulation.database import Database, FaultyConnection
from tests.simulation.dice import Dice
from tests.simulation.follower import Follower
from tests.simulation.layer import SimulatedLayer
from tests.simulation.locks import Locks, SimulatedOwnership
from tests.simulation.loop import START, VirtualLoop
from tests.simulation.processes import RUNNING, Process, give_names
from tests.simulation.stage import SYMBOLS, Stage
from tests.simulation.threads import Threads
from tests.simulation.trace import Trace
from tests.simulation.trader import Trader
from tests.simulation.wire import Wire
from tests.simulation.wishes import JSON, Wish

T = TypeVar("T")
RESTART: Final = 0.5
"""Seconds after which whoever looks after a process starts it again, on average."""
CONSUMERS: Final = {"trading": trading_consumer, "market-data": market_data_consumer}
WEB: Final = ("web-1", "web-2")
ENGINES: Final = ("engine-1", "engine-2")
AWAY: Final = (DatabaseError, InterfaceError, RedisError, OSError)
"""What a process may end by when its surroundings are away as it starts."""


class World:
    """Everything there is in one run."""

    def __init__(self, seed: int, stage: Stage, file: Path) -> None:
        self.dice = Dice(seed)
        self.loop = VirtualLoop()
        self.trace = Trace(self.loop.time)
        self.loop.set_exception_handler(self._loop_complains)
        Clocks.source = self
        give_names(self.dice.random)
        limits.account_rate._buckets.clear()
        limits.public_rate._buckets.clear()
        self.threads = Threads(self.loop, self.dice)
        self.loop.run_call = self.threads.submit
        self.database = Database.current = Database(self.loop, self.dice, self.threads, self.trace)
        shutil.copy(stage.file, file)
        self._use_file(file)
        self.layer = SimulatedLayer(self.loop, self.dice, self.trace)
        channel_layers.set("default", self.layer)
        self.locks = Locks()
        for module in (engines, roster):
            vars(module)["ownership"] = lambda: SimulatedOwnership(self.locks)
        vars(engines)["Roster"] = _roster
        self.symbols = SYMBOLS
        self.processes: dict[str, Process] = {}
        self.engines: dict[tuple[str, str], EngineLoop] = {}
        """The engine loops that run, by process and market."""
        self.changes: list[tuple[str, float]] = []
        """Every start and end of an engine: which market, and when."""
        self.graveyard: list[object] = []
        """Tasks of the dead: kept, so that nothing of them runs when they are forgotten."""
        self.traders = [
            Trader(self, name, key, account) for name, (account, key) in stage.traders.items()
        ]
        self.followers = [Follower(self, f"follower-{number}") for number in (1, 2)]

    @staticmethod
    def _use_file(file: Path) -> None:
        connections["default"].close()
        connections.settings["default"]["NAME"] = str(file)
        connections.settings["default"]["OPTIONS"].update(factory=FaultyConnection, timeout=0)
        connections["default"] = connections.create_connection("default")

    def _loop_complains(self, loop: object, context: JSON) -> None:
        if "was destroyed but it is pending" not in context["message"]:
            self.trace.violate(f"{context['message']}: {context.get('exception')!r}")

    def leave(self) -> None:
        """Nothing of this world stays behind in what the next one shares with it."""
        self.trace.end()
        self.loop.close()
        Clocks.source = None
        channel_layers.set("default", None)
        for module in (engines, roster):
            vars(module)["ownership"] = ownership
        connections["default"].close()

    def read(self, call: Callable[..., T], *arguments: Any, **keywords: Any) -> T:
        """Ask the database for oneself: nothing goes wrong and no time passes."""
        running = events._get_running_loop()
        events._set_running_loop(None)
        try:
            return call(*arguments, **keywords)
        finally:
            events._set_running_loop(running)

    # Time

    def seconds(self) -> float:
        """The loop's."""
        return self.loop.time()

    def wall_micros(self) -> int:
        """What the running process's machine believes."""
        process = RUNNING.get()
        return self.true_micros() + (process.wall_offset if process is not None else 0)

    def true_micros(self) -> int:
        """What it is."""
        return EPOCH + self.loop.micros - START

    # Processes

    def start(self, name: str) -> None:
        """Start a process that does not run."""
        started = self.processes[name] = Process(name)
        started.at_death.append(lambda: self._bury(name))
        self.trace.note(f"{name} starts")
        main = self._serve_web() if name in WEB else self._run_engines(started)
        task = self.loop.start(main, started)
        self.graveyard.append(task)
        task.add_done_callback(lambda task: self._ended(started, task))

    def _ended(self, ended: Process, task: asyncio.Task[Any]) -> None:
        error = task.exception()
        self.trace.note(f"{ended} ends by {error!r}")
        self.trace.expect(isinstance(error, AWAY), f"{ended} ended by {error!r}")
        ended.die()

    async def _serve_web(self) -> None:
        await process.start(_no_application, engines=False)
        await self.loop.create_future()

    @contextmanager
    def _changing(self, symbol: str) -> Iterator[None]:
        self.changes.append((symbol, self.loop.time()))
        try:
            yield
        finally:
            self.changes.append((symbol, self.loop.time()))

    async def run_engine(self, symbol: str) -> None:
        """Run a market without asking who else does."""
        channel = transport.engine_channel(symbol)
        with self._changing(symbol):
            await EngineLoop(symbol, lambda: self.layer.receive(channel)).run()

    async def _run_engines(self, own: Process) -> None:
        async def application(scope: JSON, receive: Any, send: object) -> None:
            symbol = scope["channel"].removeprefix("engine.")
            engine = self.engines[own.name, symbol] = EngineLoop(symbol, receive, scope["tenure"])
            try:
                with self._changing(symbol):
                    await engine.run()
            finally:
                self.engines.pop((own.name, symbol), None)

        await engines.EngineHost(application).run()

    def _bury(self, name: str) -> None:
        """A process is dead; somebody starts it again after a while."""
        for key in [key for key in self.engines if key[0] == name]:
            self.graveyard.append(self.engines.pop(key))
        self.loop.later(self.dice.delay(RESTART), self.start, name)

    def connect(
        self,
        kind: str,
        on_text: Callable[[Wire, str], None],
        on_close: Callable[[Wire], None],
        key: str | None = None,
    ) -> Wire | None:
        """A WebSocket to any web process that listens; None: nobody does."""
        listening = [
            each
            for each in (self.processes[name] for name in WEB)
            if each.alive and not each.cut_off and each.parts is not None
        ]
        if not listening:
            return None
        chosen = self.dice.random.choice(listening)
        wire = Wire(self.loop, self.dice, chosen, on_text, on_close)
        headers = [] if key is None else [(b"authorization", f"Bearer {key}".encode())]
        scope = {
            "type": "websocket",
            "headers": headers,
            "client": ("192.0.2.1", 1),
            "cookies": {},
            "extensions": {},
        }
        task = self.loop.start(CONSUMERS[kind](scope, wire.receive, wire.send), chosen)
        self.graveyard.append(task)
        return wire

    def web_processes(self) -> list[Process]:
        """Those that serve."""
        serving = (self.processes[name] for name in WEB)
        return [each for each in serving if each.alive and each.parts is not None]

    def ill(self) -> str | None:
        """What is not as it should be; None: all is well."""
        for symbol in self.symbols:
            running = [name for name, market in self.engines if market == symbol]
            if len(running) != 1:
                return f"{symbol} is run by {running}"
            sequence = self.read(
                models.Market.objects.values_list("last_sequence", flat=True).get, symbol=symbol
            )
            for each in self.followers:
                feed = each.feeds[symbol]
                if not feed.in_step or feed.book.sequence != sequence:
                    return f"{each.name} is not in step in {symbol}: {feed.reason}"
        if len(self.web_processes()) != len(WEB):
            return "a web process does not serve"
        for trader in self.traders:
            if trader.waiting:
                return f"{trader.name} waits: {next(w for w in trader.wishes if not w.settled)}"
            told = self.read(
                models.Account.objects.values_list("event_sequence", flat=True).get,
                pk=trader.account,
            )
            if trader.feed.resume_from != told + 1:
                return f"{trader.name} wants {trader.feed.resume_from}, there are {told}"
        if self.read(self._orders_without_connection):
            return "an order outlives its connection"
        waiting = self.read(models.OperatorCommand.objects.filter(done=False).count)
        return f"{waiting} operators' commands wait" if waiting else None

    def _orders_without_connection(self) -> list[int]:
        """Open orders that should have ended with a connection."""
        gateways = [each.parts.gateway for each in self.web_processes() if each.parts is not None]
        alive = set().union(*(gateway._connections for gateway in gateways))
        bound = models.Order.objects.filter(models.LIVE_ORDERS).exclude(connection=None)
        return [
            pk
            for pk, connection in bound.values_list("pk", "connection")
            if connection not in alive
        ]

    def changed_hands(self, symbol: str, since: float) -> bool:
        """Whether a market got another engine, or lost one of two, after a moment."""
        return any(market == symbol and when > since for market, when in self.changes)

    # What clients hear, checked at once

    def acknowledged(self, trader: Trader, wish: Wish, result: JSON) -> None:
        """Law 2: nothing is said before it is durable."""
        if wish.method == "submit_order":
            found = self.read(models.Order.objects.filter(pk=int(result["id"])).exists)
            self.trace.expect(
                found, f"{trader.name} was told of an order that is not durable: {wish}"
            )

    def believed(self, follower: Follower, symbol: str, book: LocalBook) -> None:
        """A book that a client believes was durable before."""
        last = self.read(
            models.Market.objects.values_list("last_sequence", flat=True).get, symbol=symbol
        )
        self.trace.expect(
            book.sequence <= last, f"{follower.name} knows {symbol} {book.sequence} before the rows"
        )


def _roster(channel: str, only: frozenset[str] | None) -> roster.Roster:
    """Each process has a name of its own for its sessions."""
    return roster.Roster(channel, only, token=secrets.token_hex(6))


async def _no_application(*_: object) -> None:
    """A web process runs no engines."""


class Ears(logging.Handler):
    """What the code logs is part of the trace; a defect that it notes is a broken promise."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(logging.INFO)
        self._trace = trace

    def emit(self, record: logging.LogRecord) -> None:
        """Note a line."""
        text = f"{record.levelname} {record.name}: {record.getMessage()}"
        error = record.exc_info[1] if record.exc_info else None
        if record.levelno >= logging.ERROR and not isinstance(error, AWAY):
            self._trace.violate(f"{text} {error!r}")
        else:
            self._trace.note(text)
