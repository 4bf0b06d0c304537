"""The account's own page: what there is, what it is worth, and the first steps of who has nothing yet."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from markets import accounts
from markets.models import Account, Asset, Market
from tests.accounts.conftest import PASSWORD, log_in
from tests.accounts.pages import see, seen


def give(account: Account, symbol: str, units: int, held: int = 0) -> None:
    asset = Asset.objects.get(symbol=symbol)
    accounts.deposit(account, asset, units)
    account.balances.filter(asset=asset).update(available=units - held, held=held)


def rows(browser: Client, query: str = "") -> dict[str, tuple[str, str, str, str | None]]:
    holdings = browser.get(f"/account/{query}").context["holdings"]
    return {h.asset: (h.available, h.held, h.total, h.value) for h in holdings}


def test_balances_are_shown_with_what_they_are_worth(
    in_browser: Client, alice: Account, market: Market
) -> None:
    Market.objects.filter(pk=market.pk).update(last_price=2_000_50000000)
    Asset.objects.create(symbol="ODD")
    give(alice, "ACC", 150_000_000, held=50_000_000)
    give(alice, "EUR", 123_456_789_012)
    give(alice, "ODD", 7 * 10**8)

    assert rows(in_browser, "?in=EUR") == {
        "ACC": ("1", "0.5", "1.5", "3,000.75"),
        "EUR": ("1234.56789012", "0", "1234.56789012", "1,234.56"),
        "ODD": ("7", "0", "7", None),
    }
    page = see(in_browser, "/account/?in=EUR")
    assert "4,235.31" in page.words
    assert "no market says what ODD is worth" in page.words


def test_before_the_first_trade_nothing_is_made_up(
    in_browser: Client, alice: Account, market: Market
) -> None:
    give(alice, "ACC", 150_000_000)

    assert rows(in_browser, "?in=EUR")["ACC"][3] is None


@pytest.mark.parametrize("query", ["?in=", "?in=NONE", "?in=%00", "?in=" + "x" * 5000])
def test_any_currency_is_answered(in_browser: Client, market: Market, query: str) -> None:
    see(in_browser, f"/account/{query}")


def test_who_has_nothing_yet_is_shown_three_steps(
    in_browser: Client, alice: Account, market: Market, settings: Any
) -> None:
    settings.SANDBOX = False
    words = see(in_browser, "/account/").words
    assert all(step in words for step in ("Get money", "Trade", "Be safe"))
    assert "Deposits are booked by the operator" in words
    assert "Get play money" not in words

    give(alice, "EUR", 1)
    assert "Get money" not in see(in_browser, "/account/").words


def test_play_money_is_a_button_in_sandboxes(
    in_browser: Client, alice: Account, market: Market, settings: Any
) -> None:
    settings.SANDBOX = False
    page = seen(in_browser.post("/account/faucet/"), 403)
    assert "sandboxes only" in page.words
    assert not alice.transfers.exists()

    settings.SANDBOX = True
    assert in_browser.get("/account/faucet/").status_code == 405
    response = in_browser.post("/account/faucet/", follow=True)
    assert "You have new play money" in response.content.decode()
    assert {row.kind for row in alice.transfers.all()} == {"faucet"}


def test_what_an_operator_booked_is_seen_with_its_note(
    in_browser: Client, alice: Account, market: Market
) -> None:
    User.objects.create_superuser("olga", password=PASSWORD)
    operator = Client()
    log_in(operator, "olga")
    for verb, amount, note in (("deposit", "12.5", "wire 17"), ("withdraw", "2.5", "to her bank")):
        operator.post(
            f"/admin/markets/account/{alice.pk}/transfer/{verb}/",
            {"asset": market.quote.pk, "amount": amount, "note": note},
        )

    words = see(in_browser, "/account/").words

    assert rows(in_browser)["EUR"][:3] == ("10", "0", "10")
    assert all(part in words for part in ("+12.5", "-2.5", "wire 17", "to her bank"))


@pytest.mark.parametrize(
    "address", ["/account/", "/account/statement/", "/account/statement.csv", "/account/api-keys/"]
)
def test_who_has_no_account_is_told_how_to_get_one(browser: Client, address: str) -> None:
    User.objects.create_superuser("olga", password=PASSWORD)
    log_in(browser, "olga")

    page = see(browser, address, 404)

    assert "manage.py open_account olga" in page.words


def test_every_page_leads_to_the_others(in_browser: Client) -> None:
    for address in ("", "statement/", "api-keys/", "security/", "sessions/", "password/", "email/"):
        text = in_browser.get(f"/account/{address}").content.decode()
        see(in_browser, f"/account/{address}")
        for other in ("/account/", "/account/statement/", "/account/api-keys/", "/logout/"):
            assert f'"{other}"' in text, (address, other)
