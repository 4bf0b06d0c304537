"""Programs on the dialect's sockets, as plain as they can be, and a local book by the rules clients go by."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import httpx
from websockets.sync.client import connect

from markets.signing_keys import make_hmac_key
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.drivers.sockets import first_wanted

JSON = dict[str, Any]
PATIENCE: Final = 20.0
EIGHT: Final = re.compile(r"-?[0-9]+\.[0-9]{8}")
GONE: Final = "0.00000000"


class Wire:
    """One connection. What comes while something else is waited for is kept, in order."""

    def __init__(self, url: str, **options: Any) -> None:
        options = {"max_size": None, "compression": None, "proxy": None, **options}
        self._connecting = connect(url, **options)
        self.connection = self._connecting.__enter__()
        self.kept: deque[Any] = deque()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> None:
        self._connecting.__exit__(*error)

    def receive(self, timeout: float = PATIENCE) -> Any:
        """The next message from the wire."""
        return json.loads(self.connection.recv(timeout=timeout))

    def read_to_the_end(self) -> None:
        """Read until the connection is closed."""
        while True:
            self.receive()

    def first(self, wanted: Callable[[Any], Any]) -> Any:
        """The first message that is wanted."""
        return first_wanted(self.kept, self.receive, wanted)

    def say(self, frame: Any) -> Any:
        """Send any frame; the answer to it."""
        self.connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
        return self.first(lambda message: isinstance(message, dict) and "id" in message)


class Streams(Wire):
    """A connection to `/ws` or `/stream`."""

    def ask(self, method: str, *params: Any, id: Any = 1) -> Any:
        """A request that must succeed: its result."""
        answer = self.say({"method": method, "params": list(params), "id": id})
        assert answer.keys() == {"result", "id"}, answer
        assert (answer["id"], type(answer["id"])) == (id, type(id))
        return answer["result"]

    def event(self, kind: str) -> JSON:
        """The next event of a kind, wherever it comes bare."""
        event: JSON = self.first(lambda message: message.get("e") == kind)
        return event

    def of(self, stream: str) -> Any:
        """The next event of a stream, where it comes with its name."""
        return self.first(lambda message: message.get("stream") == stream)["data"]


class Api(Wire):
    """A connection to `/ws-api/v3`, with a key that signs."""

    def __init__(self, url: str, key: str = "", secret: str = "", *, query: str = "") -> None:
        super().__init__(f"{url}/ws-api/v3{query}")
        self.key, self.secret = key, secret
        self._number = 0

    def signed(self, **params: Any) -> JSON:
        """Parameters with the key, the time and their signature."""
        params = {**params, "apiKey": self.key, "timestamp": int(time.time() * 1000)}
        shown = {n: json.dumps(v) if isinstance(v, bool) else v for n, v in params.items()}
        payload = "&".join(f"{name}={shown[name]}" for name in sorted(shown))
        digest = hmac.new(self.secret.encode(), payload.encode(), hashlib.sha256)
        return {**params, "signature": digest.hexdigest()}

    def request(self, method: str, **params: Any) -> JSON:
        """Send a request as it is; the whole answer."""
        self._number += 1
        request = {"id": self._number, "method": method, "params": params}
        self.connection.send(json.dumps(request))
        answer: JSON = self.first(lambda message: message.get("id") == self._number)
        return answer

    def ask(self, method: str, **params: Any) -> Any:
        """A request that must succeed: its result."""
        answer = self.request(method, **params)
        assert answer["status"] == 200, answer
        return answer["result"]

    def ask_signed(self, method: str, **params: Any) -> Any:
        """The same, signed."""
        return self.ask(method, **self.signed(**params))

    def refused(self, method: str, **params: Any) -> tuple[int, int, str]:
        """A request that must be refused: (status, code, text)."""
        answer = self.request(method, **params)
        assert "result" not in answer, answer
        return answer["status"], answer["error"]["code"], answer["error"]["msg"]

    def event(self, kind: str = "") -> JSON:
        """The next private event, of a kind if one is named."""
        message = self.first(lambda m: "event" in m and (not kind or m["event"]["e"] == kind))
        event: JSON = message["event"]
        return event

    def report(self, *wanted: str) -> JSON:
        """The next execution report, which must be of (kind, status)."""
        report = self.event("executionReport")
        assert (report["x"], report["X"]) == wanted, report
        return report


def streams(exchange: ExchangeDriver, *names: str, combined: bool = False) -> Streams:
    """A connection that begins with these streams."""
    if combined:
        return Streams(f"{exchange.ws_url}/stream?streams={'/'.join(names)}")
    return Streams("/".join([f"{exchange.ws_url}/ws", *names]))


def api_of(trader: Trader, *, can_read: bool = True, can_trade: bool = True) -> Api:
    """A connection of a trader with a new key."""
    _, key, secret = make_hmac_key(trader.account, can_read=can_read, can_trade=can_trade)
    return Api(trader.exchange.ws_url, key, secret)


def name_of(market: str) -> str:
    """What a market of the tests is called in the dialect."""
    return market.replace("-", "")


def rest(exchange: ExchangeDriver, path: str, **params: Any) -> Any:
    """A public GET of the dialect."""
    return httpx.get(f"{exchange.url}/api/v3/{path}", params=params).raise_for_status().json()


class LocalBook:
    """A book that is kept by the rules that the dialect's clients keep theirs by."""

    def __init__(self, snapshot: JSON) -> None:
        assert snapshot.keys() == {"lastUpdateId", "bids", "asks"}
        self.number: int = snapshot["lastUpdateId"]
        self.sides = {side: dict(snapshot[side]) for side in ("bids", "asks")}
        self.last: int | None = None
        """Of the last event, whether it was new or not."""
        self.updates = 0

    def take(self, event: JSON) -> None:
        """Follow an event; each must begin where the one before it ended."""
        first, last = event["U"], event["u"]
        assert first <= last
        assert self.last is None or first == self.last + 1, (self.last, event)
        self.last = last
        if last <= self.number:
            return
        assert first <= self.number + 1, "an event is missing after the snapshot"
        self.number = last
        self.updates += 1
        for side, changes in (("bids", event["b"]), ("asks", event["a"])):
            for price, quantity in changes:
                if quantity == GONE:
                    self.sides[side].pop(price, None)
                else:
                    self.sides[side][price] = quantity

    def as_snapshot(self) -> JSON:
        """The book as REST would have it."""

        def of(side: str, sign: int) -> list[list[str]]:
            levels = self.sides[side].items()
            return [list(level) for level in sorted(levels, key=lambda x: sign * float(x[0]))]

        return {"lastUpdateId": self.number, "bids": of("bids", -1), "asks": of("asks", 1)}


def check(event: JSON, shape: dict[str, Any]) -> None:
    """Assert that an event has exactly a shape's fields, each of its type; texts of 8 decimals by EIGHT."""
    assert event.keys() == shape.keys(), event.keys() ^ shape.keys()
    for field, kind in shape.items():
        value = event[field]
        if kind is EIGHT:
            assert isinstance(value, str), (field, value)
            assert EIGHT.fullmatch(value), (field, value)
        elif isinstance(kind, dict):
            check(value, kind)
        elif isinstance(kind, type):
            assert type(value) is kind, (field, value)
        else:
            assert value == kind, (field, value)


def check_levels(levels: Any) -> None:
    """Assert that they are pairs of texts of 8 decimals."""
    for level in levels:
        assert [bool(EIGHT.fullmatch(text)) for text in level] == [True, True], level
