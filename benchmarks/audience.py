"""Clients of the dialect's streams, a process of its own: they read all they are sent, as cheaply as can be.

Rules:
- `python -m benchmarks.audience URL SYMBOL CLIENTS` says READY when all have subscribed, and at the end of
  its input an Audience in JSON.
- What clients read is thrown away uncut; the first of them cuts its frames, keeps a local book by the
  dialect's rules, and compares it with REST's at the same update id.
"""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request
from typing import Any, Final

import msgspec
import uvloop

from benchmarks.wire import SocketWire, connect

STREAMS: Final = ("depth@100ms", "trade", "bookTicker", "kline_1m")
EQUAL_WITHIN: Final = 10.0
GONE: Final = "0.00000000"


class Audience(msgspec.Struct):
    """What they were sent."""

    events: int
    """To one of them."""
    megabytes: float
    """To all."""
    wrong: list[str]


class Reader(SocketWire):
    """A client that reads, and no more."""

    size = 0

    def cut(self, data: bytes) -> tuple[list[bytes], int]:
        """Everything is done with."""
        if not self.ready.done():
            return [], self._upgraded(data)
        self.size += len(data)
        return [], len(data)


class Keeper:
    """The client that keeps a book."""

    def __init__(self, url: str, symbol: str) -> None:
        self._address = f"{url}/api/v3/depth?symbol={symbol}&limit=5000"
        self.events = 0
        self.wrong: list[str] = []
        self._updates: list[dict[str, Any]] = []
        self._seen = asyncio.Event()

    def received(self, messages: list[bytes], now: float) -> None:
        """Keep depth updates, count the others."""
        del now
        self.events += len(messages)
        for message in messages:
            if b'"depthUpdate"' in message[:80]:
                self._updates.append(json.loads(message)["data"])
                self._seen.set()

    def _snapshot(self) -> Any:
        with urllib.request.urlopen(self._address) as answer:
            return json.load(answer)

    async def prove(self) -> None:
        """Follow until the book stands where REST's does: it must be the same."""
        snapshot = await asyncio.to_thread(self._snapshot)
        book = {side: dict(snapshot[side]) for side in ("bids", "asks")}
        number, last = snapshot["lastUpdateId"], None
        async with asyncio.timeout(EQUAL_WITHIN):
            while True:
                updates, self._updates = self._updates, []
                for update in updates:
                    if last is not None and update["U"] != last + 1:
                        self.wrong.append(f"an update does not follow on {last}")
                    last = update["u"]
                    if last > number:
                        number = last
                        _apply(book, update)
                wanted = await asyncio.to_thread(self._snapshot)
                if wanted["lastUpdateId"] == number and not self._updates:
                    break
                self._seen.clear()
                if not self._updates:
                    await self._seen.wait()
        if book != {side: dict(wanted[side]) for side in ("bids", "asks")}:
            self.wrong.append(f"the local book is not REST's at {number}")


def _ignored(messages: list[bytes], now: float) -> None:
    del messages, now


def _apply(book: dict[str, dict[str, str]], update: dict[str, Any]) -> None:
    for side, changes in (("bids", update["b"]), ("asks", update["a"])):
        for price, quantity in changes:
            if quantity == GONE:
                book[side].pop(price, None)
            else:
                book[side][price] = quantity


async def attend(url: str, symbol: str, clients: int) -> Audience:
    """Follow until the input ends."""
    path = "/stream?streams=" + "/".join(f"{symbol.lower()}@{stream}" for stream in STREAMS)
    keeper = Keeper(url, symbol)
    readers = [await connect(Reader, url, path, _ignored) for _ in range(clients - 1)]
    wires = [await connect(SocketWire, url, path, keeper.received), *readers]
    print("READY", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    try:
        await keeper.prove()
    except TimeoutError:
        keeper.wrong.append("the local book never stood where REST's does")
    sizes = [reader.size for reader in readers]
    keeper.wrong += [wire.failure for wire in wires if wire.failure]
    if sizes and not min(sizes):
        keeper.wrong.append("somebody was sent nothing")
    for wire in wires:
        wire.close()
    return Audience(keeper.events, sum(sizes) / 1e6, keeper.wrong)


if __name__ == "__main__":
    outcome = uvloop.run(attend(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    print(msgspec.json.encode(outcome).decode())
