"""The accounts that one socket follows, and what ends that.

Rules:
- A subscription lives as long as what it was asked with: a key that is revoked, expired, or whose user is
  locked out ends it within RECHECK_SECONDS, and the client is told.
- A feed that cannot go on must not stay silent: the connection is closed, and its client begins anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError, InterfaceError

from markets import process
from markets.accounts import Principal
from markets.binance.calls import JSON
from markets.binance.errors import DialectError
from markets.binance.time_unit import now_json
from markets.binance.user_data.feed import UserFeed
from markets.hub import Outbox
from markets.hub.outbox import CLOSE_TRY_AGAIN_LATER
from markets.known_keys import KNOWN_SECONDS
from markets.matching.spec import MarketSpec

RECHECK_SECONDS: Final = KNOWN_SECONDS

logger = logging.getLogger(__name__)
StillGood = Callable[[], Awaitable[bool]]
"""Whether what was asked with still is in force."""


def terminated() -> JSON:
    """The event of a stream that ends."""
    return {"e": "eventStreamTerminated", "E": now_json()}


@dataclass(slots=True)
class Subscription:
    """An account's events on their way to a socket."""

    account: int
    put: Callable[[JSON], None]
    end: Callable[[], JSON]
    """The event that says that it has ended."""
    still_good: StillGood
    feeding: asyncio.Task[None]
    by_session: bool


class Subscriptions:
    """Those of one socket, by a name of its own."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._found: dict[object, Subscription] = {}
        self._watching: asyncio.Task[None] | None = None

    @property
    def names(self) -> list[object]:
        """The subscriptions there are."""
        return list(self._found)

    def names_of(self, *, by_session: bool) -> list[object]:
        """Those that were asked for by the session, or with a signature of their own."""
        return [name for name, each in self._found.items() if each.by_session is by_session]

    def follows(self, account: int) -> bool:
        """Whether there is one to an account."""
        return any(each.account == account for each in self._found.values())

    async def begin(
        self,
        name: object,
        who: Principal,
        still_good: StillGood,
        put: Callable[[JSON], None],
        answer: Callable[[], None],
        end: Callable[[], JSON] = terminated,
        *,
        by_session: bool = False,
    ) -> None:
        """Follow an account: `answer` comes before its first event."""
        feed = UserFeed(who.account, process.current().hub, self._outbox, _specs, put)
        feeding = asyncio.create_task(feed.run(), name="user data")
        feeding.add_done_callback(self._feed_ended)
        self._found[name] = Subscription(who.account.pk, put, end, still_good, feeding, by_session)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="user data recheck")
        await feed.begun(answer)

    def end(self, name: object, *, told: bool = True) -> None:
        """Follow it no more, and say so."""
        subscription = self._found.pop(name)
        subscription.feeding.cancel()
        if told:
            subscription.put(subscription.end())

    def _feed_ended(self, feeding: asyncio.Task[None]) -> None:
        if not feeding.cancelled() and (error := feeding.exception()) is not None:
            logger.error("a private feed ended", exc_info=error)
            self._outbox.close(CLOSE_TRY_AGAIN_LATER)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            for name, subscription in list(self._found.items()):
                try:
                    good = await subscription.still_good()
                except DialectError:
                    good = False
                except (DatabaseError, InterfaceError):
                    continue  # nobody is locked out because the database is away
                if not good and name in self._found:
                    self.end(name)

    async def close(self) -> None:
        """The socket is gone."""
        tasks = [each.feeding for each in self._found.values()]
        if self._watching is not None:
            tasks.append(self._watching)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._found.clear()


def _specs() -> dict[str, MarketSpec]:
    return {symbol: view.spec for symbol, view in process.current().hub.markets.items()}
