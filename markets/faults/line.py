"""A socket whose key has faults: what is between it and its client.

Rules:
- What is sent is held back, in its order, and written by a task of the line; at most MAX_HELD messages or
  MAX_HELD_BYTES wait, then whoever sends must wait.
- A book message may be dropped, sent twice, or sent after the next one of its kind; if none comes within
  REORDER_SECONDS it is sent after all. Snapshots of the exchange's own socket are never dropped.
- A request about orders may be refused before it is carried out; or carried out, its answer taken away, and
  `timeout` answered when the time is up. An answer that is a refusal is not taken away.
- A connection that is cut ends as if the network had failed: without a closing frame.
- A plan that is changed or turned off while a connection is open holds for it from the next message on.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from markets.faults import texts
from markets.faults.in_force import KeyFaults
from markets.faults.plan import MessageFate, Plan, RequestFate
from markets.problems import Problem

HEADER: Final = b"x-exchange-faults"
MAX_HELD: Final = 5_000
"""Messages of one connection that may be held back."""
MAX_HELD_BYTES: Final = 16 * 1024 * 1024
REORDER_SECONDS: Final = 1.0
LANE: Final = "socket"

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class OrderAsked:
    """A request about orders: its id, and what it would be answered were it refused."""

    id: int | str | None
    refused: Callable[[Problem], str]


class Wire(Protocol):
    """What is spoken on a socket."""

    id_field: str
    """The member of requests and answers that tells which answer is whose."""
    marks_messages: bool
    """Whether each message says that faults are on; else the first does."""

    def order_asked(self, text: str) -> OrderAsked | None:
        """What a frame asks about orders; None: nothing."""
        ...


class Line:
    """Between one socket and its client."""

    def __init__(self, faults: KeyFaults, wire: Wire, receive: Receive, send: Send) -> None:
        self._faults = faults
        self._wire = wire
        self._receive = receive
        self._send = send
        self._lane = f"{LANE}:{faults.next_connection()}"
        self._books = self._messages = self._requests = 0
        self._taken_away: Counter[int | str | None] = Counter()
        self._refusals: dict[int | str | None, str] = {}
        self._out: deque[tuple[float, str]] = deque()
        self._held = 0
        """Bytes of what is held back."""
        self._due = 0.0
        self._kept_back: str | None = None
        """A book message that shall come after the next one."""
        self._timers: set[asyncio.TimerHandle] = set()
        self._waiting, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._incoming: asyncio.Future[Message] | None = None
        self._cut: asyncio.Future[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._lost: OSError | None = None

    @property
    def _plan(self) -> Plan:
        return self._faults.plan or Plan()

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """What the answer to the handshake says."""
        return headers_of(self._faults)

    @property
    def clock_skew(self) -> int:
        """How far the clock is ahead for this client, in microseconds."""
        return 1000 * self._plan.clock_skew_ms

    # From open to end

    def start(self) -> None:
        """The connection is open: write, say that there are faults, and count the time until it is cut."""
        self._cut = asyncio.get_running_loop().create_future()
        self._writing = asyncio.create_task(self._write(), name="faulty line")
        if self._plan.cut_seconds:
            self._later(self._plan.cut_seconds, self._end)
        if self._faults.plan is not None and not self._wire.marks_messages:
            self._put(greeting(self._plan))

    async def stop(self) -> None:
        """The connection ended: what was held back is lost."""
        for timer in self._timers:
            timer.cancel()
        ending: list[asyncio.Future[Any]] = [
            future for future in (self._writing, self._incoming) if future is not None
        ]
        for future in ending:
            future.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def _end(self) -> None:
        if self._cut is not None and not self._cut.done():
            self._cut.set_result(None)

    def _later(self, seconds: float, call: Callable[..., None], *args: object) -> None:
        def now() -> None:
            self._timers.discard(timer)
            call(*args)

        timer = asyncio.get_running_loop().call_later(seconds, now)
        self._timers.add(timer)

    # What the client sends

    async def receive(self) -> Message:
        """The next message that gets through."""
        while True:
            message = await self._next()
            text = message.get("text")
            if text is None or self._gets_through(text):
                return message

    async def _next(self) -> Message:
        if self._incoming is None:
            self._incoming = asyncio.ensure_future(self._receive())
        waited: set[asyncio.Future[Any]] = {self._incoming}
        if self._cut is not None:
            waited.add(self._cut)
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if self._cut is not None and self._cut.done():
            return {"type": "websocket.disconnect", "code": 1006}
        message, self._incoming = self._incoming.result(), None
        return message

    def _gets_through(self, text: str) -> bool:
        plan = self._plan
        if not (plan.rate_limited or plan.unavailable or plan.time_out):
            return True
        asked = self._wire.order_asked(text)
        if asked is None:
            return True
        self._requests += 1
        fate = plan.fate_of_request(self._lane, self._requests)
        if fate is RequestFate.ANSWERED:
            return True
        refusal = asked.refused(texts.PROBLEMS[fate])
        if fate is RequestFate.TIME_OUT:
            self._taken_away[asked.id] += 1
            self._refusals[asked.id] = refusal
            return True
        self._put(refusal)
        return False

    # What the client is sent

    async def send(self, message: Message) -> None:
        """Send a message, or what becomes of it. Raises OSError when the client is gone."""
        if message["type"] != "websocket.send":
            if message["type"] == "websocket.close":
                await self.stop()
            await self._send(message)
            return
        if self._lost is not None:
            raise OSError(str(self._lost))
        await self._room.wait()
        text = message["text"]
        if self._taken_away and self._takes_away(text):
            return
        if texts.is_book(text):
            self._put_book(text)
        else:
            if self._plan.clock_skew_ms:
                text = texts.with_skewed_time(text, self._plan.clock_skew_ms)
            self._put(text)

    def _takes_away(self, text: str) -> bool:
        answer = texts.answered(text, self._wire.id_field)
        if answer is None or answer[0] not in self._taken_away:
            return False
        request, done = answer
        self._taken_away -= Counter([request])
        refusal = self._refusals[request]
        if request not in self._taken_away:
            del self._refusals[request]
        if done:
            self._later(self._plan.time_out_seconds, self._put, refusal)
        return done

    def _put_book(self, text: str) -> None:
        plan = self._plan
        self._books += 1
        if plan.corrupts(self._lane, self._books):
            text = texts.with_wrong_checksum(text)
        fate = plan.fate_of_message(self._lane, self._books)
        if fate is MessageFate.DROP and texts.may_be_dropped(text):
            return
        if fate is MessageFate.REORDER and self._kept_back is None:
            self._kept_back = text
            self._later(REORDER_SECONDS, self._give_back)
            return
        self._put(text)
        if fate is MessageFate.DUPLICATE:
            self._put(text)
        self._give_back()

    def _give_back(self) -> None:
        text, self._kept_back = self._kept_back, None
        if text is not None:
            self._put(text)

    def _put(self, text: str) -> None:
        if self._wire.marks_messages and self._faults.plan is not None:
            text = texts.with_field(text)
        self._messages += 1
        delay = self._plan.delay_of(self._lane, self._messages) / 1000
        self._due = max(self._due, asyncio.get_running_loop().time() + delay)
        self._out.append((self._due, text))
        self._held += len(text)
        self._look_for_room()
        self._waiting.set()

    def _look_for_room(self) -> None:
        if len(self._out) < MAX_HELD and self._held <= MAX_HELD_BYTES:
            self._room.set()
        else:
            self._room.clear()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._waiting.wait()
                self._waiting.clear()
                while self._out:
                    due, text = self._out[0]
                    if due > loop.time():
                        await asyncio.sleep(due - loop.time())
                    self._out.popleft()
                    self._held -= len(text)
                    self._look_for_room()
                    await self._send({"type": "websocket.send", "text": text})
        except OSError as error:
            self._lost = error
            self._room.set()


def headers_of(faults: KeyFaults, injected: str = "") -> list[tuple[bytes, bytes]]:
    """What an answer says of the plan, and of what was done to this very answer."""
    if faults.plan is None:
        return []
    said = faults.plan.in_words() + (f"; injected={injected}" if injected else "")
    return [(HEADER, said.encode())]


def greeting(plan: Plan) -> str:
    """The first message of the exchange's own sockets."""
    data = {"status": "on", "plan": plan.as_json()}
    message = {"channel": "system", "type": "faults", "data": data}
    return msgspec.json.encode(message).decode()
