"""Fee tiers: which rates accounts pay by what they traded in 30 days, as commands to the engines.

Rules:
- A tier belongs to a quote asset: the volume in it, as maker and taker over all its markets, decides.
- The 30 days are whole days of UTC before today, and today until now.
- A tier given to an account by hand goes before its volume.
- Without a tier an account pays its market's own rates.
- Rates change by a command of each market's engine, so that each trade's rates are what they were then.
- No rebate of a tier is more than the lowest taker fee that anybody may pay in its markets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from django.db import connection

from markets import clock, models
from markets.database import one_moment
from markets.history import amount_sums, recent_volumes, tally_of, whole_amount
from markets.matching.spec import check_fee_rates
from markets.matching.types import SECOND, FeeRates, format_units
from markets.messages.public import JSON, ratio_text
from markets.models.markets import millionths

WINDOW_DAYS: Final = 30
DAY: Final = 86_400 * SECOND
BY_TIERS: Final = "fee tiers"
"""Who asks for rates that follow from tiers."""


def volumes(quote: models.Asset) -> Counter[int]:
    """What accounts (by key) traded in the last 30 days in a quote asset, in its units."""
    total: Counter[int] = Counter()
    with one_moment():
        for market in models.Market.objects.filter(quote=quote).values_list("pk", flat=True):
            for account, amount in _kept(("account_id",), "market_id = %s", market):
                total[account] += amount
            for account, _, amount in recent_volumes(market, tally_of(market), since=_first_day()):
                total[account] += amount
    return total


def volumes_of(account: models.Account) -> Counter[int]:
    """What an account traded in the last 30 days by quote asset (by key), in its units."""
    quotes = dict(models.Market.objects.values_list("pk", "quote"))
    total: Counter[int] = Counter()
    with one_moment():
        for market, amount in _kept(("market_id",), "account_id = %s", account.pk):
            total[quotes[market]] += amount
        for market, quote in quotes.items():
            for who, _, amount in recent_volumes(market, tally_of(market), since=_first_day()):
                if who == account.pk:
                    total[quote] += amount
    return total


def _first_day() -> int:
    """The day in which the window begins; it counts whole."""
    return clock.now() // DAY - WINDOW_DAYS


def _kept(columns: Sequence[str], where: str, key: int) -> Iterator[tuple[int, ...]]:
    """The columns' values and the amount in the window with them, as far as it is added up."""
    names, parts = ", ".join(columns), ", ".join(amount_sums("amount"))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {names}, {parts} FROM markets_dayvolume "  # noqa: S608
            f"WHERE {where} AND day >= %s GROUP BY {names}",
            [key, _first_day()],
        )
        for row in cursor.fetchall():
            yield (*row[:-2], whole_amount(*row[-2:]))


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
    """Ask a market's engine for what is not so yet and has not been asked for."""
    now = _rates_asked_for(market)
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


def _rates_asked_for(market: models.Market) -> dict[int, FeeRates]:
    """The rates that accounts have, or will have when what waits for the engine is done."""
    # What waits is read first: what is done in between is in the rates as well.
    waiting = models.OperatorCommand.objects.filter(market=market, kind="set_fee_rates", done=False)
    asked = list(waiting.order_by("pk").values_list("params", flat=True))
    rows = models.AccountFees.objects.filter(market=market)
    rates = {
        account: FeeRates(maker, taker)
        for account, maker, taker in rows.values_list(
            "account_id", "maker_fee_rate", "taker_fee_rate"
        )
    }
    for params in asked:
        for account, own in params["rates"].items():
            if own is None:
                rates.pop(int(account), None)
            else:
                rates[int(account)] = FeeRates(*own)
    return rates


def check(tiers: Iterable[models.FeeTier], markets: Iterable[models.Market]) -> None:
    """Raise ValueError if one of these tiers (of one quote asset) cannot be had in these markets.

    As the engines check it: in a market, nobody's rebate may be more than anybody's taker fee.
    """
    of_tiers = [(f"tier {tier.name}", _rates_of(tier)) for tier in tiers]
    if not of_tiers:
        return
    for _, rates in of_tiers:
        check_fee_rates(rates, lowest_taker=rates.taker)
    of_markets = [(f"market {market}", market.spec(fee_account=0).fee_rates) for market in markets]
    for everybodys in [[*of_tiers, one] for one in of_markets] or [of_tiers]:
        payer, lowest = min(everybodys, key=lambda named: named[1].taker)
        for owner, rates in everybodys:
            if rates.maker < -lowest.taker:
                raise ValueError(
                    f"maker_fee_rate: {owner} has a rebate of {ratio_text(-rates.maker)}, more than "
                    f"the {ratio_text(lowest.taker)} that takers of {payer} pay"
                )


def fees_of(account: models.Account) -> list[JSON]:
    """What an account pays in each market, and the volume that its tier goes by."""
    own: dict[int, Any] = {
        row.market_id: row for row in models.AccountFees.objects.filter(account=account)
    }
    traded = volumes_of(account)
    found: list[JSON] = []
    for market in models.Market.objects.select_related("base", "quote").order_by("symbol"):
        quote = market.quote
        spec = market.spec(fee_account=0)
        rates: Any = own.get(market.pk, spec)
        found.append(
            {
                "market": market.symbol,
                "maker_fee_rate": ratio_text(rates.maker_fee_rate),
                "taker_fee_rate": ratio_text(rates.taker_fee_rate),
                "volume_30d": format_units(traded[quote.pk], quote.decimals),
                "volume_asset": quote.symbol,
            }
        )
    return found
