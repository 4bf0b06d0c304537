"""listenKeys: who knows one may follow an account's private events, without signing for it.

Rules:
- An API key has at most one, and is told the same while it is alive: LIFE_SECONDS from when it was asked for,
  or kept alive, last.
- It is found by its hash, and kept encrypted to be told again. It ends with its API key.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from markets import clock
from markets.accounts import hash_of_key
from markets.binance.calls import JSON, Request
from markets.binance.errors import NO_LISTEN_KEY, DialectError
from markets.history import MICROSECONDS
from markets.key_secrets import seal, unseal
from markets.models import ApiKey, ListenKey
from markets.signing_keys import ALPHABET, KEY_LENGTH

LIFE_SECONDS: Final = 3600
_LISTEN_KEY: Final = re.compile(r"[A-Za-z0-9]{64}", re.ASCII)


def is_listen_key(name: str) -> bool:
    """Whether a text could be one."""
    return _LISTEN_KEY.fullmatch(name) is not None


async def start(request: Request) -> JSON:
    """The API key's listenKey, alive from now on."""
    return {"listenKey": await request.read(_start, request.api_key)}


async def keep_alive(request: Request) -> JSON:
    """Let it live on."""
    listen_key = request.params.required("listenKey")
    if not await request.read(_keep_alive, request.api_key, listen_key):
        raise DialectError(NO_LISTEN_KEY)
    return {}


async def stop(request: Request) -> JSON:
    """End it."""
    listen_key = request.params.required("listenKey")
    if not await request.read(_stop, request.api_key, listen_key):
        raise DialectError(NO_LISTEN_KEY)
    return {}


def _end_of_life() -> int:
    return clock.now() + LIFE_SECONDS * MICROSECONDS


def _start(api_key: str) -> str:
    """Blocking, as all of these."""
    row = ListenKey.objects.filter(api_key__key_id=api_key, expires_at__gt=clock.now()).first()
    known = None if row is None else unseal(row.sealed)
    if known is not None and _keep_alive(api_key, known):
        return known
    made = "".join(secrets.choice(ALPHABET) for _ in range(KEY_LENGTH))
    ListenKey.objects.update_or_create(
        api_key=ApiKey.objects.get(key_id=api_key),
        defaults={
            "hashed": hash_of_key(made),
            "sealed": seal(made),
            "expires_at": _end_of_life(),
        },
    )
    return made


def _keep_alive(api_key: str, listen_key: str) -> bool:
    rows = ListenKey.objects.filter(
        api_key__key_id=api_key, hashed=hash_of_key(listen_key), expires_at__gt=clock.now()
    )
    return rows.update(expires_at=_end_of_life()) > 0


def _stop(api_key: str, listen_key: str) -> bool:
    rows = ListenKey.objects.filter(
        api_key__key_id=api_key, hashed=hash_of_key(listen_key), expires_at__gt=clock.now()
    )
    return rows.delete()[0] > 0


def api_key_of(listen_key: str) -> str | None:
    """The API key that a listenKey is alive for."""
    rows = ListenKey.objects.filter(
        hashed=hash_of_key(listen_key), expires_at__gt=clock.now(), api_key__revoked_at=None
    )
    return next(iter(rows.values_list("api_key__key_id", flat=True)), None)
