"""What one socket is told of its account: orders, fills, balances, with no event missed or doubled.

Rules:
- The rows are the truth: an account's events are numbered there without gaps. A live message only says it
  sooner; what does not follow on the last one sent is read from the rows.
- One task does everything in turn, so snapshot, replay and live events cannot overtake each other.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from markets import accounts, models
from markets.database import one_moment
from markets.hub import Hub, Outbox
from markets.matching.spec import MarketSpec
from markets.messages.orders import fill_text, order_text, raw
from markets.messages.public import JSON
from markets.messages.transport import PrivatePart
from markets.problems import Problem
from markets.rows import ORDER_FIELDS, TRADE_FIELDS, order_state, trade_event

CHANNELS: Final = ("orders", "fills", "balances")
MAX_QUEUE: Final = 1000
"""Live messages that may wait; what comes beyond is read from the rows."""
REPLAY_ROWS: Final = 200
"""Rows of events read at once."""
SNAPSHOT_FILLS: Final = 100
"""The last fills that a snapshot begins with."""


@dataclass(frozen=True, slots=True)
class _Subscribe:
    channels: tuple[str, ...]
    from_sequence: int | None
    done: asyncio.Future[int]


class PrivateFeed:
    """An account's events on their way to one socket."""

    def __init__(
        self,
        account: models.Account,
        hub: Hub,
        outbox: Outbox,
        specs: Callable[[], dict[str, MarketSpec]],
    ) -> None:
        self._account = account
        self._hub = hub
        self._outbox = outbox
        self._specs = specs
        self._channels: set[str] = set()
        self._queue: asyncio.Queue[_Subscribe | PrivatePart | None] = asyncio.Queue(MAX_QUEUE)
        self._behind = False
        self._sent = 0
        self._said = 0

    def _hear(self, part: PrivatePart | None) -> None:
        try:
            self._queue.put_nowait(part)
        except asyncio.QueueFull:
            self._behind = True

    async def subscribe(self, channels: tuple[str, ...], from_sequence: int | None) -> int:
        """Send snapshots, or what came from a sequence on, then what comes; return the account's sequence.

        Raises Problem if `from_sequence` is of the future.
        """
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        await self._queue.put(_Subscribe(channels, from_sequence, done))
        return await done

    def unsubscribe(self, channels: tuple[str, ...]) -> None:
        """Send no more of these."""
        self._channels.difference_update(channels)

    async def run(self) -> None:
        """Send until canceled."""
        self._hub.listen(self._account.pk, self._hear)
        try:
            while True:
                item = await self._queue.get()
                if isinstance(item, _Subscribe):
                    await self._start(item)
                elif item is not None and item.first <= self._sent + 1:
                    self._deliver(item.first, item.payload, self._channels)
                else:
                    await self._catch_up()
                if self._behind and self._queue.empty():
                    self._behind = False
                    await self._catch_up()
        finally:
            self._hub.unlisten(self._account.pk, self._hear)

    async def _start(self, wish: _Subscribe) -> None:
        if wish.from_sequence is None:
            sequence, snapshot = await self._hub.read(
                private_snapshot, self._account, self._specs(), wish.channels
            )
            if self._channels:
                await self._catch_up(until=sequence)
            self._sent = max(self._sent, sequence)
            self._said = max(self._said, sequence)
            wish.done.set_result(sequence)
            for channel in wish.channels:
                self._put(channel, "snapshot", {"sequence": sequence, **snapshot[channel]})
        else:
            if not self._channels:  # nobody was told of what the rows have
                self._sent = await self._hub.read(_last_sequence, self._account.pk)
            await self._catch_up()
            if wish.from_sequence > self._sent + 1:
                message = f"the account's last sequence is {self._sent}"
                wish.done.set_exception(
                    Problem("invalid_request", message, {"from_sequence": [message]})
                )
                return
            wish.done.set_result(self._sent)
            await self._replay(wish.from_sequence, set(wish.channels))
        self._channels.update(wish.channels)

    async def _replay(self, from_sequence: int, channels: set[str]) -> None:
        """Send events again, for channels that were not subscribed meanwhile."""
        until, self._sent, said = self._sent, from_sequence - 1, self._said
        self._said = from_sequence - 1
        await self._read(until, channels)
        self._sent, self._said = until, max(said, self._said)

    async def _catch_up(self, until: int | None = None) -> None:
        """Send what the rows have beyond what was sent, up to a batch's last event or to the end."""
        await self._read(until, self._channels)

    async def _read(self, until: int | None, channels: set[str]) -> None:
        while until is None or self._sent < until:
            rows = await self._hub.read(_events_after, self._account.pk, self._sent, until)
            for first, payload in rows:
                self._deliver(first, payload, channels)
            if not rows:
                return
            await self._outbox.drained()

    def _deliver(self, first: int, payload: str, channels: set[str]) -> None:
        for sequence, (channel, data) in enumerate(json.loads(payload), start=first):
            if sequence <= self._sent:
                continue
            self._sent = sequence
            if channel in channels:
                numbers = {"sequence": sequence, "prev_sequence": self._said}
                self._said = sequence
                self._put(channel, "update", {**numbers, **data})

    def _put(self, channel: str, kind: str, data: JSON) -> None:
        message = {"channel": channel, "type": kind, "data": data}
        self._outbox.put(msgspec.json.encode(message).decode())


def _last_sequence(account: int) -> int:
    return models.Account.objects.values_list("event_sequence", flat=True).get(pk=account)


def _events_after(account: int, sequence: int, until: int | None) -> list[tuple[int, str]]:
    rows = models.AccountEvents.objects.filter(account=account, last_sequence__gt=sequence)
    if until is not None:
        rows = rows.filter(last_sequence__lte=until)
    return list(
        rows.order_by("last_sequence").values_list("first_sequence", "payload")[:REPLAY_ROWS]
    )


def private_snapshot(
    account: models.Account, specs: dict[str, MarketSpec], channels: tuple[str, ...]
) -> tuple[int, dict[str, JSON]]:
    """An account's open orders, last fills and balances at one moment, and its sequence then."""
    with one_moment():
        sequence = _last_sequence(account.pk)
        snapshot: dict[str, JSON] = {}
        if "orders" in channels:
            rows = models.Order.objects.filter(models.LIVE_ORDERS, account=account)
            rows = rows.order_by("created_at", "id")
            snapshot["orders"] = {
                "orders": [
                    raw(order_text(order_state(row[1:]), specs[row[0]]))
                    for row in rows.values_list("market__symbol", *ORDER_FIELDS)
                ]
            }
        if "fills" in channels:
            snapshot["fills"] = {"fills": _last_fills(account, specs)}
        if "balances" in channels:
            snapshot["balances"] = {"balances": accounts.balances(account)}
    return sequence, snapshot


def _last_fills(account: models.Account, specs: dict[str, MarketSpec]) -> list[msgspec.Raw]:
    """Newest first."""
    fills: list[tuple[int, int, msgspec.Raw]] = []
    for taker, side in ((True, "taker"), (False, "maker")):
        rows: Any = models.Trade.objects.filter(**{f"{side}_account": account})
        for symbol, own, *row in rows.order_by("-timestamp", "-id").values_list(
            "market__symbol", f"{side}_order__client_order_id", *TRADE_FIELDS
        )[:SNAPSHOT_FILLS]:
            trade = trade_event(tuple(row))
            fill = fill_text(trade, specs[symbol], taker=taker, client_order_id=own)
            fills.append((trade.timestamp, trade.id, raw(fill)))
    fills.sort(key=lambda entry: entry[:2], reverse=True)
    return [fill for _, _, fill in fills[:SNAPSHOT_FILLS]]
