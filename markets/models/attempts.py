"""The table of Django's cache: what was tried wrongly, counted for all processes."""

from __future__ import annotations

from django.db import models


class Attempts(models.Model):
    """Attempts that count to one address or account; read and written by Django's DatabaseCache alone."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "markets_attempts"
        verbose_name_plural = "attempts"

    def __str__(self) -> str:
        return self.cache_key
