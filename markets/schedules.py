"""Markets' hours: which changes of status are due by their schedules, as commands to their engines.

Rules:
- A due change is a row like an operator's, made once: the engine carries it out in the market's sequence.
- What was missed while nothing ran is made up for, in its order, the last CATCH_UP of it.
- At the close a closing auction first opens the market, which trades at one price, and then closes it.
- A market that was halted by hand stays halted until somebody opens it: the schedule says so and waits.
- Times are the zone's own; one that a change of clocks skips is an hour later by the clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction

from markets.matching.types import MarketStatus
from markets.messages.public import datetime_text
from markets.models import MarketSchedule, OperatorCommand

CATCH_UP: Final = timedelta(days=7)
BY_SCHEDULE: Final = "schedule"
"""Who asks for a schedule's changes."""


class Change(NamedTuple):
    """A market's status from a moment on."""

    moment: datetime
    status: MarketStatus
    until: datetime | None = None
    """When an opening auction opens the market."""


def changes(schedule: MarketSchedule, after: datetime, until: datetime) -> list[Change]:
    """The changes later than `after` and not later than `until`, in their order."""
    zone = ZoneInfo(schedule.time_zone)
    day = after.astimezone(zone).date() - timedelta(days=2)
    last = until.astimezone(zone).date() + timedelta(days=1)
    found: list[Change] = []
    while day <= last:
        if str(day.isoweekday()) in schedule.days:
            found += _changes_of(schedule, day, zone)
        day += timedelta(days=1)
    found = [change for change in found if after < change.moment <= until]
    return sorted(found, key=lambda change: change.moment)


def next_change(schedule: MarketSchedule, after: datetime) -> Change | None:
    """What it does next."""
    return next(iter(changes(schedule, after, after + timedelta(days=9))), None)


def _changes_of(schedule: MarketSchedule, day: date, zone: ZoneInfo) -> Iterator[Change]:
    opening = _moment(day, schedule.opens_at, zone)
    overnight = schedule.closes_at <= schedule.opens_at
    closing = _moment(day + timedelta(days=overnight), schedule.closes_at, zone)
    if schedule.opening_auction_minutes:
        begins = opening - timedelta(minutes=schedule.opening_auction_minutes)
        yield Change(begins, MarketStatus.AUCTION, opening)
    yield Change(opening, MarketStatus.OPEN)
    if schedule.closing_auction_minutes:
        begins = closing - timedelta(minutes=schedule.closing_auction_minutes)
        yield Change(max(begins, opening), MarketStatus.AUCTION)
        yield Change(closing, MarketStatus.OPEN)
    yield Change(closing, MarketStatus(schedule.closing_status))


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def fire(markets: Collection[int], now: datetime) -> int:
    """Make commands of the changes that are due in these markets (by key); how many."""
    fired = 0
    schedules = MarketSchedule.objects.select_related("market")
    for schedule in schedules.filter(enabled=True, market__in=markets):
        due = changes(schedule, max(schedule.fired_until, now - CATCH_UP), now)
        if due and _fire(schedule, due, now):
            fired += len(due)
    return fired


@transaction.atomic
def _fire(schedule: MarketSchedule, due: list[Change], now: datetime) -> bool:
    """Whether it was this call that made the commands."""
    rows = MarketSchedule.objects.filter(pk=schedule.pk, fired_until=schedule.fired_until)
    if not rows.update(fired_until=now):
        return False
    halted_by = _halted_by(schedule.market_id)
    for change in due:
        params: dict[str, Any] = {"status": change.status.value}
        if change.until is not None and change.until > now:
            params["seconds"] = round((change.until - now).total_seconds())
        OperatorCommand.objects.create(
            market_id=schedule.market_id,
            kind="set_status",
            params=params,
            requested_by=BY_SCHEDULE,
            note=f"due {datetime_text(change.moment)}",
            done=halted_by is not None,
            refusal=f"halted by {halted_by}: open it by hand" if halted_by is not None else "",
        )
    return True


def _halted_by(market: int) -> str | None:
    """Who halted the market by hand, if it is halted."""
    last = (
        OperatorCommand.objects.filter(market=market, kind="set_status", sequence__isnull=False)
        .order_by("-sequence")
        .first()
    )
    if last is None or last.requested_by == BY_SCHEDULE:
        return None
    return last.requested_by if last.params.get("status") == MarketStatus.HALTED else None
