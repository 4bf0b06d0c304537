"""What an account has, and what it is worth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from markets import accounts, models
from markets.account_pages.owner import for_owner
from markets.matching.types import format_units
from markets.statement import Statement, Wanted

RECENT: Final = 8
"""Movements that are shown."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What the account has of an asset; `value` in the currency asked for, None where no market tells."""

    asset: str
    available: str
    held: str
    total: str
    value: str | None
    market: str | None


@require_safe
@for_owner
def overview(request: HttpRequest, account: models.Account) -> HttpResponse:
    """Balances with their values, recent movements, and the first steps of who has nothing yet."""
    markets = list(models.Market.objects.select_related("base", "quote"))
    quotes = Counter(market.quote.symbol for market in markets)
    currencies = [symbol for symbol, _ in quotes.most_common()]
    asked = request.GET.get("in", "").upper()
    currency = asked if asked in quotes else (currencies[0] if currencies else "")
    holdings, worth = _holdings(account, markets, currency)
    recent = Statement(account.pk, Wanted()).page(size=RECENT)
    context = {
        "account": account,
        "holdings": holdings,
        "worth": worth,
        "without_value": [holding.asset for holding in holdings if holding.value is None],
        "currency": currency,
        "currencies": sorted(currencies),
        "lines": recent.lines,
        "sandbox": settings.SANDBOX,
        "first_market": min((market.symbol for market in markets), default=None),
        "is_new": not recent.lines,
        "has_keys": account.api_keys.filter(revoked_at=None).exists(),
    }
    return render(request, "account/overview.html", context)


def _holdings(
    account: models.Account, markets: list[models.Market], currency: str
) -> tuple[list[Holding], str | None]:
    """What there is, and what all of it is worth that can be told."""
    to_currency = {m.base_id: m for m in markets if m.quote.symbol == currency}
    decimals = next((m.quote.decimals for m in to_currency.values()), 0)
    rows = account.balances.select_related("asset").order_by("asset__symbol")
    found: list[Holding] = []
    sum_of_values = 0
    for row in rows:
        total = row.available + row.held
        market = to_currency.get(row.asset_id)
        value: int | None = None
        if row.asset.symbol == currency:
            value = total
        elif market is not None and market.last_price is not None:
            value = total * market.last_price // 10**row.asset.decimals
        sum_of_values += value or 0
        found.append(
            Holding(
                asset=row.asset.symbol,
                available=format_units(row.available, row.asset.decimals),
                held=format_units(row.held, row.asset.decimals),
                total=format_units(total, row.asset.decimals),
                value=None if value is None else _money(value, decimals),
                market=None if market is None else market.symbol,
            )
        )
    return found, _money(sum_of_values, decimals) if currency else None


SHOWN_DECIMALS: Final = 2


def _money(units: int, decimals: int) -> str:
    """A value to look at, cut to two decimals, thousands apart: 1,234.50."""
    cut = units // 10 ** (decimals - SHOWN_DECIMALS) if decimals > SHOWN_DECIMALS else units
    whole, fraction = divmod(cut, 10 ** min(decimals, SHOWN_DECIMALS))
    shown = f"{whole:,}"
    return f"{shown}.{fraction:0{min(decimals, SHOWN_DECIMALS)}d}" if decimals else shown


@require_POST
@for_owner
def faucet(request: HttpRequest, account: models.Account) -> HttpResponse:
    """Play money, in a sandbox."""
    if not settings.SANDBOX:
        raise PermissionDenied("There is play money in sandboxes only.")
    accounts.faucet(account)
    messages.success(request, "You have new play money.")
    return redirect("account")
