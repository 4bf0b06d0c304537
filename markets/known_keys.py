"""API keys that this process looked up lately, so that a request costs neither a query nor a thread.

Rules:
- What is known of a key is forgotten KNOWN_SECONDS after it was asked for: a key that is revoked, or whose
  user is locked out, works no longer than that. A key that is revoked in this process ends at once.
- Keys that are unknown are not remembered; of the others at most MAX_KEYS, the oldest forgotten first.
- Whoever asks for a key that is being looked up waits for that answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import monotonic
from typing import Final

from django.db import transaction
from django.utils import timezone

from markets.accounts import Principal, hash_of_key, principal_of_key
from markets.models import ApiKey

KNOWN_SECONDS: Final = 5.0
"""As often as a trading socket asks again."""
MAX_KEYS: Final = 10_000

Read = Callable[[Callable[[str], Principal | None], str], Awaitable[Principal | None]]
"""Calls something that blocks, in a thread that may read the database."""


class KnownKeys:
    """Whose keys they are, by the key's hash."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Principal, float]] = {}
        self._asking: dict[str, asyncio.Task[Principal | None]] = {}

    async def principal(self, secret: str, read: Read) -> Principal | None:
        """Whose key it is; None for keys that are unknown or revoked. Raises what `read` raises."""
        hashed = hash_of_key(secret)
        known = self._known.get(hashed)
        if known is not None and known[1] > monotonic():
            return known[0]
        asking = self._asking.get(hashed)
        if asking is None:
            asking = asyncio.create_task(self._ask(hashed, secret, read), name="API key")
            self._asking[hashed] = asking
        return await asyncio.shield(asking)

    async def _ask(self, hashed: str, secret: str, read: Read) -> Principal | None:
        until = monotonic() + KNOWN_SECONDS
        self._known.pop(hashed, None)
        try:
            who = await read(principal_of_key, secret)
        finally:
            forgotten = self._asking.pop(hashed, None) is None
        if who is not None and not forgotten:
            self._known[hashed] = who, until
            if len(self._known) > MAX_KEYS:
                del self._known[next(iter(self._known))]
        return who

    def forget(self, hashes: Iterable[str]) -> None:
        """Look these up anew, also those that are being looked up now. From any thread."""
        for hashed in hashes:
            self._asking.pop(hashed, None)
            self._known.pop(hashed, None)


known_keys: Final = KnownKeys()
"""This process's."""


def revoke(keys: Sequence[ApiKey]) -> int:
    """Let nobody in by these keys from now on; how many were in force until now."""
    rows = ApiKey.objects.filter(pk__in=[key.pk for key in keys], revoked_at=None)
    revoked = rows.update(revoked_at=timezone.now())
    transaction.on_commit(lambda: known_keys.forget(key.hashed for key in keys))
    return revoked
