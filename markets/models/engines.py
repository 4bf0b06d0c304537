"""Who runs the engines: the processes, as they say themselves."""

from __future__ import annotations

from django.db import models


class EngineProcess(models.Model):
    """A process that runs engines, from its start to its end; another deletes what a dead one left.

    It writes its own row, each second where others could take its markets. What holds a market is a
    lock (`markets.ownership`); this says who that is, and how it goes.
    """

    token = models.CharField(max_length=16, unique=True)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    channel = models.CharField(max_length=120, blank=True)
    only = models.JSONField(null=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    leaving = models.BooleanField(default=False)
    report = models.JSONField(default=dict)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "engine processes"

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
