"""What a trading socket is told of its account: orders, fills, balances, with no event missed or doubled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from markets import accounts, models
from markets.account_follower import AccountFollower, last_sequence
from markets.database import one_moment
from markets.hub import Hub, Outbox
from markets.matching.spec import MarketSpec
from markets.messages.orders import fill_text, order_text, raw
from markets.messages.public import JSON
from markets.problems import Problem
from markets.rows import ORDER_FIELDS, TRADE_FIELDS, order_state, trade_event

CHANNELS: Final = ("orders", "fills", "balances")
SNAPSHOT_FILLS: Final = 100
"""The last fills that a snapshot begins with."""


@dataclass(frozen=True, slots=True)
class _Subscribe:
    channels: tuple[str, ...]
    from_sequence: int | None
    done: asyncio.Future[int]


class PrivateFeed(AccountFollower):
    """An account's events on their way to one socket."""

    def __init__(
        self,
        account: models.Account,
        hub: Hub,
        outbox: Outbox,
        specs: Callable[[], dict[str, MarketSpec]],
    ) -> None:
        super().__init__(account, hub, outbox)
        self._specs = specs
        self._channels: set[str] = set()
        self._said = 0

    async def subscribe(self, channels: tuple[str, ...], from_sequence: int | None) -> int:
        """Send snapshots, or what came from a sequence on, then what comes; return the account's sequence.

        Raises Problem if `from_sequence` is of the future.
        """
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        await self.in_turn(partial(self._start, _Subscribe(channels, from_sequence, done)))
        return await done

    def unsubscribe(self, channels: tuple[str, ...]) -> None:
        """Send no more of these."""
        self._channels.difference_update(channels)

    async def _start(self, wish: _Subscribe) -> None:
        if wish.from_sequence is None:
            sequence, snapshot = await self._hub.read(
                private_snapshot, self._account, self._specs(), wish.channels
            )
            if self._channels:
                await self.catch_up(until=sequence)
            self._sent = max(self._sent, sequence)
            self._said = max(self._said, sequence)
            wish.done.set_result(sequence)
            for channel in wish.channels:
                self._put(channel, "snapshot", {"sequence": sequence, **snapshot[channel]})
        else:
            if not self._channels:  # nobody was told of what the rows have
                self._sent = await self._hub.read(last_sequence, self._account.pk)
            await self.catch_up()
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
        await self.read(until, partial(self._deliver, channels))
        self._sent, self._said = until, max(said, self._said)

    def deliver(self, first: int, payload: str) -> None:
        """Tell of the channels that are subscribed."""
        self._deliver(self._channels, first, payload)

    def _deliver(self, channels: set[str], first: int, payload: str) -> None:
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


def private_snapshot(
    account: models.Account, specs: dict[str, MarketSpec], channels: tuple[str, ...]
) -> tuple[int, dict[str, JSON]]:
    """An account's open orders, last fills and balances at one moment, and its sequence then."""
    with one_moment():
        sequence = last_sequence(account.pk)
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
