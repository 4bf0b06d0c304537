"""The statement of an account that trades: it adds up, and is sent in pieces by the real server."""

import csv
import io
from collections import Counter

import httpx
from django.test import Client

from markets import accounts
from markets.models import Asset, Transfer
from tests.accounts.lines import in_pages
from tests.drivers.exchange import ExchangeDriver


def test_the_lines_of_each_asset_add_up_to_what_the_account_has(exchange: ExchangeDriver) -> None:
    market = exchange.new_market(
        "0.01", "0.0001", maker_fee_rate="-0.0003", taker_fee_rate="0.0011"
    )
    alice, bob = exchange.traders(market)
    for number in range(3):
        alice.place(market, "buy", "1.2345", price=f"{101 - number}.37")
        bob.place(market, "sell", "0.7777", price="99")
        bob.place(market, "sell", "3", price=f"{98 + number}")
        alice.place(market, "buy", "0.0313", type="market")
    alice.place(market, "buy", "1", price="1")
    account = alice.account
    base = Asset.objects.get(symbol=market.partition("-")[0])
    accounts.withdraw(account, base, 12345, "cold storage")

    for trader in (alice, bob):
        sums: Counter[str] = Counter()
        kinds = set()
        for line in in_pages(trader.account, 4):
            sums[line.asset] += line.change
            kinds.add(line.kind)
        assert kinds >= {"deposit", "trade", "fee", "rebate"}
        for balance in trader.account.balances.select_related("asset"):
            assert sums[balance.asset.symbol] == balance.available + balance.held, balance


def test_it_is_sent_in_pieces_by_the_real_server(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    user = alice.account.user
    assert user is not None
    django = Client()
    django.force_login(user)
    cookies = {"sessionid": django.cookies["sessionid"].value}

    answer = httpx.get(f"{exchange.url}/account/statement.csv", cookies=cookies, timeout=30)

    assert answer.headers["Transfer-Encoding"] == "chunked"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["kind"] for row in rows} == {"deposit"}
    assert len(rows) == Transfer.objects.filter(account=alice.account).count()
