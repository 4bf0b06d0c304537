"""Bots on the running exchange, each in a market of its own or in the chapter's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from markets import accounts, signing_keys
from tests.drivers.bot import Bot
from tests.drivers.exchange import ExchangeDriver, Trader

MakeBot = Callable[[Trader], Bot]


@pytest.fixture(scope="module")
def market(exchange: ExchangeDriver) -> str:
    """The chapter's market: prices in hundredths, quantities in thousandths."""
    return exchange.new_market("0.01", "0.001", maker_fee_rate="0.001", taker_fee_rate="0.002")


@pytest.fixture(scope="module")
def symbol(market: str) -> str:
    """What the dialect calls it."""
    return market.replace("-", "")


def bot_of(trader: Trader) -> Bot:
    """A bot for a trader's account."""
    _, key, secret = signing_keys.make_hmac_key(trader.account)
    return Bot(trader.exchange.url, key, secret)


@pytest.fixture(scope="module")
def people(exchange: ExchangeDriver, market: str) -> list[Trader]:
    """alice and bob, with plenty of the chapter's market."""
    return exchange.traders(market, 2)


@pytest.fixture(scope="module")
def alice(people: list[Trader]) -> Bot:
    """Alice's bot."""
    return bot_of(people[0])


@pytest.fixture(scope="module")
def bob(people: list[Trader]) -> Bot:
    """Bob's bot."""
    return bot_of(people[1])


@pytest.fixture
def clean(alice: Bot, bob: Bot, symbol: str) -> Iterator[None]:
    """The chapter's book is empty again afterwards."""
    yield
    for bot in (alice, bob):
        bot.send("DELETE", "openOrders", symbol=symbol)


@pytest.fixture(scope="module")
def poor(exchange: ExchangeDriver) -> Bot:
    """Somebody without any money."""
    trader = Trader(exchange, "poor-bot", None)
    accounts.open_account(trader.name)
    return bot_of(trader)
