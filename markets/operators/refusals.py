"""Why a market cannot be as it is wanted: rules that make no sense, alone or beside the fee tiers."""

from __future__ import annotations

from markets import fee_tiers
from markets.models import SPECIFICATION, FeeTier, Market


class MarketRefused(ValueError):
    """The market cannot be so; the message says why, `field` which column is to blame."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


def check_rules(market: Market) -> None:
    """Raise MarketRefused if the market's rules make no sense, or a tier's rebate would not be paid for."""
    _check(market)
    _check_beside_tiers(market)


def _check(market: Market) -> None:
    try:
        market.spec(fee_account=0)
    except (ValueError, ArithmeticError) as error:
        message = str(error) or "the numbers make no sense"
        named = {"volatility_auction": "volatility_auction_s"}.get(
            message.split()[0], message.split()[0]
        )
        raise MarketRefused(message, named if named in SPECIFICATION else None) from error


def _check_beside_tiers(market: Market) -> None:
    try:
        fee_tiers.check(FeeTier.objects.filter(quote=market.quote_id), [market])
    except ValueError as error:
        message = str(error).removeprefix("maker_fee_rate: ")
        raise MarketRefused(message, "taker_fee_rate") from error
