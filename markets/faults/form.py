"""A plan as a form, for the account's page and for the admin."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from markets.faults.plan import NUMBERS, RATIOS, BadPlan, Plan, read_plan
from markets.messages.public import ratio_text

LABELS: Final = {
    "delay_ms": "Delay of every answer and message, in milliseconds",
    "jitter_ms": "and up to so much more, each differently, in milliseconds",
    "drop": "Book messages left out (ratio, 0 to 1)",
    "duplicate": "Book messages sent twice (ratio)",
    "reorder": "Book messages sent after the next one (ratio)",
    "corrupt_checksum": "Books with a wrong checksum (ratio)",
    "cut_seconds": "Cut each connection after so many seconds (0: never)",
    "rate_limited": "Requests answered 429, nothing done (ratio)",
    "unavailable": "Requests answered 503, nothing done (ratio)",
    "time_out": "Orders that are carried out, and then time out (ratio)",
    "time_out_seconds": "after so many seconds",
    "clock_skew_ms": "The server's clock is ahead by so many milliseconds (below 0: behind)",
    "seed": "Seed, to repeat a run (empty: drawn)",
}
MAX_TEXT: Final = 16
GROUPS: Final = (
    ("The network", ("delay_ms", "jitter_ms", "cut_seconds")),
    ("Book messages", ("drop", "duplicate", "reorder", "corrupt_checksum")),
    ("Requests", ("rate_limited", "unavailable", "time_out", "time_out_seconds")),
    ("Clock and chance", ("clock_skew_ms", "seed")),
)


class FaultsForm(forms.Form):
    """What shall go wrong. After `is_valid` it has a `plan`."""

    def __init__(self, data: Any = None, *, plan: Plan) -> None:
        """Show a plan, or read what was sent."""
        super().__init__(data, initial={name: _shown(plan, name) for name in LABELS})
        self.plan = plan
        for _, names in GROUPS:
            for name in names:
                self.fields[name] = _field(name)

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [(title, [self[name] for name in names]) for title, names in GROUPS]

    def clean(self) -> dict[str, Any]:
        """Read the plan."""
        cleaned = super().clean() or self.cleaned_data
        given = {name: value for name, value in cleaned.items() if value not in (None, "")}
        try:
            self.plan = read_plan(given)
        except BadPlan as error:
            for field, messages in error.errors.items():
                self.add_error(field, [f"It {message}." for message in messages])
        return cleaned

    @property
    def seeded(self) -> bool:
        """Whether a seed was named."""
        return self.cleaned_data.get("seed") is not None


def _shown(plan: Plan, name: str) -> int | str:
    value: int = getattr(plan, name)
    return ratio_text(value) if name in RATIOS else value


def _field(name: str) -> forms.Field:
    if name in RATIOS:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        return forms.CharField(
            label=LABELS[name], required=False, max_length=MAX_TEXT, widget=widget
        )
    least, most = NUMBERS[name]
    return forms.IntegerField(label=LABELS[name], required=False, min_value=least, max_value=most)
