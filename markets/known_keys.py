"""API keys that this process looked up lately, so that a request costs neither a query nor a thread.

Bearer keys and keys that sign are remembered apart, by the same rules.

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
from typing import Any, Final, Generic, TypeVar

from django.db import transaction
from django.utils import timezone

from markets.accounts import Principal, hash_of_key, principal_of_key
from markets.models import ApiKey
from markets.signing_keys import SigningKey, signing_key_of

KNOWN_SECONDS: Final = 5.0
"""As often as a trading socket asks again."""
MAX_KEYS: Final = 10_000

T = TypeVar("T")
Read = Callable[[Callable[[str], Any], str], Awaitable[Any]]
"""Calls something that blocks, in a thread that may read the database."""


class _Known(Generic[T]):
    """What is known of keys, by the key's hash."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[T, float]] = {}
        self._asking: dict[str, asyncio.Task[T | None]] = {}

    async def find(self, look_up: Callable[[str], T | None], key: str, read: Read) -> T | None:
        """What `look_up` says of a key, now or lately. Raises what `read` raises."""
        hashed = hash_of_key(key)
        known = self._known.get(hashed)
        if known is not None and known[1] > monotonic():
            return known[0]
        asking = self._asking.get(hashed)
        if asking is None:
            asking = asyncio.create_task(self._ask(look_up, hashed, key, read), name="API key")
            self._asking[hashed] = asking
        return await asyncio.shield(asking)

    async def _ask(
        self, look_up: Callable[[str], T | None], hashed: str, key: str, read: Read
    ) -> T | None:
        until = monotonic() + KNOWN_SECONDS
        self._known.pop(hashed, None)
        try:
            found: T | None = await read(look_up, key)
        finally:
            forgotten = self._asking.pop(hashed, None) is None
        if found is not None and not forgotten:
            self._known[hashed] = found, until
            if len(self._known) > MAX_KEYS:
                del self._known[next(iter(self._known))]
        return found

    def forget(self, hashes: Iterable[str]) -> None:
        """Look these up anew, also those that are being looked up now. From any thread."""
        for hashed in hashes:
            self._asking.pop(hashed, None)
            self._known.pop(hashed, None)


class KnownKeys(_Known[Principal]):
    """Whose bearer keys they are."""

    async def principal(self, secret: str, read: Read) -> Principal | None:
        """Whose key it is; None for keys that are unknown or revoked. Raises what `read` raises."""
        return await self.find(principal_of_key, secret, read)


class KnownSigningKeys(_Known[SigningKey]):
    """Whose keys they are that sign, and how to verify what they sign."""

    async def signing_key(self, api_key: str, read: Read) -> SigningKey | None:
        """The key of that name; None for keys that are unknown or revoked. Raises what `read` raises."""
        return await self.find(signing_key_of, api_key, read)


known_keys: Final = KnownKeys()
known_signing_keys: Final = KnownSigningKeys()
"""This process's."""


def revoke(keys: Sequence[ApiKey]) -> int:
    """Let nobody in by these keys from now on; how many were in force until now."""
    rows = ApiKey.objects.filter(pk__in=[key.pk for key in keys], revoked_at=None)
    revoked = rows.update(revoked_at=timezone.now())
    transaction.on_commit(lambda: _forget([key.hashed for key in keys]))
    return revoked


def _forget(hashes: Sequence[str]) -> None:
    known_keys.forget(hashes)
    known_signing_keys.forget(hashes)
