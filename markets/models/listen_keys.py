"""Names that stand for an account's private stream, for clients that do not sign for it."""

from __future__ import annotations

from django.db import models

from markets.models.accounts import ApiKey


class ListenKey(models.Model):
    """The listenKey of an API key: found by its hash, and said again while it is alive."""

    api_key = models.OneToOneField(
        ApiKey, on_delete=models.CASCADE, primary_key=True, related_name="listen_key"
    )
    hashed = models.CharField(max_length=64, unique=True)
    sealed = models.TextField()
    expires_at = models.BigIntegerField()

    def __str__(self) -> str:
        return f"listenKey of {self.api_key}"
