"""Fee tiers: who traded enough in 30 days pays less in all markets of the quote asset, from a command on.

Both sides of a trade count. A tier that was given goes before the volume; no rebate is more than the lowest
taker fee that anybody pays.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from markets import accounts, clock, fee_tiers, operators, tallies
from markets.matching.types import SECOND
from markets.models import AccountFees, Asset, FeeTier, Market, OperatorCommand
from tests.api.admin.pages import a_trade, an_order
from tests.drivers.exchange import ExchangeDriver, Trader

DAY = 86_400 * SECOND
_numbers = itertools.count(1)


class Tiers:
    """A quote asset that no other test uses, with its markets and tiers."""

    def __init__(self, exchange: ExchangeDriver) -> None:
        self.exchange = exchange
        self.quote = f"Q{next(_numbers)}"

    def market(self, taker_fee_rate: str = "0.01") -> str:
        """A market of the quote asset; makers pay nothing."""
        base = f"B{next(_numbers)}"
        operators.create_market(
            base,
            self.quote,
            tick_size=Decimal(1),
            lot_size=Decimal(1),
            taker_fee_rate=Decimal(taker_fee_rate),
        )
        symbol = f"{base}-{self.quote}"
        self.exchange.wait_until(
            lambda: self.exchange.http.get(f"markets/{symbol}/book").status_code == 200,
            f"{symbol} is served",
        )
        return symbol

    def tier(self, name: str, min_volume: int, taker: str, maker: str = "0") -> FeeTier:
        return FeeTier.objects.create(
            quote=Asset.objects.get(symbol=self.quote),
            name=name,
            min_volume=Decimal(min_volume),
            maker_fee_rate=Decimal(maker),
            taker_fee_rate=Decimal(taker),
        )

    def assess(self) -> list[OperatorCommand]:
        """Let the rates that are due be asked for, and the engines obey."""
        markets = Market.objects.filter(quote__symbol=self.quote)
        fee_tiers.assess([market.pk for market in markets])
        commands = OperatorCommand.objects.filter(market__in=markets, kind="set_fee_rates")
        waiting = list(commands.filter(done=False))
        for command in waiting:
            assert operators.wait_for(command, 20), "the engine obeys"
        return waiting

    def trade(self, market: str, seller: Trader, buyer: Trader, quantity: int, price: int) -> Any:
        """The seller's order rests, the buyer's takes it: the buyer's fill."""
        seller.place(market, "sell", str(quantity), price=str(price))
        return buyer.place(market, "buy", str(quantity), price=str(price))["fills"][0]


@pytest.fixture
def tiers(exchange: ExchangeDriver) -> Iterator[Tiers]:
    made = Tiers(exchange)
    yield made
    FeeTier.objects.filter(quote__symbol=made.quote).delete()


def taker_rates(trader: Trader, market: str) -> Any:
    """What GET fees says that it pays as a taker."""
    return next(
        fees["taker_fee_rate"]
        for fees in trader.http.get("fees").json()
        if fees["market"] == market
    )


# By volume


def test_both_sides_of_a_trade_count(exchange: ExchangeDriver, tiers: Tiers) -> None:
    market = tiers.market()
    alice, bob = exchange.traders(market)
    tiers.tier("silver", 1000, taker="0.005")
    tiers.trade(market, alice, bob, 10, 100)

    tiers.assess()

    assert [taker_rates(trader, market) for trader in (alice, bob)] == ["0.005", "0.005"]


def test_a_tier_begins_at_its_volume_and_the_highest_reached_counts(
    exchange: ExchangeDriver, tiers: Tiers
) -> None:
    market = tiers.market()
    alice, bob = exchange.traders(market)
    for name, volume, rate in (
        ("gold", 1001, "0.001"),
        ("silver", 1000, "0.005"),
        ("iron", 10, "0.009"),
    ):
        tiers.tier(name, volume, taker=rate)
    tiers.trade(market, alice, bob, 10, 100)
    tiers.assess()
    assert taker_rates(bob, market) == "0.005"

    tiers.trade(market, alice, bob, 1, 1)
    tiers.assess()

    assert taker_rates(bob, market) == "0.001"


def test_the_volume_of_all_markets_of_the_quote_asset_counts_in_all_of_them(
    exchange: ExchangeDriver, tiers: Tiers
) -> None:
    first, second, third = (tiers.market() for _ in range(3))
    alice, bob = exchange.traders(first)
    seller, _ = exchange.traders(second)
    tiers.tier("silver", 1000, taker="0.005")
    tiers.trade(first, alice, bob, 6, 100)
    tiers.trade(second, seller, bob, 4, 100)

    tiers.assess()

    assert [taker_rates(bob, market) for market in (first, second, third)] == ["0.005"] * 3
    assert taker_rates(alice, first) == "0.01", "she traded 600"


def test_trades_in_other_quote_assets_do_not_count(exchange: ExchangeDriver, tiers: Tiers) -> None:
    market, other = tiers.market(), exchange.new_market()
    alice, bob = exchange.traders(market)
    carol, dave = exchange.traders(other)
    tiers.tier("silver", 1000, taker="0.005")
    tiers.trade(market, alice, bob, 1, 100)
    tiers.trade(other, carol, dave, 100, 100)

    assert tiers.assess() == []


def test_the_volume_is_that_of_the_last_30_whole_days_and_today(db: None) -> None:
    market = operators.create_market(
        "OLD", "DAYS", tick_size=Decimal(1), lot_size=Decimal(1)
    ).market
    alice, bob = (accounts.open_account(name) for name in ("old-alice", "old-bob"))
    taker, maker = an_order(market, alice, 1), an_order(market, bob, 2, side="sell")
    now = clock.now()
    for number, age in ((11, 29 * DAY), (12, 30 * DAY), (13, 31 * DAY)):
        trade = a_trade(market, taker, maker, number)
        type(trade).objects.filter(pk=trade.pk).update(timestamp=now - age, amount=10**20 + number)

    tallies.forget(market)
    volume = 2 * 10**20 + 11 + 12

    assert fee_tiers.volumes(market.quote) == {alice.pk: volume, bob.pk: volume}
    assert fee_tiers.volumes_of(alice) == {market.quote_id: volume}
    tallies.add_up([market.pk])
    assert fee_tiers.volumes(market.quote) == {alice.pk: volume, bob.pk: volume}
    assert fee_tiers.volumes_of(alice) == {market.quote_id: volume}


def test_who_traded_too_little_pays_the_market_s_own_rates(
    exchange: ExchangeDriver, tiers: Tiers
) -> None:
    market = tiers.market()
    alice, bob = exchange.traders(market)
    tiers.tier("silver", 1000, taker="0.005")
    tiers.trade(market, alice, bob, 9, 100)

    assert tiers.assess() == []
    assert taker_rates(bob, market) == "0.01"


def test_rates_are_taken_away_with_the_tier(exchange: ExchangeDriver, tiers: Tiers) -> None:
    market = tiers.market()
    alice, bob = exchange.traders(market)
    tier = tiers.tier("silver", 1000, taker="0.005")
    tiers.trade(market, alice, bob, 10, 100)
    tiers.assess()

    tier.delete()
    tiers.assess()

    assert taker_rates(bob, market) == "0.01"
    assert not AccountFees.objects.filter(market__symbol=market).exists()


# Given by hand


def test_a_tier_that_was_given_goes_before_the_volume_until_it_is_taken_away(
    exchange: ExchangeDriver, tiers: Tiers
) -> None:
    market = tiers.market()
    alice, bob = exchange.traders(market)
    tiers.tier("silver", 1000, taker="0.005")
    dear = tiers.tier("penalty", 1_000_000_000, taker="0.02")
    tiers.trade(market, alice, bob, 10, 100)
    carol = exchange.traders(market, 1)[0]
    for trader in (bob, carol):
        trader.account.given_fee_tiers.add(dear)

    tiers.assess()
    assert [taker_rates(trader, market) for trader in (alice, bob, carol)] == [
        "0.005",
        "0.02",
        "0.02",
    ]

    for trader in (bob, carol):
        trader.account.given_fee_tiers.remove(dear)
    tiers.assess()
    assert [taker_rates(trader, market) for trader in (bob, carol)] == ["0.005", "0.01"]


# What is paid


def test_each_fill_says_by_which_rate_its_fee_was_taken(
    exchange: ExchangeDriver, tiers: Tiers
) -> None:
    market = tiers.market()
    alice, bob = exchange.traders(market)
    vip = tiers.tier("vip", 1_000_000_000, taker="0.002", maker="-0.001")
    before = tiers.trade(market, alice, bob, 100, 100)
    for trader in (alice, bob):
        trader.account.given_fee_tiers.add(vip)
    tiers.assess()

    after = tiers.trade(market, alice, bob, 100, 100)

    assert [(fill["fee"], fill["fee_rate"]) for fill in (before, after)] == [
        ("1", "0.01"),
        ("0.2", "0.002"),
    ]
    fills = alice.http.get("fills").json()["results"]
    assert [(fill["fee"], fill["fee_rate"]) for fill in fills] == [("-10", "-0.001"), ("0", "0")]


def test_an_account_is_told_its_rates_and_its_volume(
    exchange: ExchangeDriver, tiers: Tiers
) -> None:
    market = tiers.market()
    alice, bob = exchange.traders(market)
    tiers.tier("silver", 1000, taker="0.005", maker="-0.0005")
    tiers.trade(market, alice, bob, 12, 100)
    tiers.assess()

    fees = [fees for fees in bob.http.get("fees").json() if fees["market"] == market]

    assert fees == [
        {
            "market": market,
            "maker_fee_rate": "-0.0005",
            "taker_fee_rate": "0.005",
            "volume_30d": "1200",
            "volume_asset": tiers.quote,
        }
    ]


def test_a_new_market_has_the_rates_at_once(exchange: ExchangeDriver, tiers: Tiers) -> None:
    market = tiers.market()
    alice, bob = exchange.traders(market)
    tiers.tier("silver", 1000, taker="0.005")
    tiers.trade(market, alice, bob, 10, 100)

    other = tiers.market()

    command = OperatorCommand.objects.get(market__symbol=other)
    assert operators.wait_for(command, 20)
    assert taker_rates(bob, other) == "0.005"


# What is asked of engines


def test_nothing_is_asked_for_twice_also_while_it_waits(db: None) -> None:
    market = operators.create_market(
        "SLOW", "ASKS", tick_size=Decimal(1), lot_size=Decimal(1)
    ).market
    alice, bob = (accounts.open_account(name) for name in ("slow-alice", "slow-bob"))
    tier = FeeTier.objects.create(
        quote=market.quote,
        name="vip",
        min_volume=Decimal(1),
        maker_fee_rate=Decimal(0),
        taker_fee_rate=Decimal("0.001"),
    )
    alice.given_fee_tiers.add(tier)

    assert [fee_tiers.assess([market.pk]) for _ in range(2)] == [1, 0]
    bob.given_fee_tiers.add(tier)
    alice.given_fee_tiers.remove(tier)
    assert [fee_tiers.assess([market.pk]) for _ in range(2)] == [1, 0]

    commands = OperatorCommand.objects.filter(market=market).order_by("pk")
    assert [(command.params["rates"], command.requested_by) for command in commands] == [
        ({str(alice.pk): [0, 1000]}, "fee tiers"),
        ({str(bob.pk): [0, 1000], str(alice.pk): None}, "fee tiers"),
    ]


def test_an_engine_refuses_a_rebate_that_a_taker_s_fee_does_not_pay(
    exchange: ExchangeDriver, tiers: Tiers
) -> None:
    market = tiers.market(taker_fee_rate="0.001")
    alice = exchange.traders(market, 1)[0]
    tier = tiers.tier("generous", 1000, taker="0.002", maker="-0.002")
    alice.account.given_fee_tiers.add(tier)

    (command,) = tiers.assess()

    assert operators.outcome_of(command) == (
        "refused: maker_fee_rate must be less than 1, a rebate at most the taker fee"
    )
    assert taker_rates(alice, market) == "0.001"


@pytest.mark.parametrize(
    ("tier", "market", "message"),
    [
        (("-0.001", "0.001"), "0.001", None),
        (("-0.002", "0.001"), "0.002", "maker_fee_rate must be less than 1"),
        (("0", "1"), "0.001", "taker_fee_rate must be at least 0 and less than 1"),
        (("-0.002", "0.002"), "0.001", "0.001 that takers of market ONE-RULES pay"),
    ],
)
def test_tiers_are_checked_beside_each_other_and_the_markets(
    db: None, tier: tuple[str, str], market: str, message: str | None
) -> None:
    row = operators.create_market(
        "ONE",
        "RULES",
        tick_size=Decimal(1),
        lot_size=Decimal(1),
        taker_fee_rate=Decimal(market),
    ).market
    maker, taker = tier
    wanted = FeeTier(name="x", maker_fee_rate=Decimal(maker), taker_fee_rate=Decimal(taker))

    if message is None:
        fee_tiers.check([wanted], [row])
    else:
        with pytest.raises(ValueError, match=message):
            fee_tiers.check([wanted], [row])


def test_no_market_s_takers_pay_less_than_a_tier_s_rebate(db: None) -> None:
    rules: Any = {"tick_size": Decimal(1), "lot_size": Decimal(1)}
    first = operators.create_market("ONE", "RULES", **rules, taker_fee_rate=Decimal("0.002"))
    FeeTier.objects.create(
        quote=first.market.quote,
        name="gold",
        min_volume=Decimal(1),
        maker_fee_rate=Decimal("-0.001"),
        taker_fee_rate=Decimal("0.002"),
    )
    told = "tier gold has a rebate of 0.001, more than the 0.0005 that takers of market"

    with pytest.raises(operators.MarketRefused, match=f"{told} TWO-RULES pay"):
        operators.create_market("TWO", "RULES", **rules, taker_fee_rate=Decimal("0.0005"))
    with pytest.raises(operators.MarketRefused, match=f"{told} ONE-RULES pay"):
        operators.configure_market(first.market, {"taker_fee_rate": Decimal("0.0005")}, "olga")
    operators.configure_market(first.market, {"taker_fee_rate": Decimal("0.001")}, "olga")
