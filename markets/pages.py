"""The pages that people see: a market's order page, logging in, and what is not there.

Rules:
- A page is the frame only; what moves in it comes over the public contract, like any client's.
- It carries its market's rules and who is looking as JSON (`json_script`), and no inline script.
- Attempts to log in are slowed by address; what is refused so was not looked at.
"""

from __future__ import annotations

import math
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from markets import models, problems
from markets.accounts import principal_of_user
from markets.history import INTERVALS
from markets.limits import login_rate
from markets.matching.types import MILLION, MarketStatus, format_units

RATE_DECIMALS: Final = len(str(MILLION)) - 1


@require_safe
@never_cache
def front(request: HttpRequest) -> HttpResponse:
    """The first open market's page (the first's, if none is open), or how to make a market."""
    markets = _markets()
    if not markets:
        return render(request, "markets/no_market.html")
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
    is_for_people = "text/html" in request.headers.get("Accept", "")
    if request.path.startswith("/api/") or not is_for_people:
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


def demo_people() -> list[dict[str, str]]:
    """Names and passwords that `serve --demo` made for everybody; none outside of a sandbox."""
    people: list[dict[str, str]] = getattr(settings, "DEMO_PEOPLE", [])
    return people if settings.SANDBOX else []


@require_safe
def problem_page(request: HttpRequest) -> HttpResponse:
    """What each error code means: where a problem's `type` points to."""
    meanings = [
        {"code": code, "status": status, "meaning": problems.MEANINGS[code]}
        for code, status in problems.STATUSES.items()
    ]
    return render(request, "markets/problems.html", {"problems": meanings})


def admin_log_in(request: HttpRequest) -> HttpResponse:
    """The admin's own log-in, at RATE_LOGIN attempts a minute from one address."""
    if request.method == "POST":
        seconds = login_rate.wait(str(request.META.get("REMOTE_ADDR")))
        if seconds:
            return problems.problem_response(
                problems.Problem("rate_limited", "too many attempts to log in", retry_after=seconds)
            )
    return admin.site.login(request)


class LogIn(LoginView):
    """Name and password, at RATE_LOGIN attempts a minute from one address."""

    template_name = "markets/login.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Try to log in; 429 when this address has tried too often."""
        seconds = math.ceil(login_rate.wait(str(request.META.get("REMOTE_ADDR"))))
        if not seconds:
            return super().post(request, *args, **kwargs)
        # An unbound form: the password that was sent is not even looked at.
        form = AuthenticationForm(request, initial={"username": request.POST.get("username", "")})
        context = self.get_context_data(form=form, slow_down=seconds)
        response = self.render_to_response(context, status=429)
        response["Retry-After"] = str(seconds)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form, and who may be logged in as on a demonstration."""
        return super().get_context_data(demo_people=demo_people(), **kwargs)
