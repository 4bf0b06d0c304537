"""The banner that says that something goes wrong on purpose, so that nobody hunts a ghost."""

from __future__ import annotations

from typing import Any

from django import template

from markets.faults.in_force import allowed
from markets.models import ApiKey

register = template.Library()


@register.simple_tag
def may_have_faults() -> bool:
    """Whether the operator lets keys have faults."""
    return allowed()


@register.simple_tag
def faulty_keys(user: Any) -> list[ApiKey]:
    """The user's keys for which something goes wrong."""
    if not user.is_authenticated or not allowed():
        return []
    keys = ApiKey.objects.filter(account__user=user, revoked_at=None, faults__is_on=True)
    return list(keys)
