"""Markets' hours: what is due by a schedule, once, in its order, as commands that the engines carry out.

Times are the zone's own; Europe/Berlin changes its clocks on 25 March and 28 October 2040.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.utils import timezone

from markets import operators, schedules
from markets.matching.types import SECOND, MarketStatus
from markets.models import Batch, Market, MarketSchedule, OperatorCommand
from tests.drivers.exchange import ExchangeDriver

BERLIN = "Europe/Berlin"


def hours(opens: str = "09:00", closes: str = "17:30", **columns: Any) -> MarketSchedule:
    """Those of a market from Monday to Friday, by UTC."""
    values = {"days": "12345", "time_zone": "UTC"} | columns
    return MarketSchedule(
        opens_at=time.fromisoformat(opens), closes_at=time.fromisoformat(closes), **values
    )


def at(text: str) -> datetime:
    """A moment of 2040 by UTC, such as "01-02 09:00"."""
    return datetime.fromisoformat(f"2040-{text}").replace(tzinfo=UTC)


def due(schedule: MarketSchedule, after: str, until: str) -> list[str]:
    """The changes between two moments, such as "01-02 09:00 open"."""
    found = schedules.changes(schedule, at(after), at(until))
    return [f"{change.moment:%m-%d %H:%M} {change.status}" for change in found]


# When


def test_a_market_opens_and_closes_on_its_days() -> None:
    schedule = hours(days="15")

    assert due(schedule, "01-02 00:00", "01-09 00:00") == [
        "01-02 09:00 open",
        "01-02 17:30 closed",
        "01-06 09:00 open",
        "01-06 17:30 closed",
    ]


def test_a_change_is_due_at_its_moment_and_not_again_after_it() -> None:
    schedule = hours()

    assert due(schedule, "01-02 08:59", "01-02 09:00") == ["01-02 09:00 open"]
    assert due(schedule, "01-02 09:00", "01-02 17:29") == []


def test_an_opening_auction_lasts_until_the_opening() -> None:
    schedule = hours(opening_auction_minutes=10, closing_status="halted")

    auction, *others = schedules.changes(schedule, at("01-02 00:00"), at("01-03 00:00"))

    assert (auction.moment, auction.status) == (at("01-02 08:50"), MarketStatus.AUCTION)
    assert auction.until == at("01-02 09:00")
    assert [change.status for change in others] == ["open", "halted"]


def test_a_closing_auction_trades_by_opening_the_market_before_it_closes() -> None:
    schedule = hours(closing_auction_minutes=5)

    assert due(schedule, "01-02 12:00", "01-03 00:00") == [
        "01-02 17:25 auction",
        "01-02 17:30 open",
        "01-02 17:30 closed",
    ]


def test_an_opening_auction_may_begin_on_the_day_before() -> None:
    schedule = hours("00:05", "12:00", days="2", opening_auction_minutes=30)

    assert due(schedule, "01-02 00:00", "01-03 01:00") == [
        "01-02 23:35 auction",
        "01-03 00:05 open",
    ]


def test_a_close_before_the_opening_is_the_next_day_s() -> None:
    schedule = hours("22:00", "06:00", days="5")

    assert due(schedule, "01-02 00:00", "01-09 00:00") == ["01-06 22:00 open", "01-07 06:00 closed"]


def test_times_are_the_zone_s_own_in_winter_and_in_summer() -> None:
    schedule = hours(time_zone=BERLIN)

    assert due(schedule, "03-23 00:00", "03-24 00:00") == ["03-23 08:00 open", "03-23 16:30 closed"]
    assert due(schedule, "03-26 00:00", "03-27 00:00") == ["03-26 07:00 open", "03-26 15:30 closed"]
    assert due(schedule, "10-29 00:00", "10-30 00:00") == ["10-29 08:00 open", "10-29 16:30 closed"]


def test_days_are_those_of_the_zone_s_calendar() -> None:
    schedule = hours("08:00", "12:00", days="1", time_zone="Pacific/Auckland")

    assert due(schedule, "07-01 00:00", "07-03 00:00") == ["07-01 20:00 open", "07-02 00:00 closed"]


def test_a_time_that_the_clocks_skip_is_an_hour_later() -> None:
    schedule = hours("02:30", "12:00", days="7", time_zone=BERLIN)

    assert due(schedule, "03-24 12:00", "03-25 12:00") == [
        "03-25 01:30 open",  # 03:30 by the clock that was just put forward
        "03-25 10:00 closed",
    ]


def test_a_time_that_the_clocks_show_twice_is_the_first() -> None:
    schedule = hours("02:30", "12:00", days="7", time_zone=BERLIN)

    assert due(schedule, "10-27 12:00", "10-28 12:00") == ["10-28 00:30 open", "10-28 11:00 closed"]


def test_a_night_s_session_is_an_hour_shorter_in_march_and_longer_in_october() -> None:
    schedule = hours("22:00", "06:00", days="6", time_zone=BERLIN)

    assert due(schedule, "03-24 12:00", "03-25 12:00") == ["03-24 21:00 open", "03-25 04:00 closed"]
    assert due(schedule, "10-27 12:00", "10-28 12:00") == ["10-27 20:00 open", "10-28 05:00 closed"]


def test_a_session_that_the_clocks_leave_no_time_for_is_left_out() -> None:
    schedule = hours("02:30", "03:15", days="7", time_zone=BERLIN)

    assert due(schedule, "03-24 12:00", "04-01 12:00") == ["04-01 00:30 open", "04-01 01:15 closed"]


# As commands


@pytest.fixture
def quiet(db: None) -> Market:
    """A market without an engine: what is asked of it waits as rows."""
    return operators.create_market("QUIET", "USD", tick_size=Decimal(1), lot_size=Decimal(1)).market


def keep(market: Market, schedule: MarketSchedule, fired_until: str = "01-02 00:00") -> int:
    """Give the market these hours, as if they had been looked at until then."""
    schedule.market = market
    schedule.save()
    MarketSchedule.objects.filter(pk=schedule.pk).update(fired_until=at(fired_until))
    return market.pk


def asked(market: Market) -> list[str]:
    """What the schedule asked for, in the order of the commands."""
    rows = OperatorCommand.objects.filter(market=market, requested_by=schedules.BY_SCHEDULE)
    return [
        f"{row.params['status']}{': ' + row.refusal if row.refusal else ''}"
        for row in rows.order_by("pk")
    ]


def test_a_due_change_is_asked_for_once(quiet: Market) -> None:
    key = keep(quiet, hours())

    assert schedules.fire([key], at("01-02 08:59")) == 0
    assert schedules.fire([key], at("01-02 09:00")) == 1
    assert schedules.fire([key], at("01-02 09:01")) == 0

    command = OperatorCommand.objects.get(market=quiet)
    assert (command.kind, command.params, command.requested_by) == (
        "set_status",
        {"status": "open"},
        "the schedule",
    )
    assert command.note == "due 2040-01-02T09:00:00.000000Z"


def test_hours_that_are_turned_off_and_other_markets_hours_are_left_alone(quiet: Market) -> None:
    key = keep(quiet, hours(enabled=False))
    keep(quiet, hours("18:00", "19:00"))

    assert schedules.fire([key + 1], at("01-02 20:00")) == 0
    assert schedules.fire([key], at("01-02 12:00")) == 0
    assert asked(quiet) == []


def test_an_auction_that_is_asked_for_late_is_so_much_shorter(quiet: Market) -> None:
    key = keep(quiet, hours(opening_auction_minutes=10))

    schedules.fire([key], at("01-02 08:57"))

    params = OperatorCommand.objects.get(market=quiet).params
    assert params == {"status": "auction", "seconds": 180}


def test_what_was_missed_is_made_up_for_in_its_order(quiet: Market) -> None:
    key = keep(quiet, hours(opening_auction_minutes=10, closing_auction_minutes=5))

    schedules.fire([key], at("01-03 08:55"))

    assert asked(quiet) == ["auction", "open", "auction", "open", "closed", "auction"]
    missed, *_, last = OperatorCommand.objects.filter(market=quiet).order_by("pk")
    assert "seconds" not in missed.params, "its opening is past: the next command opens"
    assert last.params["seconds"] == 300


def test_the_changes_of_a_market_s_two_schedules_are_made_up_for_in_one_order(
    quiet: Market,
) -> None:
    keep(quiet, hours("09:00", "12:00", closing_status="halted"))
    key = keep(quiet, hours("13:00", "17:00"))

    schedules.fire([key], at("01-03 10:00"))

    assert asked(quiet) == ["open", "halted", "open", "closed", "open"]


def test_where_a_session_ends_as_another_begins_the_end_comes_first(quiet: Market) -> None:
    keep(quiet, hours("06:00", "22:00", closing_status="halted"))
    key = keep(quiet, hours("22:00", "06:00", closing_auction_minutes=5))

    schedules.fire([key], at("01-03 06:00"))

    assert asked(quiet) == ["open", "halted", "open", "auction", "open", "closed", "open"]


def test_no_more_than_the_last_seven_days_are_made_up_for(quiet: Market) -> None:
    key = keep(quiet, hours(days="1234567"), fired_until="01-02 00:00")

    schedules.fire([key], at("03-01 12:00"))

    notes = OperatorCommand.objects.filter(market=quiet).order_by("pk").values_list("note")
    assert notes[0] == ("due 2040-02-23T17:30:00.000000Z",)
    assert len(notes) == 14


def test_a_schedule_that_was_changed_does_nothing_about_the_time_before(quiet: Market) -> None:
    now = timezone.now()
    always = hours("00:00", "23:59", days="1234567", enabled=False)
    key = keep(quiet, always)
    MarketSchedule.objects.update(fired_until=now - timedelta(days=3))

    always.enabled = True
    schedules.keep(always)

    assert schedules.fire([key], now) == 0
    assert schedules.fire([key], always.fired_until + timedelta(days=1)) == 2


def test_a_zone_that_this_machine_does_not_know_stops_no_other_market(quiet: Market) -> None:
    other = operators.create_market(
        "OTHER", "USD", tick_size=Decimal(1), lot_size=Decimal(1)
    ).market
    key = keep(quiet, hours(time_zone="Atlantis/Capital"))

    assert schedules.fire([key, keep(other, hours())], at("01-02 12:00")) == 1
    assert (asked(quiet), asked(other)) == ([], ["open"])


def test_a_market_that_was_halted_by_hand_stays_halted_until_somebody_opens_it(
    quiet: Market,
) -> None:
    key = keep(quiet, hours())
    halt = operators.set_market_status(quiet, MarketStatus.HALTED, "olga")

    schedules.fire([key], at("01-02 18:00"))
    OperatorCommand.objects.filter(pk=halt.pk).update(done=True, sequence=7)
    schedules.fire([key], at("01-03 12:00"))
    operators.set_market_status(quiet, MarketStatus.OPEN, "olga")
    schedules.fire([key], at("01-03 18:00"))

    refused = "halted by olga: open it by hand"
    assert asked(quiet) == [f"open: {refused}", f"closed: {refused}", f"open: {refused}", "closed"]


def test_a_halt_by_hand_counts_also_where_the_schedule_had_halted_already(quiet: Market) -> None:
    key = keep(quiet, hours(closing_status="halted"))
    schedules.fire([key], at("01-02 18:00"))
    OperatorCommand.objects.update(done=True, sequence=7)
    halt = operators.set_market_status(quiet, MarketStatus.HALTED, "olga")
    OperatorCommand.objects.filter(pk=halt.pk).update(done=True)  # it was so already

    schedules.fire([key], at("01-03 12:00"))

    assert asked(quiet)[-1] == "open: halted by olga: open it by hand"


def test_a_market_that_its_schedule_halted_is_opened_by_it(quiet: Market) -> None:
    key = keep(quiet, hours(closing_status="halted"))

    for moment in ("01-02 12:00", "01-02 18:00", "01-03 12:00"):
        schedules.fire([key], at(moment))
        OperatorCommand.objects.filter(done=False).update(done=True, sequence=1)

    assert asked(quiet) == ["open", "halted", "open"]


# Setting them up


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        (hours("09:00", "09:00"), "closes_at"),
        (hours(days=""), "days"),
        (hours(days="18"), "days"),
        (hours(days="11"), "days"),
        (hours(time_zone="Berlin"), "time_zone"),
        (hours(closing_status="open"), "closing_status"),
        (hours(opening_auction_minutes=1440), "opening_auction_minutes"),
        (hours(closing_auction_minutes=510), "closing_auction_minutes"),
    ],
)
def test_hours_that_make_no_sense_are_refused(schedule: MarketSchedule, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        schedules.check(schedule, [])

    assert list(refused.value.message_dict) == [field]


@pytest.mark.parametrize(
    ("schedule", "others"),
    [
        (hours("12:00", "20:00"), [hours("09:00", "12:01")]),
        (hours("20:00", "10:00"), [hours("09:00", "17:00")]),
        (hours("12:00", "20:00", opening_auction_minutes=10), [hours("09:00", "12:00")]),
        (hours("09:00", "08:00", opening_auction_minutes=90), []),
        # Only from the end of March to the end of October:
        (hours("08:00", "09:00", time_zone=BERLIN), [hours("05:00", "06:30")]),
    ],
)
def test_sessions_that_overlap_are_refused(
    schedule: MarketSchedule, others: list[MarketSchedule]
) -> None:
    with pytest.raises(ValidationError, match="sessions overlap"):
        schedules.check(schedule, others)


def test_hours_that_are_off_overlap_with_nothing() -> None:
    schedules.check(hours("12:00", "20:00"), [hours("09:00", "17:00", enabled=False)])
    schedules.check(hours("12:00", "20:00"), [hours("09:00", "12:00")])


def test_hours_are_said_in_words() -> None:
    full = hours(
        opening_auction_minutes=10, closing_auction_minutes=5, time_zone=BERLIN, enabled=False
    )

    assert schedules.in_words(full) == (
        "Mon to Fri 09:00 to 17:30 Europe/Berlin, opening auction 10 min before, "
        "closing auction the last 5 min, then closed, off"
    )
    said = [schedules.days_in_words(days) for days in ("1234567", "71", "135", "567", "2")]
    assert said == ["daily", "Mon, Sun", "Mon, Wed, Fri", "Fri to Sun", "Tue"]


# In the engine


def fire(exchange: ExchangeDriver, market: Market, moment: str) -> None:
    """Let the schedule ask for what is due, and the engine do it."""
    schedules.fire([market.pk], at(moment))
    obeyed(exchange, market)


def obeyed(exchange: ExchangeDriver, market: Market) -> None:
    """Wait until the engine has done what it was asked for."""
    for command in OperatorCommand.objects.filter(market=market, done=False):
        assert operators.wait_for(command, 20), "the engine obeys"
    exchange.settle(market.symbol)


def test_an_engine_closes_and_opens_by_the_hours(exchange: ExchangeDriver, market: str) -> None:
    row = Market.objects.get(symbol=market)
    keep(row, hours())
    alice = exchange.new_trader(USD=1000)
    order = alice.place(market, "buy", "1", price="99")

    fire(exchange, row, "01-02 17:30")

    ended = alice.order(order["id"])
    assert (ended["status"], ended["reason"]) == ("canceled", "market_closed")
    assert alice.submit(market, "buy", "1", price="99").json()["code"] == "market_not_open"
    fire(exchange, row, "01-03 09:00")
    alice.place(market, "buy", "1", price="99")


def test_an_opening_auction_ends_by_itself_when_the_market_opens(
    exchange: ExchangeDriver, market: str
) -> None:
    row = Market.objects.get(symbol=market)
    keep(row, hours(opening_auction_minutes=10))

    fire(exchange, row, "01-02 08:50")

    row.refresh_from_db()
    began = Batch.objects.filter(market=row).latest("sequence").timestamp
    assert (row.status, row.auction_ends_at) == ("auction", began + 600 * SECOND)


def test_a_closing_auction_trades_at_one_price_and_then_the_market_closes(
    exchange: ExchangeDriver, market: str
) -> None:
    row = Market.objects.get(symbol=market)
    keep(row, hours(closing_auction_minutes=5))
    alice, bob = exchange.traders(market)
    fire(exchange, row, "01-02 17:25")
    asks = [alice.place(market, "sell", "5", price=price) for price in ("98", "100")]
    bids = [bob.place(market, "buy", "4", price=price) for price in ("103", "101")]
    assert exchange.http.get(f"markets/{market}/trades").json() == []

    fire(exchange, row, "01-02 17:30")

    trades = exchange.http.get(f"markets/{market}/trades").json()
    assert {trade["price"] for trade in trades} == {"100"}
    assert sum(int(trade["quantity"]) for trade in trades) == 8
    assert [bob.order(order["id"])["status"] for order in bids] == ["filled", "filled"]
    rest = alice.order(asks[1]["id"])
    assert (rest["filled_quantity"], rest["status"], rest["reason"]) == (
        "3",
        "canceled",
        "market_closed",
    )
    row.refresh_from_db()
    assert row.status == "closed"


def test_two_processes_that_fire_at_once_ask_once(exchange: ExchangeDriver, market: str) -> None:
    row = Market.objects.get(symbol=market)
    keep(row, hours(days="1234567"))
    days = [f"01-{day:02}" for day in range(2, 10)]
    together = threading.Barrier(2)
    fired: list[int] = []

    def process() -> None:
        try:
            for day in days:
                together.wait(20)
                fired.append(schedules.fire([row.pk], at(f"{day} 18:00")))
        finally:
            connections.close_all()

    others = [threading.Thread(target=process) for _ in range(2)]
    for other in others:
        other.start()
    for other in others:
        other.join(60)

    assert sum(fired) == 2 * len(days)
    assert asked(row) == ["open", "closed"] * len(days)
    obeyed(exchange, row)
