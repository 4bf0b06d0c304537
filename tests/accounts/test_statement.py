"""The statement: each movement of money once, in its order, adding up to the last unit; and as a file."""

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from markets.account_pages import statement as pages
from markets.models import Account, Asset, Market, Transfer
from markets.statement import KINDS, Place, Statement, Wanted, sources
from tests.accounts.conftest import log_in, person
from tests.accounts.lines import in_pages
from tests.accounts.pages import see
from tests.api.admin.pages import NOON, a_trade, an_order


@pytest.fixture
def bob() -> Account:
    return person("bob-of-tests")


@pytest.fixture
def trades(alice: Account, bob: Account, market: Market) -> Market:
    """alice bought 1.5 ACC at 100.5 from bob: she took, and paid a fee in ACC; he had a rebate in EUR."""
    taker = an_order(market, alice, 1)
    a_trade(market, taker, an_order(market, bob, 2, side="sell"))
    return market


def move(account: Account, asset: Asset, amount: int, note: str = "", *, at: int = NOON) -> None:
    """A deposit, or a withdrawal of less than nothing, at a moment."""
    kind = "deposit" if amount > 0 else "withdrawal"
    row = Transfer.objects.create(account=account, asset=asset, amount=amount, kind=kind, note=note)
    when = datetime.fromtimestamp(at / 1_000_000, UTC)
    Transfer.objects.filter(pk=row.pk).update(created_at=when)


def told(account: Account, **wanted: Any) -> list[str]:
    """The lines, in words."""
    lines = Statement(account.pk, Wanted(**wanted)).page().lines
    return [f"{line.kind} {line.amount} {line.asset}" for line in lines]


# What it says


def test_a_trade_is_what_came_what_went_and_the_fee(
    alice: Account, bob: Account, trades: Market
) -> None:
    assert told(alice) == ["trade 1.5 ACC", "trade -150.75 EUR", "fee -0.003 ACC"]
    assert told(bob) == ["trade -1.5 ACC", "trade 150.75 EUR", "rebate 0.075 EUR"]

    [first, *_] = Statement(alice.pk, Wanted()).page().lines
    assert first.words == "bought 1.5 at 100.5 as taker"
    assert (first.market, first.moment.isoformat()) == ("ACC-EUR", "2026-11-22T12:00:00+00:00")


def test_deposits_and_withdrawals_stand_among_them_with_their_notes(
    alice: Account, trades: Market
) -> None:
    move(alice, trades.quote, 5 * 10**8, "wire 17", at=NOON - 1)
    move(alice, trades.quote, -(10**8), "to her bank", at=NOON + 1)

    assert told(alice) == [
        "withdrawal -1 EUR",
        "trade 1.5 ACC",
        "trade -150.75 EUR",
        "fee -0.003 ACC",
        "deposit 5 EUR",
    ]
    lines = Statement(alice.pk, Wanted()).page().lines
    assert (lines[0].words, lines[-1].words) == ("to her bank", "wire 17")


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_show_each_movement_once_in_order(
    alice: Account, bob: Account, market: Market, size: int
) -> None:
    buy, sell = an_order(market, alice, 1), an_order(market, bob, 2, side="sell")
    for number in range(10, 16):  # all at one moment: taker and maker by turns
        orders = (buy, sell) if number % 2 else (sell, buy)
        a_trade(market, *orders, number)
    for number in range(4):
        move(alice, market.quote, 10**8 + number, at=NOON + number // 2)

    whole = Statement(alice.pk, Wanted()).page(size=1000).lines
    assert list(in_pages(alice, size)) == whole
    assert len(whole) == 6 * 3 + 4
    assert [line.time for line in whole] == sorted((line.time for line in whole), reverse=True)


def test_what_comes_meanwhile_shifts_nothing(alice: Account, market: Market) -> None:
    for number in range(4):
        move(alice, market.quote, 10**8 * (number + 1), at=NOON + number)
    statement = Statement(alice.pk, Wanted())
    first = statement.page(size=2)

    move(alice, market.quote, 10**10, at=NOON + 100)

    assert [line.amount for line in statement.page(first.after, 2).lines] == ["2", "1"]


# Filters


def test_filters_choose(alice: Account, trades: Market) -> None:
    move(alice, trades.quote, 5 * 10**8, at=NOON - 1)
    other = Asset.objects.create(symbol="OTH")

    assert told(alice, asset=trades.base) == ["trade 1.5 ACC", "fee -0.003 ACC"]
    assert told(alice, asset=trades.quote) == ["trade -150.75 EUR", "deposit 5 EUR"]
    assert told(alice, asset=other) == []
    assert told(alice, kind="deposit") == ["deposit 5 EUR"]
    assert told(alice, kind="fee") == ["fee -0.003 ACC"]
    assert told(alice, kind="rebate") == told(alice, kind="faucet") == []
    assert told(alice, kind="trade", asset=trades.quote) == ["trade -150.75 EUR"]
    assert told(alice, market=trades) == ["trade 1.5 ACC", "trade -150.75 EUR", "fee -0.003 ACC"]


def test_rebates_are_no_fees(bob: Account, trades: Market) -> None:
    assert told(bob, kind="rebate") == ["rebate 0.075 EUR"]
    assert told(bob, kind="fee") == []


def test_days_are_whole_days_of_utc(alice: Account, market: Market) -> None:
    day = date(2026, 11, 22)
    midnight = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()) * 1_000_000
    for amount, at in ((1, -1), (2, 0), (3, 86_400_000_000 - 1), (4, 86_400_000_000)):
        move(alice, market.quote, amount * 10**8, at=midnight + at)

    def amounts(**days: date) -> list[str]:
        return [line.amount for line in Statement(alice.pk, Wanted(**days)).page().lines]  # type: ignore[arg-type]

    assert amounts(first_day=day, last_day=day) == ["3", "2"]
    assert amounts(first_day=day) == ["4", "3", "2"]
    assert amounts(last_day=day) == ["3", "2", "1"]
    assert amounts(last_day=date.max) == ["4", "3", "2", "1"]
    assert amounts(first_day=day + timedelta(days=9)) == []


def test_a_filter_looks_through_so_many_and_goes_on(
    alice: Account, bob: Account, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LOOKED_THROUGH", 3)
    buy, sell = an_order(market, alice, 1), an_order(market, bob, 2, side="sell")
    for number in range(10, 20):
        a_trade(market, buy, sell, number)
    for number in range(10):
        move(alice, market.quote, 10**8 * (number + 1), at=NOON - 5 + number)
    move(alice, market.base, 10**8, at=NOON - 100)

    found = [line.amount for line in in_pages(alice, 2, kind="deposit", asset=market.base)]
    assert found == ["1"]
    assert Counter(line.kind for line in in_pages(alice, 4, kind="fee")) == {"fee": 10}
    of_quote = list(in_pages(alice, 4, asset=market.quote))
    assert Counter(line.kind for line in of_quote) == {"trade": 10, "deposit": 10}
    assert [line.time for line in of_quote] == sorted((x.time for x in of_quote), reverse=True)


# The page


def test_the_page_shows_and_filters(in_browser: Client, alice: Account, trades: Market) -> None:
    move(alice, trades.quote, 5 * 10**8, "wire 17", at=NOON - 1)

    assert "wire 17" in see(in_browser, "/account/statement/").words
    page = see(in_browser, "/account/statement/?kind=fee&asset=ACC&market=ACC-EUR")
    assert "-0.003" in page.words
    assert "150.75" not in page.words
    assert "Nothing of that" in see(in_browser, "/account/statement/?kind=faucet").words


def test_its_links_lead_on_and_back(
    in_browser: Client, alice: Account, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Statement.page, "__defaults__", (None, 2))
    for number in range(3):
        move(alice, market.quote, 10**8 * (number + 1), at=NOON + number)

    first = in_browser.get("/account/statement/?kind=deposit")
    second = in_browser.get(f"/account/statement/{first.context['more']}")

    assert [line.amount for line in first.context["lines"]] == ["3", "2"]
    assert [line.amount for line in second.context["lines"]] == ["1"]
    assert second.context["begin"] == "?kind=deposit"
    assert second.context["more"] is None


@pytest.mark.parametrize(
    "query",
    [
        "asset=NONE",
        "asset=%00",
        "kind=theft",
        "market=x",
        "first_day=tomorrow",
        "first_day=2026-13-45",
        "first_day=2026-02-02&last_day=2026-02-01",
        "after=x",
        "after=%ff",
        "after=" + "9" * 300,
        "after=LTE6LTE6LTE",
        "last_day=0001-01-01",
        "first_day=9999-12-31&last_day=9999-12-31",
    ],
)
def test_any_query_is_answered(in_browser: Client, query: str) -> None:
    see(in_browser, f"/account/statement/?{query}")
    assert in_browser.get(f"/account/statement.csv?{query}").status_code in (200, 400)


@pytest.mark.parametrize("place", [Place(2**63 - 1, 0, 0), Place(0, 9, 2**63 - 1), Place(0, 0, 0)])
def test_any_place_is_answered(in_browser: Client, trades: Market, place: Place) -> None:
    see(in_browser, f"/account/statement/?after={place.text()}")


@pytest.mark.parametrize("address", ["/account/", "/account/statement/", "/account/statement.csv"])
def test_nobody_sees_anothers(
    browser: Client, alice: Account, address: str, market: Market
) -> None:
    move(alice, market.quote, 777 * 10**8, "a secret of alice's")
    assert browser.get(address)["Location"].startswith("/login/")
    person("mallory")
    log_in(browser, "mallory")

    response = browser.get(address)

    content = b"".join(response) if response.streaming else response.content
    assert b"secret" not in content
    assert b"777" not in content


# The file


def rows_of(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_the_file_has_what_the_page_has(in_browser: Client, alice: Account, trades: Market) -> None:
    move(alice, trades.quote, 5 * 10**8, "wire 17, in part", at=NOON - 1)

    rows = rows_of(in_browser.get("/account/statement.csv"))

    assert tuple(rows[0]) == pages.COLUMNS
    assert [f"{row['kind']} {row['change']} {row['asset']}" for row in rows] == told(alice)
    assert rows[0]["time"] == "2026-11-22T12:00:00.000000Z"
    assert rows[-1]["note"] == "wire 17, in part"
    assert sum(Decimal(row["change"]) for row in rows if row["asset"] == "EUR") == Decimal(
        "-145.75"
    )
    chosen = rows_of(in_browser.get("/account/statement.csv?kind=deposit"))
    assert [row["change"] for row in chosen] == ["5"]


@pytest.mark.parametrize("note", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_spreadsheet_takes_a_note_for_a_formula(
    in_browser: Client, alice: Account, market: Market, note: str
) -> None:
    move(alice, market.quote, 10**8, note)

    [row] = rows_of(in_browser.get("/account/statement.csv"))

    assert row["note"] == f"'{note}"


def test_a_file_that_is_cut_says_so(
    in_browser: Client, alice: Account, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MAX_EXPORT_LINES", 5)
    monkeypatch.setattr(pages, "EXPORT_PAGE", 2)
    for number in range(6):
        move(alice, market.quote, 10**8 * (number + 1), at=NOON + number)

    rows = rows_of(in_browser.get("/account/statement.csv"))
    assert [row["change"] for row in rows] == ["6", "5", "4", "3", "2", ""]
    assert rows[-1]["kind"] == "truncated"

    monkeypatch.setattr(pages, "MAX_EXPORT_LINES", 6)
    assert len(rows_of(in_browser.get("/account/statement.csv"))) == 6


def test_every_kind_is_offered(in_browser: Client) -> None:
    words = see(in_browser, "/account/statement/").words

    assert all(kind.capitalize() in words for kind in KINDS)
