"""New API keys of any kind, for whoever makes them: the API, the page, the admin, a command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markets import accounts, signing_keys
from markets.key_limits import Network
from markets.models import Account, ApiKey, KeyKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key as it is wanted."""

    name: str = ""
    kind: str = KeyKind.BEARER
    public_key: str = ""
    """Of kind ed25519 alone."""
    can_read: bool = True
    can_trade: bool = True
    allowed_ips: Sequence[Network] = ()
    expires_at: datetime | None = None

    def check(self) -> None:
        """Raise NoPublicKey if the public key is missing, wrong, or goes with another kind."""
        if self.kind == KeyKind.ED25519:
            signing_keys.public_key_of(self.public_key)
        elif self.public_key:
            raise signing_keys.NoPublicKey("goes with kind ed25519 only")


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key just made; what is secret of it nobody can see again."""

    row: ApiKey
    key: str
    """What a program sends: of a bearer key this is the secret."""
    secret: str | None
    """What it signs with, of kind hmac."""


def make_key(account: Account, wanted: NewKey) -> MadeKey:
    """Make it. Raises TooManyKeys, NoPublicKey."""
    wanted.check()
    limits: dict[str, Any] = {
        "can_read": wanted.can_read,
        "can_trade": wanted.can_trade,
        "allowed_ips": wanted.allowed_ips,
        "expires_at": wanted.expires_at,
    }
    match wanted.kind:
        case KeyKind.HMAC:
            return MadeKey(*signing_keys.make_hmac_key(account, wanted.name, **limits))
        case KeyKind.ED25519:
            row, key = signing_keys.make_ed25519_key(
                account, wanted.public_key, wanted.name, **limits
            )
            return MadeKey(row, key, None)
        case _:
            row, key = accounts.make_api_key(account, wanted.name, **limits)
            return MadeKey(row, key, None)
