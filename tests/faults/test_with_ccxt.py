"""ccxt, unmodified, given a key's faulty address and nothing else: it meets the faults as its own errors."""

from __future__ import annotations

from typing import Any

import pytest

from markets.signing_keys import make_hmac_key
from tests.binance.test_with_ccxt import here
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.faults.conftest import JSON

pytestmark = pytest.mark.slow
ALWAYS = "1"


class Bot:
    """A ccxt client whose key has faults."""

    def __init__(self, alice: Trader) -> None:
        self.ccxt = pytest.importorskip("ccxt")
        self._alice = alice
        row, key, secret = make_hmac_key(alice.account)
        self._faults = f"api-keys/{row.pk}/faults"
        path = self.suffers(delay_ms=1)
        self.client = self.ccxt.binance({"apiKey": key, "secret": secret, "enableRateLimit": False})
        self.client.urls["api"] = here(self.client.urls["api"], f"{alice.exchange.url}{path}")
        self.client.load_markets()

    def suffers(self, **plan: Any) -> str:
        """Let this go wrong for it; its address."""
        answer: JSON = self._alice.http.put(self._faults, json=plan).json()
        return str(answer["path"])


@pytest.fixture
def alice(exchange: ExchangeDriver, market: str) -> Trader:
    return exchange.traders(market, 1)[0]


@pytest.fixture
def bot(alice: Trader) -> Bot:
    return Bot(alice)


def test_public_and_signed_calls_meet_429_and_503_as_its_own_exceptions(
    market: str, bot: Bot
) -> None:
    symbol = market.replace("-", "/")
    for fault, error in (
        ("rate_limited", bot.ccxt.DDoSProtection),
        ("unavailable", bot.ccxt.OperationFailed),
    ):
        bot.suffers(**{fault: ALWAYS})
        with pytest.raises(error):
            bot.client.fetch_order_book(symbol)
        with pytest.raises(error):
            bot.client.fetch_balance()
        assert f"injected={fault}" in bot.client.last_response_headers["X-Exchange-Faults"]


def test_an_order_that_timed_out_is_found_by_its_client_order_id(market: str, bot: Bot) -> None:
    symbol = market.replace("-", "/")
    bot.suffers(time_out=ALWAYS, time_out_seconds=1)

    with pytest.raises(bot.ccxt.BaseError):
        bot.client.create_order(symbol, "limit", "buy", 1, 1, {"newClientOrderId": "once"})

    found = bot.client.fetch_order(None, symbol, {"origClientOrderId": "once"})
    assert (found["status"], found["clientOrderId"]) == ("open", "once")
    assert len(bot.client.fetch_open_orders(symbol)) == 1


def test_it_goes_by_the_difference_to_a_wrong_clock(bot: Bot) -> None:
    bot.suffers(clock_skew_ms=-30_000)

    with pytest.raises(bot.ccxt.InvalidNonce):
        bot.client.fetch_balance()
    assert bot.client.load_time_difference() > 25_000
    bot.client.options["adjustForTimeDifference"] = True
    assert bot.client.fetch_balance()["free"]
