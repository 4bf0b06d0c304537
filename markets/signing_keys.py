"""API keys that sign: the key is a name that is sent, what signs never is.

Rules:
- HMAC-SHA256: both sides have the secret; it is shown once and kept encrypted (`key_secrets`).
- Ed25519: only the public key comes here. Nothing that is kept lets anybody sign.
- A signature is compared in constant time; what is no signature at all is a wrong one.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from markets.accounts import Principal, add_key, principal_of_row
from markets.key_secrets import seal, unseal
from markets.models import Account, ApiKey, KeyKind

KEY_LENGTH: Final = 64
"""Characters of a key and of an HMAC secret: 380 random bits."""
ALPHABET: Final = string.ascii_letters + string.digits
RAW_LENGTH: Final = 32
MAX_PUBLIC_KEY_TEXT: Final = 1000

logger = logging.getLogger(__name__)
Verify = Callable[[bytes, str], bool]
"""Whether a text is the signature of these bytes."""


class NoPublicKey(ValueError):
    """The text is no Ed25519 public key; the message says what would be one."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that is in force: what it allows, and how what it signs is verified."""

    who: Principal
    kind: str
    verify: Verify


def make_hmac_key(account: Account, name: str = "", **limits: Any) -> tuple[ApiKey, str, str]:
    """A new key that signs by HMAC: its row, the key, and its secret, which nobody can see again.

    `limits` are those of `accounts.make_api_key`. Raises TooManyKeys.
    """
    secret = _random_text()
    key = _random_text()
    kind = KeyKind.HMAC
    row = add_key(
        account, key, key_id=key, name=name, kind=kind, sealed_secret=seal(secret), **limits
    )
    return row, key, secret


def make_ed25519_key(
    account: Account, public_key: str, name: str = "", **limits: Any
) -> tuple[ApiKey, str]:
    """A new key for somebody's public key: its row, and the key. Raises NoPublicKey, TooManyKeys."""
    raw = base64.b64encode(public_key_of(public_key).public_bytes_raw()).decode()
    key = _random_text()
    kind = KeyKind.ED25519
    row = add_key(account, key, key_id=key, name=name, kind=kind, public_key=raw, **limits)
    return row, key


def _random_text() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(KEY_LENGTH))


def public_key_of(text: str) -> Ed25519PublicKey:
    """An Ed25519 public key as PEM, as base64 of its 32 bytes, or of its DER. Raises NoPublicKey."""
    wrong = NoPublicKey(
        "must be an Ed25519 public key: PEM (BEGIN PUBLIC KEY), or base64 of its 32 bytes"
    )
    text = text.strip()
    if len(text) > MAX_PUBLIC_KEY_TEXT or not text.isascii():
        raise wrong
    try:
        if text.startswith("-----"):
            key = load_pem_public_key(text.encode())
        else:
            raw = base64.b64decode("".join(text.split()), validate=True)
            if len(raw) == RAW_LENGTH:
                return Ed25519PublicKey.from_public_bytes(raw)
            key = load_der_public_key(raw)
    except Exception as error:  # the library raises many kinds
        raise wrong from error
    if not isinstance(key, Ed25519PublicKey):
        raise wrong
    return key


def signing_key_of(api_key: str) -> SigningKey | None:
    """The key of that name; None for keys that are unknown or revoked, or whose user is locked out."""
    row = (
        ApiKey.objects.select_related("account__user")
        .filter(key_id=api_key, revoked_at=None)
        .first()
    )
    verify = None if row is None else _verify_of(row)
    who = None if row is None or verify is None else principal_of_row(row)
    if row is None or verify is None or who is None:
        return None
    return SigningKey(who, row.kind, verify)


def _verify_of(row: ApiKey) -> Verify | None:
    if row.kind == KeyKind.ED25519:
        return partial(ed25519_verify, public_key_of(row.public_key))
    secret = unseal(row.sealed_secret)
    if secret is None:
        logger.warning("%s: its secret cannot be opened: EXCHANGE_SEALING_KEY has changed", row)
        return None
    return partial(hmac_verify, secret.encode())


def hmac_verify(secret: bytes, payload: bytes, signature: str) -> bool:
    """Whether it is the payload's HMAC-SHA256 in hexadecimal digits, of either case."""
    wanted = hmac.digest(secret, payload, "sha256").hex()
    return hmac.compare_digest(wanted.encode(), signature.lower().encode())


def ed25519_verify(key: Ed25519PublicKey, payload: bytes, signature: str) -> bool:
    """Whether it is the payload's Ed25519 signature in base64."""
    try:
        key.verify(base64.b64decode(signature.encode(), validate=True), payload)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
