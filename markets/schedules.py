"""Markets' hours: which changes of status are due by their schedules, as commands to their engines.

Rules:
- A due change is a row like an operator's, made once: the engine carries it out in the market's sequence.
- What was missed while nothing ran is made up for, in its order, the last CATCH_UP of it.
- At the close a closing auction first opens the market, which trades at one price, and then closes it.
- Where one session ends as another begins, the end comes first; sessions of a market never overlap.
- A market that was halted by hand stays halted until somebody opens it: the schedule says so and waits.
- Times are the zone's own; one that a change of clocks skips is an hour later by the clock, and a session
  that it leaves no time for is left out.
- A schedule that was changed does nothing about the time before.
"""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from markets.matching.types import MarketStatus
from markets.messages.public import datetime_text
from markets.models import Market, MarketSchedule, OperatorCommand

CATCH_UP: Final = timedelta(days=7)
CHECKED: Final = timedelta(days=366)
"""How far ahead sessions are looked at for overlaps: over both changes of clocks."""
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BY_SCHEDULE: Final = "the schedule"
"""Who asks for a schedule's changes: nobody can have a name with a space."""

logger = logging.getLogger(__name__)


class Session(NamedTuple):
    """One day's trade."""

    begins: datetime
    """With its opening auction, or at once."""
    opens: datetime
    closing_auction: datetime
    """When it begins; `closes` if there is none."""
    closes: datetime


class Change(NamedTuple):
    """A market's status from a moment on."""

    moment: datetime
    status: MarketStatus
    until: datetime | None = None
    """When an opening auction opens the market."""
    ends_session: bool = False

    def in_words(self) -> str:
        """Such as "open at 2026-11-25 08:00 UTC"."""
        return f"{self.status} at {self.moment:%Y-%m-%d %H:%M} UTC"


def sessions(schedule: MarketSchedule, after: datetime, until: datetime) -> Iterator[Session]:
    """Those that anything of may lie between two moments, in their order."""
    zone = ZoneInfo(schedule.time_zone)
    day = after.astimezone(zone).date() - timedelta(days=2)
    last = until.astimezone(zone).date() + timedelta(days=1)
    while day <= last:
        session = _session(schedule, day, zone)
        if str(day.isoweekday()) in schedule.days and session.opens < session.closes:
            yield session
        day += timedelta(days=1)


def _session(schedule: MarketSchedule, day: date, zone: ZoneInfo) -> Session:
    opens = _moment(day, schedule.opens_at, zone)
    overnight = schedule.closes_at <= schedule.opens_at
    closes = _moment(day + timedelta(days=overnight), schedule.closes_at, zone)
    closing_auction = closes - timedelta(minutes=schedule.closing_auction_minutes)
    return Session(
        begins=opens - timedelta(minutes=schedule.opening_auction_minutes),
        opens=opens,
        closing_auction=max(closing_auction, opens),
        closes=closes,
    )


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


# What is due


def changes(schedule: MarketSchedule, after: datetime, until: datetime) -> list[Change]:
    """The changes later than `after` and not later than `until`, in their order."""
    return _in_order(
        change
        for session in sessions(schedule, after, until)
        for change in _changes_of(session, MarketStatus(schedule.closing_status))
        if after < change.moment <= until
    )


def _changes_of(session: Session, closing_status: MarketStatus) -> Iterator[Change]:
    if session.begins < session.opens:
        yield Change(session.begins, MarketStatus.AUCTION, session.opens)
    yield Change(session.opens, MarketStatus.OPEN)
    if session.closing_auction < session.closes:
        yield Change(session.closing_auction, MarketStatus.AUCTION)
        yield Change(session.closes, MarketStatus.OPEN, ends_session=True)
    yield Change(session.closes, closing_status, ends_session=True)


def _in_order(found: Iterable[Change]) -> list[Change]:
    return sorted(found, key=lambda change: (change.moment, not change.ends_session))


def next_change(schedule: MarketSchedule, after: datetime) -> Change | None:
    """What it does next."""
    return next(iter(changes(schedule, after, after + timedelta(days=9))), None)


def next_change_of(market: Market, after: datetime) -> Change | None:
    """What the market's schedules do next, if there are any."""
    enabled = MarketSchedule.objects.filter(market=market, enabled=True)
    found = [next_change(schedule, after) for schedule in enabled]
    return next(iter(_in_order(change for change in found if change is not None)), None)


def fire(markets: Container[int], now: datetime) -> int:
    """Make commands of the changes that are due in these markets (by key); how many."""
    of_market: dict[int, list[MarketSchedule]] = {}
    for schedule in MarketSchedule.objects.filter(enabled=True).order_by("pk"):
        if schedule.market_id in markets:
            of_market.setdefault(schedule.market_id, []).append(schedule)
    fired = 0
    for market, schedules in of_market.items():
        try:
            fired += _fire(market, schedules, now)
        except (ZoneInfoNotFoundError, ValueError) as error:
            # The time zones of this machine are not those of the one where it was set.
            symbol = schedules[0].market.symbol
            about = {"market": symbol}
            logger.error("%s: its schedule cannot be read here: %s", symbol, error, extra=about)  # noqa: TRY400
    return fired


def _fire(market: int, schedules: list[MarketSchedule], now: datetime) -> int:
    due = [
        (schedule, found)
        for schedule in schedules
        if (found := changes(schedule, max(schedule.fired_until, now - CATCH_UP), now))
    ]
    if not due:
        return 0
    with transaction.atomic():
        ours = _in_order(
            change for schedule, found in due if _claim(schedule, now) for change in found
        )
        _ask(market, ours, now)
    return len(ours)


def _claim(schedule: MarketSchedule, now: datetime) -> bool:
    """Whether it is this call that makes the commands."""
    rows = MarketSchedule.objects.filter(
        pk=schedule.pk, enabled=True, fired_until=schedule.fired_until
    )
    return bool(rows.update(fired_until=now))


def _ask(market: int, due: list[Change], now: datetime) -> None:
    halted_by = _halted_by(market)
    for change in due:
        params: dict[str, Any] = {"status": change.status.value}
        if change.until is not None and change.until > now:
            params["seconds"] = round((change.until - now).total_seconds())
        OperatorCommand.objects.create(
            market_id=market,
            kind="set_status",
            params=params,
            requested_by=BY_SCHEDULE,
            note=f"due {datetime_text(change.moment)}",
            done=halted_by is not None,
            refusal=f"halted by {halted_by}: open it by hand" if halted_by is not None else "",
        )


def _halted_by(market: int) -> str | None:
    """Who halted the market by hand (or waits for it), if nobody asked for something else since."""
    asked = OperatorCommand.objects.filter(market=market, kind="set_status", refusal="")
    last = asked.order_by("-pk").first()
    if last is None or last.requested_by == BY_SCHEDULE:
        return None
    return last.requested_by if last.params.get("status") == MarketStatus.HALTED else None


# Setting them up


def in_words(schedule: MarketSchedule) -> str:
    """Such as "Mon to Fri 09:00 to 17:30 Europe/Berlin, then closed"."""
    hours = f"{schedule.opens_at:%H:%M} to {schedule.closes_at:%H:%M} {schedule.time_zone}"
    parts = [f"{days_in_words(schedule.days)} {hours}"]
    if schedule.opening_auction_minutes:
        parts.append(f"opening auction {schedule.opening_auction_minutes} min before")
    if schedule.closing_auction_minutes:
        parts.append(f"closing auction the last {schedule.closing_auction_minutes} min")
    parts.append(f"then {schedule.closing_status}")
    if not schedule.enabled:
        parts.append("off")
    return ", ".join(parts)


def days_in_words(days: str) -> str:
    """Such as "Mon to Fri", "Mon, Wed, Sun", "daily"."""
    numbers = sorted(int(day) for day in days)
    if len(numbers) == len(WEEKDAYS):
        return "daily"
    names = [WEEKDAYS[number - 1] for number in numbers]
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{names[0]} to {names[-1]}"
    return ", ".join(names)


def check(schedule: MarketSchedule, others: Iterable[MarketSchedule]) -> None:
    """Raise ValidationError if the schedule makes no sense, or beside the others of its market."""
    schedule.clean_fields(exclude=["market", "fired_until"])
    schedule.clean()
    now = timezone.now()
    own = list(sessions(schedule, now, now + CHECKED))
    if own and all(session.closing_auction == session.opens for session in own):
        raise ValidationError({"closing_auction_minutes": "it must be shorter than the session"})
    planned = sorted(
        session
        for one in (schedule, *others)
        if one.enabled
        for session in sessions(one, now, now + CHECKED)
    )
    for before, session in pairwise(planned):
        if session.begins < before.closes:
            zone = ZoneInfo(schedule.time_zone)
            begins, closes = (
                f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
                for moment in (session.begins, before.closes)
            )
            raise ValidationError(
                f"sessions overlap: one begins {begins}, with its opening auction, "
                f"while another lasts until {closes}"
            )


def keep(schedule: MarketSchedule) -> None:
    """Write a schedule that is new or was changed: it counts from now on."""
    schedule.fired_until = timezone.now()
    schedule.save()
