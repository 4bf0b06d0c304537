"""Markets, books, trades, candles, tickers."""

from __future__ import annotations

from rest_framework import serializers

from markets.matching.types import MarketStatus, Side
from markets.serializers.base import Shape, choice, decimal


class NodeShape(Shape):
    """A web process."""

    url = serializers.URLField(help_text="Where its API is, without `/api/v1/`.")


class AuctionShape(Shape):
    """What an auction would come to now."""

    indicative_price = decimal(allow_null=True)
    indicative_volume = decimal()
    surplus = decimal()
    surplus_side = choice(Side, allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)


class MarketShape(Shape):
    """A market's rules."""

    symbol = serializers.CharField()
    base = serializers.CharField()
    quote = serializers.CharField()
    status = choice(MarketStatus)
    tick_size = decimal()
    lot_size = decimal()
    min_quantity = decimal()
    max_quantity = decimal()
    min_notional = decimal()
    maker_fee_rate = decimal()
    taker_fee_rate = decimal()
    price_band = decimal(allow_null=True)
    reference_price = decimal(
        allow_null=True,
        help_text="What the price band is around: the last trade's price, or the mid.",
    )
    volatility_auction_seconds = serializers.IntegerField()
    auction = AuctionShape(allow_null=True)


class BookShape(Shape):
    """Levels as [price, quantity], best first."""

    market = serializers.CharField()
    sequence = serializers.IntegerField()
    timestamp = serializers.DateTimeField()
    bids = serializers.ListField(child=serializers.ListField(child=decimal()))
    asks = serializers.ListField(child=serializers.ListField(child=decimal()))
    checksum = serializers.IntegerField()


class TradeShape(Shape):
    """A match."""

    id = serializers.CharField()
    market = serializers.CharField()
    price = decimal()
    quantity = decimal()
    taker_side = choice(Side)
    sequence = serializers.IntegerField()
    timestamp = serializers.DateTimeField()


class CandleShape(Shape):
    """Trades of one interval."""

    start = serializers.DateTimeField()
    open = decimal()
    high = decimal()
    low = decimal()
    close = decimal()
    volume = decimal()
    quote_volume = decimal()
    trade_count = serializers.IntegerField()


class TickerShape(Shape):
    """Last and best prices, and the last 24 hours."""

    market = serializers.CharField()
    last = decimal(allow_null=True)
    best_bid = decimal(allow_null=True)
    best_bid_quantity = decimal(allow_null=True)
    best_ask = decimal(allow_null=True)
    best_ask_quantity = decimal(allow_null=True)
    open = decimal(allow_null=True)
    high = decimal(allow_null=True)
    low = decimal(allow_null=True)
    volume = decimal()
    quote_volume = decimal()
    change = decimal(allow_null=True)
    timestamp = serializers.DateTimeField()
