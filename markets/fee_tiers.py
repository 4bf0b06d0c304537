"""Fee tiers: which rates accounts pay by what they traded in 30 days, as commands to the engines.

Rules:
- A tier belongs to a quote asset: the volume in it, as maker and taker over all its markets, decides.
- A tier given to an account by hand goes before its volume.
- Without a tier an account pays its market's own rates.
- Rates change by a command of each market's engine, so that each trade's rates are what they were then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any, Final

from django.db import connection

from markets import clock, models
from markets.history import amount_sums, whole_amount
from markets.matching.types import SECOND, FeeRates, format_units
from markets.messages.public import JSON, ratio_text
from markets.models.markets import millionths

WINDOW_DAYS: Final = 30
DAY: Final = 86_400 * SECOND
BY_TIERS: Final = "fee tiers"
"""Who asks for rates that follow from tiers."""


def volumes(quote: models.Asset, account: int | None = None) -> Counter[int]:
    """What accounts (or one) traded in the last 30 days in a quote asset, in its units."""
    since = clock.now() - WINDOW_DAYS * DAY
    markets = list(models.Market.objects.filter(quote=quote).values_list("pk", flat=True))
    total: Counter[int] = Counter()
    for side in ("taker", "maker"):
        total.update(_volumes(f"{side}_account_id", markets, since, account))
    return total


def _volumes(column: str, markets: list[int], since: int, account: int | None) -> dict[int, int]:
    high, low = amount_sums("amount")
    only = f"AND {column} = %s " if account is not None else ""
    found: Counter[int] = Counter()
    with connection.cursor() as cursor:
        for market in markets:
            cursor.execute(
                f"SELECT {column}, {high}, {low} FROM markets_trade "  # noqa: S608
                f"WHERE market_id = %s AND timestamp >= %s {only}GROUP BY {column}",
                [market, since, *([account] if account is not None else [])],
            )
            for owner, *parts in cursor.fetchall():
                found[owner] += whole_amount(*parts)
    return found


def assess(markets: Collection[int] | None = None) -> int:
    """Ask the engines of these markets (by key; None: all) for rates that are due; how many did change."""
    asked = 0
    chosen = models.Market.objects.select_related("base", "quote")
    if markets is not None:
        chosen = chosen.filter(pk__in=markets)
    by_quote: dict[models.Asset, list[models.Market]] = {}
    for market in chosen:
        by_quote.setdefault(market.quote, []).append(market)
    for quote, of_quote in by_quote.items():
        due = _rates_due(quote)
        for market in of_quote:
            asked += _ask(market, due)
    return asked


def _rates_due(quote: models.Asset) -> dict[int, FeeRates]:
    """The rates of every account that has a tier."""
    tiers = list(models.FeeTier.objects.filter(quote=quote).order_by("-min_volume"))
    if not tiers:
        return {}
    due: dict[int, FeeRates] = {}
    for account, volume in volumes(quote).items():
        tier = next((t for t in tiers if t.min_volume.scaleb(quote.decimals) <= volume), None)
        if tier is not None:
            due[account] = _rates_of(tier)
    given = models.Account.given_fee_tiers.through.objects.filter(feetier__quote=quote)
    of_tier = {tier.pk: _rates_of(tier) for tier in tiers}
    for account, tier_id in given.order_by("pk").values_list("account_id", "feetier_id"):
        due[account] = of_tier[tier_id]
    return due


def _rates_of(tier: models.FeeTier) -> FeeRates:
    return FeeRates(
        millionths("maker_fee_rate", tier.maker_fee_rate),
        millionths("taker_fee_rate", tier.taker_fee_rate),
    )


def _ask(market: models.Market, due: dict[int, FeeRates]) -> bool:
    """Ask a market's engine for what is not so yet, unless it has been asked already."""
    waiting = models.OperatorCommand.objects.filter(market=market, kind="set_fee_rates", done=False)
    if waiting.exists():
        return False
    rows = models.AccountFees.objects.filter(market=market)
    now = {
        account: FeeRates(maker, taker)
        for account, maker, taker in rows.values_list(
            "account_id", "maker_fee_rate", "taker_fee_rate"
        )
    }
    changes: dict[str, list[int] | None] = {
        str(account): list(rates) for account, rates in due.items() if now.get(account) != rates
    }
    changes |= {str(account): None for account in now if account not in due}
    if changes:
        models.OperatorCommand.objects.create(
            market=market,
            kind="set_fee_rates",
            params={"rates": changes},
            requested_by=BY_TIERS,
        )
    return bool(changes)


def fees_of(account: models.Account) -> list[JSON]:
    """What an account pays in each market, and the volume that its tier goes by."""
    own: dict[int, Any] = {
        row.market_id: row for row in models.AccountFees.objects.filter(account=account)
    }
    traded: dict[int, str] = {}
    found: list[JSON] = []
    for market in models.Market.objects.select_related("base", "quote").order_by("symbol"):
        quote = market.quote
        if quote.pk not in traded:
            volume = volumes(quote, account.pk)[account.pk]
            traded[quote.pk] = format_units(volume, quote.decimals)
        spec = market.spec(fee_account=0)
        rates: Any = own.get(market.pk, spec)
        found.append(
            {
                "market": market.symbol,
                "maker_fee_rate": ratio_text(rates.maker_fee_rate),
                "taker_fee_rate": ratio_text(rates.taker_fee_rate),
                "volume_30d": traded[quote.pk],
                "volume_asset": quote.symbol,
            }
        )
    return found
