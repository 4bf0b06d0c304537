"""A market's hours are set up by the operator, and make sense; a change counts from now on."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from markets import schedules
from markets.models import Market, MarketSchedule, OperatorCommand
from tests.api.admin.pages import errors_of, logged, page


def form(market: Market, **changes: Any) -> dict[str, Any]:
    """What the form of new hours sends."""
    return {
        "market": market.pk,
        "enabled": "on",
        "days": list("12345"),
        "opens_at": "09:00",
        "closes_at": "17:30",
        "time_zone": "Europe/Berlin",
        "opening_auction_minutes": "10",
        "closing_auction_minutes": "5",
        "closing_status": "closed",
        "note": "why",
    } | changes


def add(client: Client, market: Market, **changes: Any) -> Any:
    return client.post(reverse("admin:markets_marketschedule_add"), form(market, **changes))


def change(client: Client, schedule: MarketSchedule, **changes: Any) -> Any:
    url = reverse("admin:markets_marketschedule_change", args=[schedule.pk])
    return client.post(url, form(schedule.market, **changes))


IN_WORDS = (
    "Mon to Fri 09:00 to 17:30 Europe/Berlin, opening auction 10 min before, "
    "closing auction the last 5 min, then closed"
)


def test_hours_are_added_with_who_and_why(operator: Client, market: Market) -> None:
    response = add(operator, market, note="as in Frankfurt")

    assert response.status_code == 302
    schedule = MarketSchedule.objects.get()
    assert (schedule.market, schedule.days, schedule.enabled) == (market, "12345", True)
    assert logged() == [f"olga {schedule}: {IN_WORDS}: as in Frankfurt"]


def test_the_market_and_the_list_show_hours_and_what_is_next(
    operator: Client, market: Market
) -> None:
    add_url = reverse("admin:markets_marketschedule_add") + f"?market={market.pk}"
    assert f'<a href="{add_url}">none: add hours</a>' in page(operator, "market_change", market.pk)

    add(operator, market, days=list("1234567"))

    due = schedules.next_change(MarketSchedule.objects.get(), timezone.now())
    assert due is not None
    of_market = page(operator, "market_change", market.pk)
    in_list = page(operator, "marketschedule_changelist")
    assert "daily 09:00 to 17:30 Europe/Berlin" in of_market
    assert f"next: {due.in_words()}" in of_market
    assert due.in_words() in in_list


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"days": []}, "days"),
        ({"days": ["8"]}, "days"),
        ({"opens_at": "soon"}, "opens_at"),
        ({"closes_at": "09:00"}, "closes_at"),
        ({"time_zone": "Berlin"}, "time_zone"),
        ({"opening_auction_minutes": "-1"}, "opening_auction_minutes"),
        ({"opening_auction_minutes": "1440"}, "opening_auction_minutes"),
        ({"closing_auction_minutes": "510"}, "closing_auction_minutes"),
        ({"closing_status": "open"}, "closing_status"),
    ],
)
def test_hours_that_make_no_sense_are_refused_at_the_field(
    operator: Client, market: Market, changes: dict[str, Any], field: str
) -> None:
    assert list(errors_of(add(operator, market, **changes))) == [field]
    assert not MarketSchedule.objects.exists()


def test_sessions_of_a_market_do_not_overlap(operator: Client, market: Market) -> None:
    add(operator, market)

    errors = errors_of(add(operator, market, opens_at="17:00", closes_at="20:00"))
    add(operator, market, opens_at="18:00", closes_at="20:00")

    assert "sessions overlap" in errors["__all__"][0]
    assert MarketSchedule.objects.count() == 2


def test_hours_that_were_changed_do_nothing_about_the_time_before(
    operator: Client, market: Market
) -> None:
    schedule = MarketSchedule.objects.create(
        market=market, days="1234567", opens_at=time(1), closes_at=time(2), enabled=False
    )
    MarketSchedule.objects.update(fired_until=timezone.now() - timedelta(days=3))

    change(operator, schedule, days=list("1234567"), enabled="on")

    assert schedules.fire([market.pk], timezone.now()) == 0
    assert not OperatorCommand.objects.exists()


def test_hours_that_were_sent_back_as_they_came_stay_as_they_are(
    operator: Client, market: Market
) -> None:
    add(operator, market)
    schedule = MarketSchedule.objects.get()
    fired_until = timezone.now() - timedelta(days=1)
    MarketSchedule.objects.update(fired_until=fired_until)

    change(operator, schedule)

    assert MarketSchedule.objects.get().fired_until == fired_until, "nothing that is due is lost"


def test_hours_are_deleted_and_the_log_keeps_them(operator: Client, market: Market) -> None:
    add(operator, market)
    schedule = MarketSchedule.objects.get()

    url = reverse("admin:markets_marketschedule_delete", args=[schedule.pk])
    operator.post(url, {"post": "yes"})

    assert not MarketSchedule.objects.exists()
    assert "BTC-USD 09:00 to 17:30" in logged()[-1]


def test_staff_without_the_permission_changes_no_hours(market: Market) -> None:
    clerk = Client()
    clerk.force_login(User.objects.create_user("carl", is_staff=True))

    assert add(clerk, market).status_code == 403
