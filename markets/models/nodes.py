"""The web processes of a cluster, as they see to it that clients find them (`markets.nodes`)."""

from __future__ import annotations

from django.db import models


class Node(models.Model):
    """A web process that was heard of late."""

    name = models.CharField(max_length=32, primary_key=True)
    url = models.URLField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.url
