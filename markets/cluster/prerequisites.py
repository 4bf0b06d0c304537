"""What a cluster needs before it can start, said in one sentence for each thing that is missing.

Rules:
- Each sentence says what is wrong and what to type or to change; passwords are never shown.
- `missing` stops the start, `worrying` does not.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError, ResponseError

OLDEST_POSTGRESQL: Final = (14,)
OLDEST_REDIS: Final = (6, 0)
PATIENCE: Final = 5
"""Seconds to wait for an answer."""
EXAMPLE: Final = (
    "DATABASE_URL=postgres://exchange:PASSWORD@127.0.0.1:5432/exchange "
    "REDIS_URL=redis://127.0.0.1:6379/0 make cluster"
)


def missing() -> list[str]:
    """What must be there first; nothing: all is."""
    unset = _unset()
    if unset:
        return [*unset, f"Type for example: {EXAMPLE}"]
    return [*_postgresql(), *(found for address in _redis_addresses() for found in _redis(address))]


def worrying() -> list[str]:
    """What works, and should not be so. Call it only when nothing is missing."""
    found = []
    with connection.cursor() as cursor:
        for name in ("synchronous_commit", "fsync"):
            cursor.execute(f"SHOW {name}")
            if cursor.fetchone()[0] == "off":
                found.append(
                    f"PostgreSQL has {name}=off: an order that was answered may be lost in a power cut. "
                    "Never for real money"
                )
    return found


def _unset() -> list[str]:
    found = []
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        found.append("DATABASE_URL does not name a PostgreSQL database.")
    if not settings.REDIS_URL:
        found.append("REDIS_URL is not set.")
    return found


def _postgresql() -> list[str]:
    there = connection.settings_dict
    host, port = there["HOST"] or "the local socket", there["PORT"] or 5432
    place = f"PostgreSQL at {host}:{port}"
    there["OPTIONS"].setdefault("connect_timeout", PATIENCE)
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version'), pg_is_in_recovery()")
            version, standby = cursor.fetchone()
    except OperationalError as error:
        return [_why_not(place, str(error).strip())]
    except DatabaseError as error:  # Django itself refuses what is too old
        return [f"{place} cannot be used: {_outcome(str(error))}"]
    if _numbers(version) < OLDEST_POSTGRESQL:
        return [f"{place} is version {version}; {_dotted(OLDEST_POSTGRESQL)} or newer is needed."]
    if standby:
        return [f"{place} is a standby, which cannot be written; name its primary."]
    return []


def _why_not(place: str, said: str) -> str:
    there = connection.settings_dict
    name, user = there["NAME"], there["USER"]
    if f'database "{name}" does not exist' in said:
        options = "".join(
            f" {option} {value}"
            for option, value in (("-h", there["HOST"]), ("-p", there["PORT"]), ("-U", user))
            if value
        )
        return f"{place} has no database {name!r}. Make it: createdb{options} {name}"
    if "password" in said or "authentication" in said or "role" in said:
        return f"{place} does not let user {user!r} in: {_outcome(said)}. Look at DATABASE_URL."
    return f"{place} does not answer: {_outcome(said)}. Does it run there?"


def _redis_addresses() -> list[str]:
    hosts: list[Any] = settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"]
    named = [host.get("address") if isinstance(host, dict) else host for host in hosts]
    return [address for address in named if isinstance(address, str)]


def _redis(address: str) -> list[str]:
    parts = urlsplit(address)
    place = f"Redis at {parts.hostname or parts.path}:{parts.port or 6379}"
    # The oldest protocol, so that a server that is too old can say so.
    client = Redis.from_url(
        address, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, protocol=2
    )
    try:
        client.ping()
        server: Any = client.info("server")
    except AuthenticationError as error:
        said = str(error).rstrip(".")
        hint = "Its password belongs into REDIS_URL: redis://:PASSWORD@HOST:PORT/0"
        return [f"{place} does not let us in: {said}. {hint}"]
    except ResponseError as error:
        return [f"{place} refuses REDIS_URL: {error}."]
    except (RedisError, OSError) as error:
        return [f"{place} does not answer: {str(error).rstrip('.')}. Does it run there?"]
    finally:
        client.close()
    version = str(server["redis_version"])
    if _numbers(version) < OLDEST_REDIS:
        return [f"{place} is version {version}; {_dotted(OLDEST_REDIS)} or newer is needed."]
    return []


def _numbers(version: str) -> tuple[int, ...]:
    """`15.2 (Debian 15.2-1)` and `17beta1` as numbers that compare."""
    found = []
    for part in version.split()[0].split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        found.append(int(digits))
    return tuple(found)


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


def _outcome(said: str) -> str:
    """What came of it: drivers say it in several lines, with a question at the end."""
    lines = [line.strip() for line in said.splitlines() if not line.strip().endswith("?")]
    return lines[-1].rpartition(" failed: ")[2].rstrip(".") if lines else said
