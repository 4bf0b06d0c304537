"""Where Redis is: REDIS_URL, and REDIS_SENTINELS, as the channel layer's `hosts`.

Rules:
- Several addresses with commas between: several Redis, which share the markets and processes among
  themselves. All processes must name them in the same order.
- With REDIS_SENTINELS the host of an address is the name under which Sentinels know the master.
- What stands in an address's query goes to redis-py as it is: `rediss://host?ssl_ca_certs=/path/ca.pem`.
- A Redis that does not answer in time is as good as one that is away: nobody waits longer than this.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from redis.asyncio.connection import SSLConnection, parse_url

SCHEMES: Final = ("redis://", "rediss://", "unix://")
SOCKET_TIMEOUT: Final = 3.0
"""Seconds. Longer than the layer's own blocking read, which a shorter one would cut off."""
MAX_CONNECTIONS: Final = 10_000
"""Every engine listens on a connection of its own."""
SENTINEL_PORT: Final = 26379
LIMITS: Final = {
    "socket_timeout": SOCKET_TIMEOUT,
    "socket_connect_timeout": SOCKET_TIMEOUT,
    "max_connections": MAX_CONNECTIONS,
}


def redis_hosts(
    urls: str, sentinels: str = "", sentinel_password: str = ""
) -> list[dict[str, Any]]:
    """The channel layer's `hosts`; raises ValueError for an impossible address."""
    hosts = []
    for url in (word.strip() for word in urls.split(",")):
        if not url.startswith(SCHEMES):
            raise ValueError(
                f"REDIS_URL must start with redis://, rediss:// or unix://, not {url!r}"
            )
        try:
            settings = dict(parse_url(url))
        except ValueError as error:
            raise ValueError(f"REDIS_URL: {error}") from error
        if sentinels:
            hosts.append(_by_sentinels(url, settings, sentinels, sentinel_password))
        else:
            hosts.append({"address": url, **LIMITS})
    if len({_name(url) for url in urls.split(",")}) < len(hosts):
        raise ValueError("REDIS_URL names the same Redis twice")
    return hosts


def _by_sentinels(
    url: str, settings: dict[str, Any], sentinels: str, password: str
) -> dict[str, Any]:
    if url.startswith("unix://"):
        raise ValueError("REDIS_SENTINELS goes with redis:// or rediss:// addresses only")
    name = _name(url)  # as it is written: names know capital letters
    if not name or ":" in name:
        raise ValueError(
            "with REDIS_SENTINELS the host of REDIS_URL is a master's name, without a port"
        )
    for replaced in ("host", "port"):
        settings.pop(replaced, None)
    secure = settings.pop("connection_class", None) is SSLConnection
    of_sentinels = {key: value for key, value in LIMITS.items() if key != "max_connections"}
    if password:
        of_sentinels["password"] = password  # type: ignore[assignment]
    return {
        "sentinels": [_address(word.strip()) for word in sentinels.split(",")],
        "master_name": name,
        "sentinel_kwargs": of_sentinels,
        "ssl": secure,
        **LIMITS,
        **settings,
    }


def _name(url: str) -> str:
    parts = urlsplit(url.strip())
    return (parts.netloc or parts.path).rpartition("@")[2]


def _address(word: str) -> tuple[str, int]:
    host, _, port = word.rpartition(":") if ":" in word else (word, "", str(SENTINEL_PORT))
    if not host or not port.isdigit():
        raise ValueError(f"REDIS_SENTINELS must be host:port with commas between, not {word!r}")
    return host, int(port)
