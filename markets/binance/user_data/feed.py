"""An account's events in the dialect, on their way to one socket: from its subscription on, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from markets import models
from markets.account_follower import AccountFollower
from markets.binance.calls import JSON
from markets.binance.orders import NativeOrder
from markets.binance.user_data.reports import BalanceData, Reporter
from markets.hub import Hub, Outbox
from markets.matching.spec import MarketSpec
from markets.private_feed import private_snapshot

_decode: Callable[[str], list[tuple[str, msgspec.Raw]]] = msgspec.json.Decoder(
    list[tuple[str, msgspec.Raw]]
).decode
WHAT_IS_KNOWN = ("orders", "balances")


class UserFeed(AccountFollower):
    """Tells an account's events to `put`, after `begun`."""

    def __init__(
        self,
        account: models.Account,
        hub: Hub,
        outbox: Outbox,
        specs: Callable[[], dict[str, MarketSpec]],
        put: Callable[[JSON], None],
    ) -> None:
        super().__init__(account, hub, outbox)
        self._specs = specs
        self._put = put
        self._reporter: Reporter | None = None

    async def begun(self, answer: Callable[[], None]) -> None:
        """Wait until what is known was read, and `answer` was called: events come after it.

        Call it before anything can be heard, that is as soon as `run` has its task. Raises what reading
        raises; `run` ends by the same.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def begin() -> None:
            try:
                sequence, snapshot = await self._hub.read(
                    private_snapshot, self._account, self._specs(), WHAT_IS_KNOWN
                )
            except Exception as error:
                done.set_exception(error)
                raise
            self._sent = sequence
            self._reporter = Reporter(
                self._account.pk,
                _as(list[NativeOrder], snapshot["orders"]["orders"]),
                _as(list[BalanceData], snapshot["balances"]["balances"]),
            )
            answer()
            if not done.done():
                done.set_result(None)

        await self.in_turn(begin)
        await done

    def deliver(self, first: int, payload: str) -> None:
        """Tell of a batch."""
        assert self._reporter is not None, "it begins before it is told anything"
        messages = _decode(payload)
        told = max(self._sent + 1 - first, 0)
        if told >= len(messages):
            return
        self._sent = first + len(messages) - 1
        for event in self._reporter.events(first + told, messages[told:]):
            self._put(event)


def _as(kind: Any, value: object) -> Any:
    """Our own JSON as structures."""
    return msgspec.json.decode(msgspec.json.encode(value), type=kind)
