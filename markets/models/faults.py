"""What an API key's holder lets go wrong on purpose."""

from __future__ import annotations

from django.db import models

from markets.models.accounts import ApiKey


class FaultPlan(models.Model):
    """The faults of one key. A row stays when they are turned off, so that its address goes on to work."""

    api_key = models.OneToOneField(
        ApiKey, on_delete=models.CASCADE, primary_key=True, related_name="faults"
    )
    token = models.CharField(max_length=32, unique=True, editable=False)
    """Names the plan in the address `/faults/<token>/…`; it opens nothing."""
    plan = models.JSONField(default=dict)
    is_on = models.BooleanField("faults on", default=False)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"faults of {self.api_key}"
