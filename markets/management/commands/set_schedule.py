"""`manage.py set_schedule BTC-USD --opens 09:00 --closes 17:30`: the hours of a market."""

from __future__ import annotations

import argparse
from datetime import time
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from markets import schedules
from markets.database import need_migrated
from markets.models import Market, MarketSchedule

OPTIONS: Final = {
    # column: option
    "days": "--days",
    "opens_at": "--opens",
    "closes_at": "--closes",
    "time_zone": "--time-zone",
    "opening_auction_minutes": "--opening-auction",
    "closing_auction_minutes": "--closing-auction",
    "closing_status": "--closing-status",
}


def time_of_day(text: str) -> time:
    """A time of the command line, such as 09:00."""
    try:
        found = time.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 09:00") from None
    if found.tzinfo is not None:
        raise argparse.ArgumentTypeError("the zone goes with --time-zone")
    return found


class Command(BaseCommand):
    """Give a market hours, change them, turn them off; say what happens next."""

    help = (
        "Open and close a market by the clock. A market that has hours keeps what is not named; "
        "without options they are shown. Several sessions a day are set up in the admin."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """When."""
        parser.add_argument("symbol", help="such as BTC-USD")
        parser.add_argument("--days", help="on which it opens: 1 is Monday, 7 Sunday; new: 12345")
        parser.add_argument("--opens", dest="opens_at", type=time_of_day, metavar="09:00")
        parser.add_argument(
            "--closes",
            dest="closes_at",
            type=time_of_day,
            metavar="17:30",
            help="before the opening: on the next day",
        )
        parser.add_argument("--time-zone", metavar="Europe/Berlin", help="new: UTC")
        parser.add_argument(
            "--opening-auction",
            dest="opening_auction_minutes",
            type=int,
            metavar="MINUTES",
            help="orders are collected so long before the opening; new: 0",
        )
        parser.add_argument(
            "--closing-auction",
            dest="closing_auction_minutes",
            type=int,
            metavar="MINUTES",
            help="the last so many minutes are an auction; new: 0",
        )
        parser.add_argument(
            "--closing-status",
            choices=["closed", "halted"],
            help="closed: open orders are canceled; halted: they stay; new: closed",
        )
        parser.add_argument("--off", action="store_true", help="keep the hours, but do nothing")

    def handle(self, *_: Any, **options: Any) -> None:
        """Change what is named, and say what is so now."""
        need_migrated()
        symbol = options["symbol"].upper()
        market = Market.objects.filter(symbol=symbol).first()
        if market is None:
            raise CommandError(f"there is no market {symbol!r}")
        wanted = {name: options[name] for name in OPTIONS if options[name] is not None}
        there = list(MarketSchedule.objects.filter(market=market))
        if options["off"]:
            if wanted:
                raise CommandError("--off goes with no other option")
            _turn_off(there)
        elif wanted:
            _change(market, there, wanted)
        self._show(market)

    def _show(self, market: Market) -> None:
        found = MarketSchedule.objects.filter(market=market)
        if not found:
            self.stdout.write(f"{market}: no hours; it stays as it is")
        for schedule in found:
            self.stdout.write(f"{market}: {schedules.in_words(schedule)}")
        if (change := schedules.next_change_of(market, timezone.now())) is not None:
            self.stdout.write(f"next: {change.in_words()}")


def _turn_off(there: list[MarketSchedule]) -> None:
    for schedule in there:
        schedule.enabled = False
        schedules.keep(schedule)


def _change(market: Market, there: list[MarketSchedule], wanted: dict[str, Any]) -> None:
    if len(there) > 1:
        raise CommandError(f"{market} has {len(there)} schedules: change them in the admin")
    missing = [OPTIONS[name] for name in ("opens_at", "closes_at") if name not in wanted]
    if missing and not there:
        raise CommandError(f"{market} has no hours yet: say {' and '.join(missing)}")
    schedule = there[0] if there else MarketSchedule(market=market)
    schedule.enabled = True
    for name, value in wanted.items():
        setattr(schedule, name, value)
    try:
        schedules.check(schedule, others=[])
    except ValidationError as error:
        raise CommandError(_said(error)) from error
    schedules.keep(schedule)


def _said(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return error.messages[0]
    name, messages = next(iter(error.message_dict.items()))
    return f"{OPTIONS.get(name, name)}: {messages[0]}"
