"""Second opinions on an engine: a follower of its updates, and a picture of all it remembers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from zlib import crc32

from markets.matching.engine import Engine
from markets.matching.events import Batch, DepthChange
from markets.matching.spec import MarketSpec
from markets.matching.types import LIVE


class Follower:
    """Knows of the market what the depth updates say, and nothing else."""

    def __init__(self, spec: MarketSpec, sequence: int = 0) -> None:
        self.sequence = sequence
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self._spec = spec

    def follow(self, batch: Batch) -> None:
        """Apply one update; it must be the next one, and its checksum must be ours."""
        assert batch.prev_sequence == self.sequence, "an update is missing"
        for side, changes in ((self.bids, batch.bids), (self.asks, batch.asks)):
            self._apply(side, changes)
        self.sequence = batch.sequence
        assert self.checksum() == batch.checksum

    def checksum(self) -> int:
        """The contract's checksum, written out once more."""
        lines = [("b", *level) for level in self.bids.items()]
        lines += [("a", *level) for level in self.asks.items()]
        total = 0
        for letter, price, quantity in lines:
            price_text = _decimal_text(price, self._spec.quote_decimals)
            quantity_text = _decimal_text(quantity, self._spec.base_decimals)
            total += crc32(f"{letter}:{price_text}:{quantity_text}".encode())
        return total % 2**32

    def check(self, engine: Engine) -> None:
        """Assert that the engine's book is the one we know."""
        book = engine.book
        assert self.sequence == engine.state.sequence
        assert sorted(self.bids.items(), reverse=True) == book.bids.depth()
        assert sorted(self.asks.items()) == book.asks.depth()
        assert self.checksum() == book.checksum

    @staticmethod
    def _apply(side: dict[int, int], changes: Iterable[DepthChange]) -> None:
        for price, quantity in changes:
            assert side.get(price, 0) != quantity, "an update that says nothing"
            if quantity:
                side[price] = quantity
            else:
                del side[price]


def _decimal_text(units: int, decimals: int) -> str:
    return f"{Decimal(units).scaleb(-decimals).normalize():f}"


def picture(engine: Engine) -> dict[str, object]:
    """All that an engine remembers between batches, to compare two moments or two engines."""
    book = engine.book
    return {
        "specification": (engine.spec, book.spec),
        "state": engine.state,
        "queues": {
            (side.side, key): (
                level.price,
                level.quantity,
                level.hidden,
                [order.state for order in level],
            )
            for side in (book.bids, book.asks)
            for key, level in zip(side.keys, side, strict=True)
        },
        "orders": {order_id: order.state for order_id, order in book.orders.items()},
        "by account": {account: set(orders) for account, orders in book.by_account.items()},
        "by client_order_id": {key: order.id for key, order in book.by_client_order_id.items()},
        "checksum": book.checksum,
        "level checksums": [
            {level.key: level.checksum for level in side} for side in (book.bids, book.asks)
        ],
        "touched": (dict(book.bids.touched), dict(book.asks.touched)),
        "journal": len(engine._market.journal),
        "stops": [
            [(key, order.state) for key, order in side.orders.items()]
            for side in (book.rising_stops, book.falling_stops)
        ],
        "expiries": list(book.expiries),
        "groups": {
            order.group.id: (
                order.group.held,
                [each.id for each in order.group.exits if each.status in LIVE],
            )
            for order in book.orders.values()
            if order.group is not None
        },
        "cancel after": (
            dict(engine._market.cancel_after),
            list(engine._market.cancel_after_due),
        ),
        "fee rates": dict(engine._market.fee_rates),
        "frozen": set(engine._market.frozen),
        "to be done": (list(engine._market.triggered), list(engine._market.unsettled)),
    }
