"""Secrets that must be known again, encrypted at rest: those of API keys that sign by HMAC.

Rules:
- Sealed by the first of EXCHANGE_SEALING_KEY (default: SECRET_KEY), opened by any of them: so the secret is
  rotated by putting a new one before the old, `manage.py reseal_api_keys`, and taking the old one away.
- What none of them opens is as good as revoked.
"""

from __future__ import annotations

import base64
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def seal(secret: str) -> str:
    """The secret as it is kept."""
    return _box(tuple(settings.SEALING_KEYS)).encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str | None:
    """The secret; None if it was sealed by something that the settings do not have (any more)."""
    try:
        return _box(tuple(settings.SEALING_KEYS)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def reseal(sealed: str) -> str | None:
    """The same secret, sealed by the first of the settings; None if it cannot be opened."""
    secret = unseal(sealed)
    return None if secret is None else seal(secret)


@cache
def _box(secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([_fernet(secret) for secret in secrets])


def _fernet(secret: str) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=b"exchange: secrets of API keys")
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret.encode())))
