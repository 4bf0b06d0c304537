"""The pages that people see: a market's order page, and what is not there.

Rules:
- A page is the frame only; what moves in it comes over the public contract, like any client's.
- It carries its market's rules and who is looking as JSON (`json_script`), and no inline script.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from markets import models, problems
from markets.accounts import principal_of_user
from markets.error_pages import is_for_people
from markets.history import INTERVALS
from markets.matching.types import MILLION, MarketStatus, format_units
from markets.people.adapters import sign_up_is_open
from markets.people.log_in import demo_people

RATE_DECIMALS: Final = len(str(MILLION)) - 1


@require_safe
@never_cache
def front(request: HttpRequest) -> HttpResponse:
    """The first open market's page (the first's, if none is open), or how to make a market."""
    markets = _markets()
    if not markets:
        return render(request, "markets/no_market.html", {"sign_up_is_open": sign_up_is_open()})
    is_open = (market for market in markets if market.status == MarketStatus.OPEN)
    return _market_page(request, next(is_open, markets[0]), markets)


@require_safe
@never_cache
def market(request: HttpRequest, symbol: str) -> HttpResponse:
    """One market's page; 404 if there is no such market."""
    markets = _markets()
    found = next((market for market in markets if market.symbol == symbol.upper()), None)
    if found is None:
        return _nothing_here(request, f"There is no market {symbol[:32]}", markets)
    return _market_page(request, found, markets)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 of any other address: a page for people, a problem for programs."""
    if not is_for_people(request):
        return problems.not_found(request, exception)
    return _nothing_here(request, "There is no such page", _markets())


def _nothing_here(request: HttpRequest, message: str, markets: list[models.Market]) -> HttpResponse:
    context = {"message": message, "markets": markets}
    return render(request, "markets/404.html", context, status=404)


def _markets() -> list[models.Market]:
    return list(models.Market.objects.select_related("base", "quote").order_by("symbol"))


def _market_page(
    request: HttpRequest, shown: models.Market, markets: list[models.Market]
) -> HttpResponse:
    account = principal_of_user(request.user) if request.user.is_authenticated else None
    context = {
        "market": shown,
        "markets": markets,
        "has_account": account is not None,
        "sandbox": settings.SANDBOX,
        "sign_up_is_open": sign_up_is_open(),
        "demo_people": demo_people(),
        "has_chart": bool(settings.STATICFILES_DIRS),
        "chart_intervals": list(INTERVALS),
        "page": {
            "symbol": shown.symbol,
            "markets": [_rules(market) for market in markets],
            "has_account": account is not None,
        },
    }
    return render(request, "markets/market.html", context)


def _rules(market: models.Market) -> dict[str, str | int | None]:
    """What the page must know of a market before the first message."""
    spec = market.spec(fee_account=0)
    band = spec.price_band
    return {
        "symbol": spec.symbol,
        "status": market.status,
        "base": spec.base,
        "quote": spec.quote,
        "tick_size": spec.price_text(spec.tick_size),
        "lot_size": spec.quantity_text(spec.lot_size),
        "maker_fee_rate": format_units(spec.maker_fee_rate, RATE_DECIMALS),
        "taker_fee_rate": format_units(spec.taker_fee_rate, RATE_DECIMALS),
        "price_band": None if band is None else format_units(band, RATE_DECIMALS),
        "base_decimals": spec.base_decimals,
        "quote_decimals": spec.quote_decimals,
    }


@require_safe
def problem_page(request: HttpRequest) -> HttpResponse:
    """What each error code means: where a problem's `type` points to."""
    meanings = [
        {"code": code, "status": status, "meaning": problems.MEANINGS[code]}
        for code, status in problems.STATUSES.items()
    ]
    return render(request, "markets/problems.html", {"problems": meanings})
