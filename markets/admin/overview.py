"""The operator's front page: how every market goes, what is wrong, and what to do next.

Rules:
- A page is whole without a script; with one, what moves is asked for again every few seconds
  (`static/markets/admin/overview.js`), and greys out when it is not answered.
- Warnings come first, the worst first; each says what it means.
- An exchange without markets or accounts is told how to begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from markets import clock, operators, process
from markets.admin.pages import AnyAdmin, change_url, in_words_since, list_url, readable
from markets.admin.status import CHANGES, status_url
from markets.matching.types import SECOND, MarketStatus
from markets.messages.public import plain
from markets.models import (
    FEE_ACCOUNT_NAME,
    Account,
    Asset,
    FrozenAccount,
    Market,
    OperatorCommand,
)
from markets.operators import MarketEngine, MarketFigures

MAX_SHOWN: Final = 200
"""Markets on the front page; the list has the others."""
BEHIND_MS: Final = 1_000
"""An engine whose first command has waited so long is behind."""
WAITED: Final = 10 * SECOND
"""An operator's command that no engine has taken for so long deserves a warning."""
MAX_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that an operator should know; `level` is `error`, `warning` or `info`."""

    level: str
    text: str
    link: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do in an empty exchange."""

    done: bool
    label: str
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One market, as the page shows it."""

    figures: MarketFigures
    url: str
    engine: str
    lag: str
    wrong: bool
    """Whether the engine deserves a look."""
    spread: str
    spread_percent: str
    traded: str
    traded_exactly: str
    open_orders: str
    actions: list[tuple[str, str]]
    """(label, address) of what may be made of it."""


def overview_view(page: AnyAdmin, request: HttpRequest) -> HttpResponse:
    """What moves on the front page, alone."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    return render(request, "admin/markets/overview.html", overview(request))


def overview(request: HttpRequest) -> dict[str, Any]:
    """What the front page's template needs; nothing for who may not look at markets."""
    if not request.user.has_perm("markets.view_market"):
        return {"may_look": False}
    markets = Market.objects.select_related("base", "quote")
    count = markets.count()
    may_change = request.user.has_perm("markets.change_market")
    figures = operators.market_figures(markets[:MAX_SHOWN])
    trading = any(each.market.status in operators.TRADING for each in figures)
    return {
        "may_look": True,
        "may_change": may_change,
        "rows": [_row(each, may_change=may_change) for each in figures],
        "more": max(0, count - MAX_SHOWN),
        "warnings": list(_warnings(figures)),
        "steps": _steps() if not count or not _has_accounts() else [],
        "follows": any(each.best is not None for each in figures),
        "can_halt": may_change and trading,
        "can_resume": may_change and bool(operators.halted_together()),
        "now": timezone.now(),
        "rate_seconds": operators.RATE_SECONDS,
    }


# A market's row


def _row(figures: MarketFigures, *, may_change: bool) -> Row:
    engine, best, market = figures.engine, figures.best, figures.market
    lag, wrong = _lag(figures)
    spread, percent = _spread(figures)
    last = figures.last_trade
    shown = f"{figures.open_orders:,}"
    return Row(
        figures=figures,
        url=change_url(market),
        engine=_who(engine),
        lag=lag,
        wrong=wrong or (best is not None and engine.runs and not best.engine_heard),
        spread=spread,
        spread_percent=percent,
        traded="" if last is None else in_words_since(clock.now() - last.at),
        traded_exactly="" if last is None else readable(last.at),
        open_orders=f"{shown}+" if figures.open_orders >= operators.MAX_COUNTED else shown,
        actions=_actions(market) if may_change else [],
    )


def _actions(market: Market) -> list[tuple[str, str]]:
    keys = [str(market.pk)]
    wanted = [MarketStatus.HALTED, MarketStatus.AUCTION, MarketStatus.OPEN]
    return [
        (CHANGES[status].label, status_url(status, keys))
        for status in wanted
        if status != market.status
    ]


def _who(engine: MarketEngine) -> str:
    if not engine.runs:
        return "nobody runs it"
    if engine.process is None or engine.since is None:
        return "starting"
    return f"{engine.process} since {readable(engine.since)[:16]}"


def _lag(figures: MarketFigures) -> tuple[str, bool]:
    """What is known of how far behind the engine is, and whether that is bad."""
    engine, best = figures.engine, figures.best
    if not engine.runs:
        return "–", True
    if engine.behind_ms is not None:
        return f"{engine.behind_ms:,} ms, {engine.waiting:,} waiting", engine.behind_ms >= BEHIND_MS
    if best is None:
        return "not known here", False
    return ("in step", False) if best.in_step else ("not in step", True)


def _spread(figures: MarketFigures) -> tuple[str, str]:
    """The distance of the best prices, and what it is of the middle in per cent."""
    best = figures.best
    if best is None or best.bid is None or best.ask is None:
        return "–", ""
    bid, ask = Decimal(best.bid), Decimal(best.ask)
    if ask <= bid:
        return "crossed", ""
    percent = (ask - bid) * 200 / (ask + bid)
    return plain(ask - bid), f"{percent:.3f} %"


# Warnings


def _warnings(figures: list[MarketFigures]) -> Iterator[Notice]:
    yield from _of_engines(figures)
    yield from _of_commands()
    halted = [str(each.market) for each in figures if each.market.status == MarketStatus.HALTED]
    if halted:
        yield Notice("warning", f"{_named(halted)} halted: orders are not taken.")
    frozen = FrozenAccount.objects.count()
    if frozen:
        text = f"{frozen} account{' is' if frozen == 1 else 's are'} frozen."
        yield Notice("info", text, f"{list_url(Account)}?frozen=1", "Look at them")
    if settings.SANDBOX:
        text = "This is a sandbox: money is play money, and anybody with an account can make more."
        yield Notice("info", text)


def _of_engines(figures: list[MarketFigures]) -> Iterator[Notice]:
    engines = [each.engine for each in figures]
    idle = [str(engine.market) for engine in engines if not engine.runs]
    if idle:
        text = f"{_named(idle)} without an engine: orders are not answered. Start `serve` or `runengine`."
        yield Notice("error", text)
    behind = [str(each.market) for each in engines if (each.behind_ms or 0) >= BEHIND_MS]
    if behind:
        yield Notice("error", f"The engine of {_named(behind, verb=False)} is behind.")
    silent = [
        str(each.market)
        for each in figures
        if each.engine.runs and each.best is not None and not each.best.engine_heard
    ]
    if silent:
        text = (
            f"{_named(silent, verb=False)}: an engine runs, but this web process does not hear it. "
            "Its clients see no fresh book; is Redis well?"
        )
        yield Notice("error", text)
    if _stopping():
        yield Notice("warning", "This web process stops: it takes no new orders.")


def _stopping() -> bool:
    try:
        return process.current().stopping
    except process.NotStarted:
        return False


def _of_commands() -> Iterator[Notice]:
    waiting = OperatorCommand.objects.filter(done=False).order_by("pk")
    first = waiting.first()
    if first is None:
        return
    age = timezone.now() - first.created_at
    if age.total_seconds() * SECOND >= WAITED:
        text = (
            f"An operator's command for {first.market} waits for an engine since "
            f"{readable(first.created_at)[:16]}."
        )
        yield Notice("warning", text, f"{list_url(OperatorCommand)}?done__exact=0", "What waits")


def _named(symbols: list[str], *, verb: bool = True) -> str:
    """ "A-USD and 3 more are", "A-USD is"."""
    shown = ", ".join(symbols[:MAX_NAMED])
    if len(symbols) > MAX_NAMED:
        shown += f" and {len(symbols) - MAX_NAMED} more"
    if not verb:
        return shown
    return f"{shown} {'is' if len(symbols) == 1 else 'are'}"


# The first steps


def _has_accounts() -> bool:
    return Account.objects.exclude(name=FEE_ACCOUNT_NAME).exists()


def _steps() -> list[Step]:
    assets, markets = Asset.objects.exists(), Market.objects.exists()
    return [
        Step(
            done=assets,
            label="Add the assets",
            url=reverse("admin:markets_asset_add"),
            text="What is traded and what it is paid in, such as BTC and USD. A new market also makes "
            "those that it needs.",
        ),
        Step(
            done=markets,
            label="Make a market",
            url=reverse("admin:markets_market_add"),
            text="Two assets, a tick and a lot. An engine takes it within two seconds.",
        ),
        Step(
            done=_has_accounts(),
            label="Open an account",
            url=reverse("admin:markets_account_add"),
            text="A name and a password; then deposit money on its page, and trade.",
        ),
    ]
