"""What the load generator asks, and the check of every reply.

Rules:
- Seeded: the same seed asks the same orders. `TAG` keeps client_order_ids apart between runs.
- The mix: limit orders, half of each side, around a price that walks one tick every 256 orders of a
  connection. Makers' rest (gtc) 1 to 20 ticks away on their own side; takers' (ioc) are marketable, 1 to
  20 ticks through the price. Every second connection is a taker; one alone is both by turns. Quantities
  are 1 to 10 lots for all, so about every taker trades and the book neither grows for ever nor runs empty.
- A reply is right if it is a success, echoes req_id and client_order_id, names the quantity asked for,
  and quantity = filled + remaining + canceled + prevented. Anything else raises Wrong.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import deque
from decimal import Decimal
from typing import Final

import msgspec

MIDDLE: Final = 6_400_000
"""Ticks of 0.01: the walk begins at 64,000."""
TICKS: Final = 20
MOST_LOTS: Final = 10
STEP_EVERY: Final = 256
LOT: Final = Decimal("0.001")


class Wrong(Exception):
    """A reply that no right exchange gives."""


class Order(msgspec.Struct):
    """What is checked of an order."""

    client_order_id: str
    quantity: str
    filled_quantity: str
    remaining_quantity: str
    canceled_quantity: str
    prevented_quantity: str
    sequence: int


class SocketReply(msgspec.Struct):
    """A reply to submit_order."""

    req_id: int
    success: bool
    result: Order


class Result(msgspec.Struct):
    """One order's outcome in a batch."""

    status: int
    order: Order


class Results(msgspec.Struct):
    """The outcome of a batch."""

    results: list[Result]


class BatchReply(msgspec.Struct):
    """A reply to submit_orders."""

    req_id: int
    success: bool
    result: Results


class Orders:
    """Orders of one connection, one after the other."""

    def __init__(self, seed: int, market: str, tag: str, taking: float, ticks: int = TICKS) -> None:
        self._random = random.Random(f"{seed} {tag}")
        self._walk = random.Random(seed)
        """The same for all connections."""
        self._taking = taking
        """Share of orders that are marketable."""
        self._ticks = ticks
        self._market = market
        self._tag = tag
        self._middle = MIDDLE
        self._number = 0
        self._asked: dict[str, int] = {}
        self._lots: dict[str, int] = {}
        self.placed = 0
        self.traded = 0

    def next(self) -> bytes:
        """The next order, in JSON."""
        self._number += 1
        dice = self._random.random
        if self._number % STEP_EVERY == 0:
            self._middle += 1 if self._walk.random() < 0.5 else -1
        buys = dice() < 0.5
        away = int(dice() * self._ticks) + 1
        takes = dice() < self._taking
        price = self._middle + (away if buys == takes else -away)
        lots = int(dice() * MOST_LOTS) + 1
        name = f"{self._tag}{self._number}"
        self._asked[name] = lots
        return (
            f'{{"market":"{self._market}","side":"{"buy" if buys else "sell"}",'
            f'"price":"{price // 100}.{price % 100:02d}","quantity":"0.{lots:03d}",'
            f'"time_in_force":"{"ioc" if takes else "gtc"}","client_order_id":"{name}"}}'
        ).encode()

    def check(self, order: Order) -> None:
        """Raises Wrong unless the order is one that was asked for, and adds up."""
        asked = self._asked.pop(order.client_order_id, None)
        filled = self._in_lots(order.filled_quantity)
        parts = (
            filled
            + self._in_lots(order.remaining_quantity)
            + self._in_lots(order.canceled_quantity)
            + self._in_lots(order.prevented_quantity)
        )
        if asked is None or not asked == self._in_lots(order.quantity) == parts:
            raise Wrong(f"{asked} lots were asked for, not {order}")
        self.placed += 1
        self.traded += filled > 0

    def forget(self) -> None:
        """Expect no order any more."""
        self._asked.clear()

    def _in_lots(self, text: str) -> int:
        lots = self._lots.get(text)
        if lots is None:
            lots = self._lots[text] = int(Decimal(text) / LOT)
        return lots


class Talk(ABC):
    """One connection's requests and the check of their replies."""

    orders_each = 1
    sequence = 0
    """The market's sequence that the last reply named."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders

    @abstractmethod
    def request(self, number: int) -> bytes:
        """The request of that number."""

    @abstractmethod
    def reply(self, message: bytes) -> int:
        """The number of the request that this right reply answers. Raises Wrong."""


class SubmitOrder(Talk):
    """submit_order on the trading socket."""

    _decode = staticmethod(msgspec.json.Decoder(SocketReply).decode)

    def request(self, number: int) -> bytes:
        """One order."""
        return b'{"method":"submit_order","params":%b,"req_id":%d}' % (self.orders.next(), number)

    def reply(self, message: bytes) -> int:
        """An accepted order."""
        try:
            reply = self._decode(message)
        except msgspec.MsgspecError as error:
            raise Wrong(f"{error}: {message[:300]!r}") from error
        if not reply.success:
            raise Wrong(repr(message[:300]))
        self.orders.check(reply.result)
        self.sequence = reply.result.sequence
        return reply.req_id


class SubmitOrders(Talk):
    """submit_orders on the trading socket."""

    _decode = staticmethod(msgspec.json.Decoder(BatchReply).decode)

    def __init__(self, orders: Orders, size: int) -> None:
        super().__init__(orders)
        self.orders_each = size

    def request(self, number: int) -> bytes:
        """A batch of orders."""
        batch = b",".join(self.orders.next() for _ in range(self.orders_each))
        return b'{"method":"submit_orders","params":{"orders":[%b]},"req_id":%d}' % (batch, number)

    def reply(self, message: bytes) -> int:
        """Every order accepted."""
        try:
            reply = self._decode(message)
        except msgspec.MsgspecError as error:
            raise Wrong(f"{error}: {message[:300]!r}") from error
        _check_results(self, reply.result)
        return reply.req_id


class RestOrder(Talk):
    """POST /api/v1/orders, one at a time."""

    _decode = staticmethod(msgspec.json.Decoder(Order).decode)
    _number = 0

    def request(self, number: int) -> bytes:
        """One order."""
        self._number = number
        return self.orders.next()

    def reply(self, message: bytes) -> int:
        """An accepted order: 201."""
        if not message.startswith(b"201"):
            raise Wrong(repr(message[:300]))
        try:
            self.orders.check(self._decode(memoryview(message)[3:]))
        except msgspec.MsgspecError as error:
            raise Wrong(f"{error}: {message[:300]!r}") from error
        return self._number


class RestOrders(Talk):
    """POST /api/v1/orders/batch, one at a time."""

    _decode = staticmethod(msgspec.json.Decoder(Results).decode)
    _number = 0

    def __init__(self, orders: Orders, size: int) -> None:
        super().__init__(orders)
        self.orders_each = size

    def request(self, number: int) -> bytes:
        """A batch of orders."""
        self._number = number
        return b'{"orders":[%b]}' % b",".join(self.orders.next() for _ in range(self.orders_each))

    def reply(self, message: bytes) -> int:
        """Every order accepted."""
        if not message.startswith(b"200"):
            raise Wrong(repr(message[:300]))
        try:
            _check_results(self, self._decode(memoryview(message)[3:]))
        except msgspec.MsgspecError as error:
            raise Wrong(f"{error}: {message[:300]!r}") from error
        return self._number


class Echo(Talk):
    """The same requests as another talk's, of which a bare server sends the bytes back, in order."""

    def __init__(self, talk: Talk, skipped: int = 0) -> None:
        super().__init__(talk.orders)
        self.orders_each = talk.orders_each
        self._talk = talk
        self._skipped = skipped
        """Bytes of a message before the echo: an HTTP answer begins with its status."""
        self._sent: deque[tuple[int, bytes]] = deque()

    def request(self, number: int) -> bytes:
        """As it would be sent to the exchange."""
        payload = self._talk.request(number)
        self._sent.append((number, payload))
        return payload

    def reply(self, message: bytes) -> int:
        """The very bytes."""
        number, payload = self._sent.popleft()
        if message[self._skipped :] != payload:
            raise Wrong(f"not the echo of {payload[:300]!r}: {message[:300]!r}")
        self.orders.forget()
        return number


class FanOut(Talk):
    """Book updates for a bare server's crowd, each answered by itself."""

    def request(self, number: int) -> bytes:
        """An update like those of the exchange."""
        return (
            '{"channel":"book","type":"update","data":{"market":"BTC-USD",'
            f'"prev_sequence":{number - 1},"sequence":{number},'
            '"timestamp":"2026-11-22T17:10:49.947584Z","bids":[["63999.98","1.337"]],'
            '"asks":[["64000.02","0.815"]],"checksum":2238201703}}'
        ).encode()

    def reply(self, message: bytes) -> int:
        """The very bytes."""
        self.sequence = sequence_of(message)
        if message != self.request(self.sequence):
            raise Wrong(f"not an echo: {message[:300]!r}")
        return self.sequence


class _Data(msgspec.Struct):
    sequence: int = 0


class _Update(msgspec.Struct):
    data: _Data


_update = msgspec.json.Decoder(_Update)


def sequence_of(update: bytes) -> int:
    """The sequence that a book is at after an update."""
    return _update.decode(update).data.sequence


def _check_results(talk: Talk, outcome: Results) -> None:
    if len(outcome.results) != talk.orders_each:
        raise Wrong(f"{len(outcome.results)} results, not {talk.orders_each}")
    for result in outcome.results:
        if result.status != 201:
            raise Wrong(f"status {result.status}")
        talk.orders.check(result.order)
