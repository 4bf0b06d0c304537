"""Who asks on one connection: by a request's own key and signature, or by the session's.

Rules:
- A request that names a key is signed by it. One that names none is the session's, and needs no signature;
  its timestamp is looked at all the same.
- A key is looked up for each request, so one that is revoked is refused as soon as anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markets import process
from markets.binance.calls import JSON
from markets.binance.errors import mandatory
from markets.binance.parameters import Parameters
from markets.binance.signing import check_socket, check_time, key_of
from markets.binance.socket_api.requests import ApiRequest
from markets.binance.time_unit import now_json
from markets.signing_keys import SigningKey


@dataclass(slots=True)
class Session:
    """A connection's log-in."""

    address: str
    connected_since: int
    now: Callable[[], int]
    """The time that signed requests are held against."""
    api_key: str | None = None
    authorized_since: int | None = None

    async def key_for(self, request: ApiRequest, *, signed: bool) -> tuple[str, SigningKey]:
        """Whose key a request is made with. Raises DialectError."""
        given = request.texts
        if "apiKey" in given:
            name = given["apiKey"]
            key = await find(name, self.address)
            if signed:
                check_socket(key, given, self.now())
        elif self.api_key is not None:
            name = self.api_key
            key = await find(name, self.address)
            if signed:
                check_time(Parameters(given), self.now())
        else:
            raise mandatory("apiKey")
        return name, key

    async def log_on(self, request: ApiRequest) -> None:
        """Take a signed request's key for those that name none. Raises DialectError."""
        Parameters(request.texts).require("apiKey")
        self.api_key, _ = await self.key_for(request, signed=True)
        self.authorized_since = now_json()

    def log_out(self) -> None:
        """Nobody is logged in any more."""
        self.api_key = self.authorized_since = None

    def as_json(self, *, limits: bool, user_data: bool) -> JSON:
        """What the session's methods answer."""
        return {
            "apiKey": self.api_key,
            "authorizedSince": self.authorized_since,
            "connectedSince": self.connected_since,
            "returnRateLimits": limits,
            "serverTime": now_json(),
            "userDataStream": user_data,
        }


async def find(api_key: str, address: str) -> SigningKey:
    """The key of that name, if it may be used from this address. Raises DialectError."""
    return await key_of(api_key, address, process.current().hub.read)


async def is_in_force(api_key: str, address: str) -> bool:
    """Whether a key may still read from an address. Raises DialectError if it may nothing."""
    return (await find(api_key, address)).who.can_read
