"""Clients of the two sockets, as small as they can be: requests, their answers, and what else comes."""

from __future__ import annotations

import itertools
import json
import socket
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self
from zlib import crc32

from websockets.sync.client import connect

JSON = dict[str, Any]
PATIENCE: Final = 20.0
"""Seconds to wait for a message that must come."""


def first_wanted(kept: deque[Any], receive: Callable[[], Any], wanted: Callable[[Any], Any]) -> Any:
    """The first message that is wanted, of those kept and then of those that come; others are kept."""
    for index, message in enumerate(kept):
        if wanted(message):
            del kept[index]
            return message
    while not wanted(message := receive()):
        kept.append(message)
    return message


class Socket:
    """One connection. What comes while something else is waited for is kept, in order."""

    def __init__(self, url: str, key: str | None = None, **options: Any) -> None:
        headers = options.pop("additional_headers", {})
        if key is not None:
            headers = {"Authorization": f"Bearer {key}", **headers}
        options = {"max_size": None, "compression": None, "ping_interval": None, **options}
        self._connecting = connect(url, additional_headers=headers, proxy=None, **options)
        self.connection = self._connecting.__enter__()
        self.kept: deque[JSON] = deque()
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connecting.__exit__(kind, error, trace)

    def cut(self) -> None:
        """Lose the connection without a word."""
        self.connection.socket.shutdown(socket.SHUT_RDWR)

    # Requests and their answers

    def send(self, method: str, **params: Any) -> int:
        """Send a request; its req_id."""
        req_id = next(self._numbers)
        self.connection.send(json.dumps({"method": method, "params": params, "req_id": req_id}))
        return req_id

    def answer(self, req_id: int | str | None) -> JSON:
        """The answer to the request of that req_id."""
        return self._first(lambda message: "success" in message and message["req_id"] == req_id)

    def ask(self, method: str, **params: Any) -> Any:
        """Send a request that must succeed; its result."""
        answer = self.answer(self.send(method, **params))
        assert answer["success"], answer
        assert answer.keys() == {"method", "req_id", "success", "result"}
        return answer["result"]

    def refused(self, method: str, **params: Any) -> JSON:
        """Send a request that must be refused; its error."""
        return error_of(self.answer(self.send(method, **params)))

    def say(self, frame: str | bytes) -> JSON:
        """Send any frame; the next answer."""
        self.connection.send(frame)
        return self._first(lambda message: "success" in message)

    # What comes unasked

    def next(self, channel: str, *kinds: str) -> JSON:
        """The next message of a channel (of these types, if any are named): its data."""
        message = self.next_message(channel, *kinds)
        data: JSON = message["data"]
        return data

    def next_message(self, channel: str, *kinds: str) -> JSON:
        """The next message of a channel (of these types, if any are named)."""
        return self._first(
            lambda message: (
                message.get("channel") == channel
                and "type" in message
                and (not kinds or message["type"] in kinds)
            )
        )

    def arrived(self) -> list[JSON]:
        """What is kept and was sent before the answer to a ping."""
        self.ask("ping")
        messages = list(self.kept)
        self.kept.clear()
        return messages

    def _first(self, wanted: Any) -> JSON:
        message: JSON = first_wanted(self.kept, self.receive, wanted)
        return message

    def receive(self) -> JSON:
        """The next message from the wire."""
        message: JSON = json.loads(self.connection.recv(timeout=PATIENCE))
        return message

    def drop(self) -> None:
        """Lose the connection, without a word."""
        self.connection.socket.close()


def error_of(answer: JSON) -> JSON:
    """The error of an answer that must be one."""
    assert answer.keys() == {"method", "req_id", "success", "error"}, answer
    assert answer["success"] is False
    error: JSON = answer["error"]
    assert isinstance(error["code"], str)
    assert error["message"]
    assert isinstance(error["errors"], dict)
    return error


class BookFollower:
    """Keeps a local book by the contract's rules, and insists that each message proves itself."""

    def __init__(self) -> None:
        self.sequence: int | None = None
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}
        self.updates = 0
        self.snapshots = 0

    def take(self, message: JSON) -> None:
        """Follow one message of the channel `book`."""
        data = message["data"]
        match message["type"]:
            case "snapshot":
                self.bids, self.asks = dict(data["bids"]), dict(data["asks"])
                self.snapshots += 1
            case "update":
                assert data["prev_sequence"] == self.sequence, "something was missed"
                for side, levels in ((self.bids, data["bids"]), (self.asks, data["asks"])):
                    for price, quantity in levels:
                        side.pop(price, None)
                        if quantity != "0":
                            side[price] = quantity
                self.updates += 1
            case kind:
                assert kind == "heartbeat"
                assert data["sequence"] == self.sequence
        self.sequence = data["sequence"]
        assert data["checksum"] == book_checksum(self.bids.items(), self.asks.items())

    def levels(self) -> JSON:
        """Both sides, best first."""
        return {
            "bids": [
                list(level)
                for level in sorted(self.bids.items(), key=lambda level: -float(level[0]))
            ],
            "asks": [
                list(level)
                for level in sorted(self.asks.items(), key=lambda level: float(level[0]))
            ],
        }


def book_checksum(bids: Any, asks: Any) -> int:
    """The contract's checksum of a whole book."""
    lines = [f"b:{price}:{quantity}" for price, quantity in bids]
    lines += [f"a:{price}:{quantity}" for price, quantity in asks]
    return sum(crc32(line.encode("ascii")) for line in lines) % 2**32
