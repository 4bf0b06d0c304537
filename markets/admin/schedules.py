"""Markets' hours: which days they open, when, and what they do next."""

from __future__ import annotations

from typing import Any, ClassVar, Final
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from markets import schedules
from markets.admin.forms import AnyModelForm, why
from markets.admin.pages import NONE, AnyAdmin, with_note
from markets.models import MarketSchedule

DAYS: Final = [
    ("1", "Monday"),
    ("2", "Tuesday"),
    ("3", "Wednesday"),
    ("4", "Thursday"),
    ("5", "Friday"),
    ("6", "Saturday"),
    ("7", "Sunday"),
]


class ScheduleForm(AnyModelForm):
    """Hours that make sense, alone and beside the market's others."""

    days = forms.MultipleChoiceField(
        choices=DAYS,
        widget=forms.CheckboxSelectMultiple,
        help_text="On which it opens, by the time zone's calendar.",
    )
    time_zone = forms.ChoiceField(help_text="Summer time is minded where there is one.")
    note = why("Kept in the admin log.")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if isinstance(days := self.initial.get("days", "12345"), str):
            self.initial["days"] = list(days)
        self.initial.setdefault("time_zone", "UTC")
        zones = sorted({*available_timezones(), self.initial["time_zone"]})
        named: Any = self.fields["time_zone"]
        named.choices = [(zone, zone) for zone in zones]
        self.fields["enabled"].help_text = "Off: the hours are kept, and do nothing."
        for name, example in (("opens_at", "09:00"), ("closes_at", "17:30")):
            self.fields[name].widget = forms.TimeInput(
                format="%H:%M", attrs={"placeholder": example, "size": 6}
            )
        self.fields["opens_at"].help_text = "By the clocks of the time zone."
        self.fields["closes_at"].help_text = "Before the opening: on the next day."
        if "market" in self.fields:
            market: Any = self.fields["market"].widget
            market.can_add_related = market.can_change_related = market.can_view_related = False

    def clean_days(self) -> str:
        """As the row has them."""
        return "".join(sorted(self.cleaned_data["days"]))

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        others = MarketSchedule.objects.filter(market=self.instance.market_id)
        try:
            schedules.check(self.instance, others.exclude(pk=self.instance.pk))
        except ValidationError as error:
            self.add_error(None, error)


@admin.register(MarketSchedule)
class MarketScheduleAdmin(AnyAdmin):
    """A changed schedule counts from now on; what it did stays in the operators' commands."""

    form = ScheduleForm
    list_display = ("market", "hours", "enabled", "next_change")
    list_display_links = ("market", "hours")
    list_filter = ("enabled",)
    show_facets = admin.ShowFacets.NEVER
    list_select_related = ("market",)
    search_fields = ("market__symbol",)
    sortable_by = ()
    fields: ClassVar[Any] = (
        "market",
        "enabled",
        "days",
        "opens_at",
        "closes_at",
        "time_zone",
        "opening_auction_minutes",
        "closing_auction_minutes",
        "closing_status",
        "note",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Hours stay with their market."""
        return () if obj is None else ("market", "next_change")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is next comes first, once there are hours."""
        return self.fields if obj is None else ("market", "next_change", *self.fields[1:])

    @admin.display(description="hours")
    def hours(self, schedule: MarketSchedule) -> str:
        """In words."""
        return schedules.in_words(schedule)

    @admin.display(description="next change")
    def next_change(self, schedule: MarketSchedule) -> str:
        """What it does next, and when."""
        due = schedules.next_change(schedule, timezone.now()) if schedule.enabled else None
        return NONE if due is None else due.in_words()

    def save_model(self, request: HttpRequest, obj: MarketSchedule, form: Any, change: Any) -> None:
        """Write it, unless nothing was changed; the time before is left alone."""
        if not change or set(form.changed_data) - {"note"}:
            schedules.keep(obj)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """What the hours are now, and why."""
        return with_note(schedules.in_words(form.instance), form.cleaned_data["note"])
