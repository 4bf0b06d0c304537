"""Numbers as pages show them."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def thousands(number: str | int) -> str:
    """A canonical decimal with its thousands apart: "-1234567.0125" is "-1,234,567.0125"."""
    whole, point, fraction = str(number).partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.removeprefix('-')):,}{point}{fraction}"
