"""A client that trades: repeats what is not answered, follows its own orders, fills and balances.

Rules:
- What was not answered, or answered with "try later", is asked again with the same client_order_id, at any
  web process. An order without one is never repeated.
- Some ask that their orders end with their connection.
- It follows its private channels by `clients.AccountFeed`: from the number that it wants next, after each
  reconnect. A gap on one connection is a broken promise.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING, Any, Final

from clients.account_feed import CHANNELS, AccountFeed, SequenceGap
from tests.simulation.wire import Wire
from tests.simulation.wishes import JSON, Wish

if TYPE_CHECKING:
    from tests.simulation.world import World

PATIENCE: Final = 12.0
"""Seconds that it waits for an answer: longer than the exchange takes to say `timeout`."""
PATIENT: Final = 0.7
"""The share of wishes that are asked again although nothing was done; the others are given up."""
PAUSE: Final = 0.3
"""Seconds before it asks again."""


class Trader:
    """One account's program."""

    def __init__(self, world: World, name: str, key: str, account: int) -> None:
        self.name = name
        self.account = account
        self.ends_orders = name.endswith("2")
        self.wishes: list[Wish] = []
        self.told: dict[int, tuple[str, Any]] = {}
        """What the private channels said, by sequence."""
        self.feed = AccountFeed()
        self._world = world
        self._key = key
        self._wire: Wire | None = None
        self._requests = itertools.count(1)
        self._asked: dict[int, tuple[Wish | None, asyncio.Future[str]]] = {}
        self._open_wishes: set[Wish] = set()

    @property
    def waiting(self) -> int:
        """Wishes that have no definite answer yet."""
        return sum(not wish.settled for wish in self.wishes)

    def ask(self, method: str, params: JSON) -> Wish:
        """Begin to ask for something."""
        wish = Wish(
            len(self.wishes),
            method,
            params,
            asked_at=self._world.loop.time(),
            patient=self._world.dice.random.random() < PATIENT,
        )
        self.wishes.append(wish)
        self._world.loop.start(self._see_through(wish), None)
        return wish

    def hang_up(self) -> None:
        """Lose the connection."""
        if self._wire is not None:
            self._wire.cut()

    # One wish

    async def _see_through(self, wish: Wish) -> None:
        while not wish.settled:
            wire = await self._connected()
            code = await self._attempt(wire, wish.method, wish.params, wish)
            self._world.trace.note(f"{self.name} {wish.number} {wish.method}: {code}")
            if not wish.settled:
                await asyncio.sleep(PAUSE * (0.5 + self._world.dice.random.random()))

    async def _attempt(
        self, wire: Wire, method: str, params: JSON, wish: Wish | None = None
    ) -> str:
        number = next(self._requests)
        future: asyncio.Future[str] = self._world.loop.create_future()
        self._asked[number] = (wish, future)
        wire.send_text(json.dumps({"method": method, "params": params, "req_id": number}))
        try:
            async with asyncio.timeout(PATIENCE):
                return await future
        except TimeoutError:
            if wish is not None and not wish.settled:
                wish.take(None, "lost")
            wire.cut()  # it does not answer
            return "no answer"

    # The connection

    async def _connected(self) -> Wire:
        while self._wire is None or not self._wire.open:
            self._wire = self._world.connect("trading", self._text, self._closed, key=self._key)
            if self._wire is None:
                await asyncio.sleep(PAUSE)
                continue
            self._subscribe(self._wire)
        return self._wire

    async def keep_connected(self) -> None:
        """Be connected, whatever happens, to hear of fills."""
        while True:
            await self._connected()
            await asyncio.sleep(PAUSE)

    def _subscribe(self, wire: Wire) -> None:
        if self.ends_orders:
            self._world.loop.start(
                self._prepare(wire, "login", {"cancel_on_disconnect": True}), None
            )
        self.feed.reconnected()
        params: JSON = {"channels": list(CHANNELS)}
        if self.feed.resume_from is not None:
            params["from_sequence"] = self.feed.resume_from
        self._world.loop.start(self._prepare(wire, "subscribe", params), None)

    async def _prepare(self, wire: Wire, method: str, params: JSON) -> None:
        code = await self._attempt(wire, method, params)
        if code != "ok":
            self._world.trace.note(f"{self.name} cannot {method}: {code}")
            wire.cut()

    def _closed(self, wire: Wire) -> None:
        if wire is self._wire:
            self._world.trace.note(f"{self.name} is disconnected from {wire.process}")
            for wish, future in self._asked.values():
                if not future.done():
                    if wish is not None and not wish.settled:
                        wish.take(None, "lost")
                    future.set_result("lost")

    def _text(self, wire: Wire, text: str) -> None:
        message = json.loads(text)
        if "method" in message:
            self._answered(message)
        elif wire is self._wire:
            self._pushed(message)

    def _answered(self, message: JSON) -> None:
        number = message["req_id"]
        wish, future = self._asked.get(number, (None, None))
        if future is None:
            self._world.trace.violate(f"{self.name}: an answer to nothing: {message}")
            return
        if future.done():
            return
        code = "ok" if message["success"] else message["error"]["code"]
        if wish is not None:
            if message["success"]:
                self._world.acknowledged(self, wish, message["result"])
                wish.take(message["result"], None)
            else:
                wish.take(None, code)
        future.set_result(code)

    def _pushed(self, message: JSON) -> None:
        try:
            events = self.feed.receive(message)
        except SequenceGap as gap:
            self._world.trace.violate(f"{self.name}: {gap} {message}")
            return
        for event in events:
            if event.type == "update":
                channel, data = message["channel"], message["data"]
                own = event.sequence == data["sequence"]
                self.told[event.sequence] = (event.channel, data[channel] if own else None)
