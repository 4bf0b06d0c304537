"""`manage.py reseal_api_keys`: keys' secrets, sealed by the first of EXCHANGE_SEALING_KEY from now on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from markets.database import need_migrated
from markets.key_secrets import reseal
from markets.models import ApiKey, KeyKind


class Command(BaseCommand):
    """Rotate the sealing key: afterwards the old one may be taken out of the settings."""

    help = "Seal the secrets of API keys by the first of EXCHANGE_SEALING_KEY."

    def handle(self, *_: Any, **options: Any) -> None:
        """Each key by itself; what cannot be opened stays as it is, and is named."""
        need_migrated()
        done = 0
        for key in ApiKey.objects.filter(kind=KeyKind.HMAC, revoked_at=None):
            sealed = reseal(key.sealed_secret)
            if sealed is None:
                self.stderr.write(f"{key}: sealed by none of EXCHANGE_SEALING_KEY; make a new key")
                continue
            ApiKey.objects.filter(pk=key.pk).update(sealed_secret=sealed)
            done += 1
        self.stdout.write(f"{done} resealed")
