"""A plan as a form, for the account's page and for the admin."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from markets.faults.plan import NUMBERS, RATIOS, BadPlan, Plan, read_plan
from markets.messages.public import ratio_text

LABELS: Final = {
    "delay_ms": ("Delay, in milliseconds", "Of every answer and every message."),
    "jitter_ms": ("Jitter, in milliseconds", "Up to so much more, each time differently."),
    "cut_seconds": ("Cut after, in seconds", "Of each connection; 0: never."),
    "drop": ("Dropped, a ratio from 0 to 1", "Messages that never come."),
    "duplicate": ("Duplicated, a ratio", "They come twice."),
    "reorder": ("Reordered, a ratio", "They come after the next one."),
    "corrupt_checksum": ("Wrong checksum, a ratio", "The levels are right."),
    "rate_limited": ("Answered 429, a ratio", "Nothing is done."),
    "unavailable": ("Answered 503, a ratio", "Nothing is done."),
    "time_out": ("Timed out, a ratio", "Orders are carried out, and the answer does not come."),
    "time_out_seconds": ("Timed out after, in seconds", "Then the answer is: timeout."),
    "clock_skew_ms": ("Clock ahead, in milliseconds", "Below 0: behind."),
    "seed": ("Seed", "The same one repeats a run; empty: it is drawn."),
}
"""Of each field: its label, and what it means."""
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
    if name == "seed" and not value:
        return ""
    return ratio_text(value) if name in RATIOS else value


def _field(name: str) -> forms.Field:
    label, help_text = LABELS[name]
    if name in RATIOS:
        return forms.CharField(
            label=label,
            help_text=help_text,
            required=False,
            max_length=MAX_TEXT,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        )
    least, most = NUMBERS[name]
    return forms.IntegerField(
        label=label, help_text=help_text, required=False, min_value=least, max_value=most
    )
