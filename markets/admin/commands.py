"""Operators' commands in words, and the moment that a page waits for what comes of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from markets import operators
from markets.admin.pages import AnyAdmin, change_url, readable
from markets.matching.types import FeeRates
from markets.messages.public import ratio_text
from markets.models import Account, Market, OperatorCommand

ANSWER_SECONDS: Final = 3.0
"""How long a page waits for an engine."""
SHOWN: Final = 5
RATES_SHOWN: Final = 200


def report(
    page: AnyAdmin,
    request: HttpRequest,
    commands: Sequence[OperatorCommand],
    *,
    each: bool = True,
) -> None:
    """Wait a moment for the engines, and tell the operator what came of the commands.

    Not `each`: those that are done are only counted.
    """
    done = 0
    deadline = time.monotonic() + ANSWER_SECONDS
    for command in commands:
        operators.wait_for(command, max(0.0, deadline - time.monotonic()))
        level = messages.SUCCESS
        if command.refusal:
            level = messages.ERROR
        elif not command.done:
            level = messages.WARNING
        if level == messages.SUCCESS and not each:
            done += 1
            continue
        page.message_user(request, f"{command.market}: {operators.outcome_of(command)}", level)
    if done:
        markets = "1 market" if done == 1 else f"{done} markets"
        page.message_user(request, f"Done in {markets}.", messages.SUCCESS)


def wanted(command: OperatorCommand) -> str:
    """What was asked for, in a line."""
    params: Mapping[str, Any] = command.params
    match command.kind:
        case "set_status":
            seconds = params.get("seconds")
            status = f"status = {params.get('status')}"
            return status if seconds is None else f"{status} for {seconds} s"
        case "set_frozen":
            return f"{'freeze' if params.get('frozen') else 'unfreeze'} {params.get('name')}"
        case "set_fee_rates":
            count = len(params.get("rates", ()))
            return f"fee rates of {count} account{'' if count == 1 else 's'}"
        case _:
            return ", ".join(
                f"{name} = {'none' if value is None else value}" for name, value in params.items()
            )


def rates_wanted(command: OperatorCommand) -> SafeString:
    """Which accounts shall pay what, a line each."""
    rates: dict[str, list[int] | None] = command.params.get("rates", {})
    shown = list(rates.items())[:RATES_SHOWN]
    names = dict(
        Account.objects.filter(pk__in=[int(key) for key, _ in shown]).values_list("pk", "name")
    )
    lines = [(names.get(int(key), key), _rates_in_words(own)) for key, own in shown]
    if len(rates) > len(shown):
        lines.append(("…", f"and {len(rates) - len(shown)} more"))
    return format_html_join("", "<div>{}: {}</div>", lines)


def _rates_in_words(own: list[int] | None) -> str:
    if own is None:
        return "what the market takes from everybody"
    rates = FeeRates(*own)
    return f"maker {ratio_text(rates.maker)}, taker {ratio_text(rates.taker)}"


def latest(market: Market) -> SafeString:
    """What was asked of a market's engine last, and what came of it."""
    commands = OperatorCommand.objects.filter(market=market).order_by("-pk")[:SHOWN]
    rows = [
        (
            change_url(command),
            readable(command.created_at),
            command.requested_by,
            wanted(command),
            operators.outcome_of(command),
        )
        for command in commands
    ]
    return format_html_join("", '<div><a href="{}">{}</a> {}: {}, {}</div>', rows)
