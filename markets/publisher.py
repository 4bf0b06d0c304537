"""After a commit: who is told what. One message a batch to the market's group, merged, encoded once.

Nothing is correct because a message arrived: whoever misses one finds out by the sequences.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from markets.matching.events import Batch, MarketConfigured
from markets.messages import transport
from markets.messages.public import update_json
from markets.store import Committed

logger = logging.getLogger(__name__)


class Publisher:
    """One engine's voice."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._group = transport.market_group(symbol)
        self._layer: Any = get_channel_layer()

    async def publish(self, batch: Batch, committed: Committed) -> None:
        """Tell the market's group what a durable batch changed."""
        message = transport.BatchNotice(
            prev_sequence=batch.prev_sequence,
            sequence=batch.sequence,
            checksum=batch.checksum,
            update=transport.Raw(transport.encode(update_json(batch))),
            trades=list(batch.trades),
            status=batch.state.status.value,
            auction_ends_at=batch.state.auction_ends_at,
            indication=batch.indication,
            reconfigured=any(isinstance(notice, MarketConfigured) for notice in batch.notices),
            private=[
                transport.PrivatePart(account, event.first, event.last, event.payload)
                for account, event in committed.events.items()
            ],
            timestamp=batch.timestamp,
        )
        await self._send(transport.BATCH, message)

    async def pulse(self, sequence: int, checksum: int, timestamp: int) -> None:
        """Tell where the engine stands, so that a lost message does not stay unnoticed."""
        await self._send(transport.PULSE, transport.Pulse(sequence, checksum, timestamp))

    async def _send(self, kind: str, message: msgspec.Struct) -> None:
        payload = transport.pack(message, self._layer)
        try:
            await self._layer.group_send(
                self._group, {"type": kind, "market": self._symbol, "payload": payload}
            )
        except (RedisError, OSError) as error:
            logger.warning("%s: could not publish: %s", self._group, error)
