"""What the admin's own front page shows beside its list of models."""

from __future__ import annotations

from typing import Any

from django import template

from markets.admin.overview import overview as figures

register = template.Library()


@register.inclusion_tag("admin/markets/overview.html", takes_context=True)
def overview(context: dict[str, Any]) -> dict[str, Any]:
    """The markets and what is wrong with them."""
    return figures(context["request"])
