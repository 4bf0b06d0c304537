"""New markets: made whole, with their assets and the balances that fees go to, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max

from markets import accounts, clock, fee_tiers, process
from markets.models import (
    DEFAULT_DECIMALS,
    MAX_DECIMALS,
    Asset,
    CancelAfter,
    Market,
    asset_symbol,
)
from markets.operators.refusals import MarketRefused, check_rules


@dataclass(frozen=True, slots=True)
class CreatedMarket:
    """A market that is there now, and the assets that were made for it."""

    market: Market
    new_assets: list[Asset]


def create_market(base: str, quote: str, **columns: Any) -> CreatedMarket:
    """Make the market BASE-QUOTE, and its assets if there are none. Raises MarketRefused.

    `columns` are those of `Market`; tick_size and lot_size must be given. An engine takes the market
    within seconds, at once if this process runs engines.
    """
    draft = draft_market(base, quote, **columns)
    try:
        with transaction.atomic():
            new_assets = [asset for asset in (draft.base, draft.quote) if asset.pk is None]
            for asset in new_assets:
                asset.save(force_insert=True)
            market = Market(base=draft.base, quote=draft.quote, symbol=draft.symbol, **columns)
            market.save(force_insert=True)
            accounts.open_fee_balances([market.base, market.quote])
            _copy_switches(market)
            transaction.on_commit(lambda: fee_tiers.assess([market.pk]), robust=True)
            transaction.on_commit(process.look_at_once)
    except IntegrityError as error:
        raise MarketRefused(f"{draft.symbol} was made by somebody else just now") from error
    return CreatedMarket(market, new_assets)


def _copy_switches(market: Market) -> None:
    """A dead man's switch is the account's: one that is set counts in a new market, too."""
    now = clock.now()
    latest = CancelAfter.objects.filter(at__gt=now).values("account").annotate(last=Max("at"))
    CancelAfter.objects.bulk_create(
        CancelAfter(market=market, account_id=row["account"], at=row["last"]) for row in latest
    )


def draft_market(base: str, quote: str, **columns: Any) -> Market:
    """The market as it would be made, with nothing written. Raises MarketRefused."""
    for field, symbol in (("base", base), ("quote", quote)):
        try:
            asset_symbol(symbol)
        except ValidationError as error:
            raise MarketRefused(f"{field} {symbol!r}: {error.messages[0]}", field) from error
    if base == quote:
        raise MarketRefused("base and quote must be two assets", "quote")
    # Key 0 is nobody's: the specification wants one.
    draft = Market(pk=0, symbol=f"{base}-{quote}", **columns)
    if Market.objects.filter(symbol=draft.symbol).exists():
        raise MarketRefused(f"there is a market {draft.symbol} already", "base")
    try:
        draft.clean_fields(exclude=["id", "base", "quote"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise MarketRefused(f"{field}: {messages[0]}", field) from error
    draft.base = _asset(base, draft.lot_size)
    draft.quote = _asset(quote, draft.tick_size, draft.tick_size * draft.lot_size)
    check_rules(draft)
    return draft


def _asset(symbol: str, *smallest: Decimal) -> Asset:
    """The asset of that symbol, or a new one with room for the smallest amounts."""
    asset = Asset.objects.filter(symbol=symbol).first()
    if asset is not None:
        return asset
    decimals = max(DEFAULT_DECIMALS, *(_decimals(amount) for amount in smallest))
    if decimals > MAX_DECIMALS:
        raise MarketRefused(
            f"tick_size × lot_size needs {decimals} decimals of {symbol}; "
            f"an asset has at most {MAX_DECIMALS}",
            "tick_size",
        )
    return Asset(symbol=symbol, decimals=decimals)


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
