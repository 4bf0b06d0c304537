"""When and from where an API key may be used.

Rules:
- Addresses and networks are of IPv4 or IPv6, written canonically; an IPv4 address that came in IPv6's
  clothes is the IPv4 address.
- From the moment `expires_at` on a key is as good as unknown, but says that it expired.
- A key that makes another gives it no more than it has itself.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from markets.models import ApiKey
from markets.problems import Problem

MAX_ALLOWED_IPS: Final = 20
"""Addresses and networks that one key may name."""
MAX_IP_LENGTH: Final = 49
"""Characters of an IPv6 network."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def read_networks(texts: Iterable[str]) -> list[Network]:
    """What somebody wrote, each once, in their order. Raises ValueError, saying which makes no sense."""
    found: dict[Network, None] = {}
    for text in texts:
        word = text.strip()
        if len(word) > MAX_IP_LENGTH or "%" in word:
            raise ValueError(f"{word[:MAX_IP_LENGTH]!r} is no address and no network")
        try:
            network = ipaddress.ip_network(word)
        except ValueError as error:
            raise ValueError(_why_none(word)) from error
        found[network] = None
    if len(found) > MAX_ALLOWED_IPS:
        raise ValueError(f"at most {MAX_ALLOWED_IPS} addresses and networks a key")
    return list(found)


def _why_none(word: str) -> str:
    try:
        network = ipaddress.ip_network(word, strict=False)
    except ValueError:
        return f"{word!r} is no address and no network, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48"
    return f"{word!r} is an address in a network; the network is {network}"


def network_text(network: Network) -> str:
    """As it is written: an address without its /32 or /128."""
    return str(network.network_address if network.num_addresses == 1 else network)


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What a key is limited to."""

    expires_at: datetime | None
    networks: tuple[Network, ...]
    _until: float

    @classmethod
    def of(cls, key: ApiKey) -> KeyLimits | None:
        """A key's; None for a key that has none, as most."""
        return cls.made(key.expires_at, read_networks(key.allowed_ips))

    @classmethod
    def made(cls, expires_at: datetime | None, networks: Iterable[Network]) -> KeyLimits | None:
        """Of its parts."""
        of_networks = tuple(networks)
        if expires_at is None and not of_networks:
            return None
        until = math.inf if expires_at is None else expires_at.timestamp()
        return cls(expires_at, of_networks, until)

    def seconds_left(self) -> float:
        """Until it expires; infinite if it does not."""
        return self._until - time.time()

    def check(self, address: str) -> None:
        """Raises Problem if the key has expired, or may not be used from this address."""
        if self._until <= time.time():
            raise Problem("not_authenticated", "the API key has expired")
        if self.networks and not self._allows(address):
            raise Problem(
                "permission_denied", f"this API key may not be used from the address {address[:64]}"
            )

    def _allows(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False  # not known where the client is
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self.networks)

    def covers(self, networks: list[Network], expires_at: datetime | None) -> bool:
        """Whether a key that is limited so may do no more than this one."""
        if self.expires_at is not None and (expires_at is None or expires_at > self.expires_at):
            return False
        return not self.networks or (
            bool(networks)
            and all(any(_is_in(new, own) for own in self.networks) for new in networks)
        )


def _is_in(inner: Network, outer: Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner.subnet_of(outer)
    return False
