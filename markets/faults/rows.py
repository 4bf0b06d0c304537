"""The rows of plans: made, changed, turned off; by the API, the page and the admin alike."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.db import transaction
from django.utils import timezone

from markets.faults.in_force import MAX_PLANS, allowed, in_force
from markets.faults.plan import MAX_SEED, BadPlan, Plan, read_plan
from markets.models import ApiKey, FaultPlan

TOKEN_BYTES: Final = 12
PREFIX: Final = "/faults/"
"""Where addresses begin whose requests suffer a plan: `/faults/<token>/api/v1/…`."""


class FaultsRefused(ValueError):
    """There can be no faults; the message says why."""


def set_plan(key: ApiKey, plan: Plan, *, seeded: bool = True) -> FaultPlan:
    """Let this go wrong for a key from now on; one without a seed is given one. Raises FaultsRefused."""
    if not allowed():
        raise FaultsRefused(
            "faults are for sandboxes: the operator does not allow them here (EXCHANGE_FAULTS)"
        )
    if not seeded:
        plan = replace(plan, seed=secrets.randbelow(MAX_SEED) + 1)
    with transaction.atomic():
        row = FaultPlan.objects.filter(api_key=key).first()
        if row is None:
            if FaultPlan.objects.filter(api_key__revoked_at=None).count() >= MAX_PLANS:
                raise FaultsRefused(f"at most {MAX_PLANS:,} keys may have faults")
            row = FaultPlan(api_key=key, token=secrets.token_urlsafe(TOKEN_BYTES))
        row.plan, row.is_on = plan.as_json(), bool(plan.active)
        row.save()
        transaction.on_commit(in_force.reload)
    return row


def turn_off(keys: Sequence[ApiKey]) -> int:
    """Let nothing go wrong for these keys any more; for how many it did. The plans are kept."""
    rows = FaultPlan.objects.filter(api_key__in=keys, is_on=True)
    with transaction.atomic():
        changed = rows.update(is_on=False, changed_at=timezone.now())
        transaction.on_commit(in_force.reload)
    return changed


def row_of(key: ApiKey) -> FaultPlan | None:
    """A key's row, if it ever had a plan."""
    return FaultPlan.objects.filter(api_key=key).first()


def row_of_read(key: ApiKey) -> FaultPlan | None:
    """The same, without a query for a key that was read with its `faults`."""
    row: FaultPlan | None = getattr(key, "faults", None)
    return row


def has_faults(key: ApiKey) -> bool:
    """Whether something goes wrong for it now."""
    row = row_of_read(key)
    return row is not None and row.is_on and allowed()


def plan_of_row(row: FaultPlan | None) -> Plan:
    """What it says, on or off."""
    if row is None:
        return Plan()
    try:
        return read_plan(row.plan)
    except BadPlan:  # of another version of the exchange: as good as none
        return Plan()


def path_of(row: FaultPlan) -> str:
    """What an address must begin with to suffer the plan without naming the key."""
    return PREFIX + row.token
