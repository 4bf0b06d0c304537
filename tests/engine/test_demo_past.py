"""A demo's markets begin with a made-up past: candles that agree and end where trading begins."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from markets import history
from markets.demo_past import MINUTES, make_past
from markets.models import Candle, Market, Trade
from tests.drivers.exchange import ExchangeDriver


@pytest.fixture
def market(exchange: ExchangeDriver) -> Market:
    return Market.objects.get(symbol=exchange.new_market(tick_size="0.01", lot_size="0.00001"))


def test_it_ends_at_the_price_that_trading_begins_with(market: Market) -> None:
    make_past(market, 64_000)

    spec = market.spec(fee_account=0)
    minutes = history.candles(market, 60, 0, limit=MINUTES)
    assert len(minutes) == MINUTES
    assert spec.price_text(minutes[-1].close) == "64000"
    assert 0 < time.time() - (minutes[-1].start + 60) < 60 + 60


def test_every_candle_holds_its_own_prices_and_sums(market: Market) -> None:
    make_past(market, 64_000)

    scale = market.spec(fee_account=0).scale
    for candle in history.candles(market, 60, 0, limit=MINUTES):
        assert candle.low <= min(candle.open, candle.close)
        assert candle.high >= max(candle.open, candle.close)
        assert candle.low * candle.volume // scale - 6 <= candle.quote_volume
        assert candle.quote_volume <= candle.high * candle.volume // scale
        assert Decimal(candle.volume) % market.spec(fee_account=0).lot_size == 0


def test_longer_candles_are_made_of_the_shorter_ones(market: Market) -> None:
    make_past(market, 64_000)

    minutes = history.candles(market, 60, 0, limit=MINUTES)
    for interval in (3600, 14_400, 86_400):
        longer = history.candles(market, interval, 0)
        assert sum(candle.volume for candle in longer) == sum(c.volume for c in minutes)
        assert max(candle.high for candle in longer) == max(c.high for c in minutes)
        assert longer[0].open == minutes[0].open
        assert longer[-1].close == minutes[-1].close


def test_a_market_that_has_a_past_is_left_alone(market: Market) -> None:
    make_past(market, 64_000)
    before = list(Candle.objects.filter(market=market).order_by("pk").values())

    make_past(market, 1)

    assert list(Candle.objects.filter(market=market).order_by("pk").values()) == before
    assert not Trade.objects.filter(market=market).exists()
