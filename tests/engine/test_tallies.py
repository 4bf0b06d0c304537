"""Candles and volumes are added up after the trades; whoever reads them never sees the difference."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from markets import chores, fee_tiers, history, tallies
from markets.models import Candle, DayVolume, Market, Tally, Trade
from tests.drivers.exchange import ExchangeDriver, Trader

DAY = 86_400


@pytest.fixture
def traded(exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch) -> tuple[Market, Trader]:
    """A market with trades of three days, that only this test adds up; and who sold."""
    monkeypatch.setattr(tallies, "add_up", lambda _: False)
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    for price in (100, 103, 99, 101, 101, 98):
        alice.place(market, "sell", "2", price=str(price))
        bob.place(market, "buy", "2", price=str(price))
    for number, trade in enumerate(Trade.objects.filter(market__symbol=market).order_by("pk")):
        trade.timestamp -= (5 - number) // 2 * DAY * 1_000_000 + (5 - number) * 61_000_000
        trade.save(update_fields=["timestamp"])
    row = Market.objects.get(symbol=market)
    tallies.forget(row)
    return row, alice


@pytest.fixture
def add_up() -> Any:
    """The real one."""
    return tallies._add_portion


def seen(market: Market, account: Any) -> list[Any]:
    """All that readers are told of a market's history."""
    candles = [history.candles(market, seconds, 0) for seconds in history.INTERVALS.values()]
    latest = history.candles(market, 60, 0, limit=2)
    volumes = (fee_tiers.volumes(market.quote)[account.pk], fee_tiers.volumes_of(account))
    return [candles, latest, volumes]


@pytest.mark.parametrize("portion", [1, 2, 4, 100])
def test_whatever_is_added_up_readers_see_the_same(
    traded: tuple[Market, Trader], monkeypatch: pytest.MonkeyPatch, add_up: Any, portion: int
) -> None:
    monkeypatch.setattr(tallies, "PORTION", portion)
    market, alice = traded
    from_trades = seen(market, alice.account)

    portions = 0
    while add_up(market.pk):
        portions += 1
        assert seen(market, alice.account) == from_trades

    assert portions == 6 // portion
    assert history.tally_of(market.pk) == Trade.objects.filter(market=market).latest("pk").sequence
    assert seen(market, alice.account) == from_trades
    assert [candle.trade_count for candle in from_trades[0][5]] == [2, 2, 2] or len(
        from_trades[0][5]
    )


def test_what_is_added_up_is_not_read_again(traded: tuple[Market, Trader], add_up: Any) -> None:
    market, alice = traded
    add_up(market.pk)
    before = seen(market, alice.account)

    with transaction.atomic():
        Trade.objects.filter(market=market).update(price=1)
        assert seen(market, alice.account) == before
        transaction.set_rollback(True)


def test_a_trade_counts_before_it_is_added_up(
    exchange: ExchangeDriver, traded: tuple[Market, Trader], add_up: Any
) -> None:
    market, alice = traded
    add_up(market.pk)
    (bob,) = exchange.traders(market.symbol, 1)
    bob.place(market.symbol, "buy", "3", price="200")

    alice.place(market.symbol, "sell", "3", price="200")

    assert history.candles(market, 60, 0)[-1].high == 200 * 10**8
    assert fee_tiers.volumes_of(bob.account) == {market.quote_id: 600 * 10**8}


def test_who_finds_the_tally_moved_changes_nothing(
    traded: tuple[Market, Trader], monkeypatch: pytest.MonkeyPatch, add_up: Any
) -> None:
    market, alice = traded
    from_trades = seen(market, alice.account)
    slow = history.recent_volumes

    def overtaken(*arguments: Any) -> Any:
        monkeypatch.setattr(tallies, "recent_volumes", slow)
        add_up(market.pk)
        return slow(*arguments)

    monkeypatch.setattr(tallies, "recent_volumes", overtaken)
    add_up(market.pk)

    assert seen(market, alice.account) == from_trades
    assert (
        sum(Candle.objects.filter(market=market, seconds=60).values_list("trade_count", flat=True))
        == 6
    )


def kept_of(market: Market) -> list[Any]:
    candles = Candle.objects.filter(market=market).values_list("seconds", *history.CANDLE_FIELDS)
    volumes = DayVolume.objects.filter(market=market).values_list("day", "account", "amount")
    return [sorted(candles), sorted(volumes)]


def test_what_is_forgotten_is_made_anew(traded: tuple[Market, Trader], add_up: Any) -> None:
    market, _ = traded
    add_up(market.pk)
    kept = kept_of(market)

    tallies.forget(market)
    assert not Tally.objects.filter(market=market).exists()
    add_up(market.pk)

    assert kept_of(market) == kept
    assert all(kept)


def test_whoever_runs_a_market_adds_up(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "ADD_UP_INTERVAL", 0.1)
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    alice.place(market, "sell", "2", price="100")
    [fill] = bob.place(market, "buy", "2", price="100")["fills"]

    exchange.wait_until(
        lambda: history.tally_of(Market.objects.get(symbol=market).pk) == fill["sequence"],
        "the trade is added up",
        seconds=60,  # it goes round all the markets that this session's tests have made
    )
