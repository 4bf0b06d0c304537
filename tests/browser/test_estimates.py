"""What the form says an order would come to is exact, and as far as the exchange would let it go.

The module runs in a browser, alone, with a book of 1 @ 99, 2 @ 98 and 1 @ 101, 2 @ 102.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import pytest
from playwright.sync_api import Page

from clients.decimals import canonical
from tests.browser.test_form_requests import EMPTY, typed

pytestmark = pytest.mark.slow

RULES = {
    "symbol": "BTC-USD",
    "base": "BTC",
    "quote": "USD",
    "tick_size": "0.01",
    "lot_size": "0.001",
    "base_decimals": 8,
    "quote_decimals": 8,
}


def on_book(page: Page, call: str, values: dict[str, Any], **market: Any) -> Any:
    """Evaluate `call` with `m` the module, `values` and `market`."""
    terms = {"rules": RULES, "band": None, "reference": None, **market}
    terms.setdefault("rates", {"maker": "0", "taker": "0.001"})
    return page.evaluate(
        f"""async ([values, terms]) => {{
            const {{ LocalBook }} = await import("/local_book.js");
            const m = await import("/estimate.js");
            const book = new LocalBook("BTC-USD");
            book.replace(1, [["99", "1"], ["98", "2"]], [["101", "1"], ["102", "2"]]);
            const market = {{ ...terms, book }};
            return {call};
        }}""",
        [values, terms],
    )


@pytest.mark.parametrize(
    ("values", "label", "amount", "short"),
    [
        ({"price": "100.01", "quantity": "0.3"}, "Cost, at most", "30.003", ""),
        ({"side": "sell", "price": "9", "quantity": "2"}, "Proceeds, at least", "18", ""),
        ({"type": "market", "quantity": "2"}, "Cost, about", "203", ""),
        (
            {"type": "market", "side": "sell", "quantity": "1.5"},
            "Proceeds, about",
            "148",
            "",
        ),
        (
            {"type": "market", "quantity": "4"},
            "Cost, about",
            "305",
            "and the book is empty",
        ),
        (
            {"type": "market", "quantity": "2", "max_slippage": "0.5"},
            "Cost, about",
            "101",
            "and no more within its limit",
        ),
        (
            {"type": "market", "by": "quote", "quote_quantity": "152"},
            "Buys, about",
            "1.5",
            "",
        ),
        (
            {"type": "market", "side": "sell", "by": "quote", "quote_quantity": "148"},
            "Sells, about",
            "1.5",
            "",
        ),
        ({"type": "stop", "stop_price": "110", "quantity": "1"}, "Cost, at most", "121", ""),
        (
            {"type": "stop", "stop_price": "110", "quantity": "1", "max_slippage": "1"},
            "Cost, at most",
            "111.1",
            "",
        ),
        (
            {"type": "stop", "side": "sell", "stop_price": "90", "quantity": "1"},
            "Proceeds, about",
            "90",
            "",
        ),
        (
            {"type": "stop_limit", "stop_price": "110", "price": "112", "quantity": "1"},
            "Cost, at most",
            "112",
            "",
        ),
        (
            {"type": "oco", "price": "95", "stop_price": "110", "quantity": "2"},
            "Cost, at most",
            "242",
            "",
        ),
        (
            {
                "type": "oco",
                "side": "sell",
                "price": "120",
                "stop_price": "90",
                "stop_limit": "89",
                "quantity": "2",
            },
            "Proceeds, at least",
            "178",
            "",
        ),
        (
            {"type": "bracket", "entry": "market", "quantity": "1", "take_profit": "110"},
            "Cost, about",
            "101",
            "",
        ),
    ],
)
def test_what_an_order_would_come_to(
    modules: Page, values: dict[str, Any], label: str, amount: str, short: str
) -> None:
    found = on_book(modules, "m.estimate(values, market)", typed(**values))

    assert (found["label"], found["amount"], found["short"]) == (label, amount, short)


@pytest.mark.parametrize(
    "values", [{}, {"price": "1"}, {"price": "x", "quantity": "1"}, {"type": "oco", "price": "1"}]
)
def test_nothing_is_said_of_an_order_that_is_not_whole(
    modules: Page, values: dict[str, Any]
) -> None:
    assert on_book(modules, "m.estimate(values, market)", typed(**values)) is None


def test_a_market_order_goes_no_further_than_the_price_band(modules: Page) -> None:
    values = typed(type="market", quantity="2")

    found = on_book(modules, "m.estimate(values, market)", values, band="0.01", reference="100.5")

    assert (found["amount"], found["short"]) == ("101", "and no more within its limit")


@pytest.mark.parametrize(
    ("values", "quantity"),
    [
        ({"price": "300"}, "0.333"),
        ({"side": "sell", "price": "300"}, "100"),
        ({"type": "market"}, "0.99"),
        ({"type": "market", "max_slippage": "10"}, "0.9"),
        ({"type": "stop", "stop_price": "200"}, "0.454"),
        ({"type": "stop_limit", "stop_price": "200", "price": "250"}, "0.4"),
        ({"type": "oco", "price": "90", "stop_price": "200", "stop_limit": "250"}, "0.4"),
        ({"type": "bracket", "side": "sell", "price": "50", "loss_stop": "200"}, "0.454"),
        ({"price": ""}, None),
    ],
)
def test_what_a_hundred_of_each_are_enough_for(
    modules: Page, values: dict[str, Any], quantity: str | None
) -> None:
    call = 'm.affordable(values, "100", () => "100", market)'

    assert on_book(modules, call, typed(**values)) == quantity


@pytest.mark.parametrize(("side", "amount"), [("buy", "50"), ("sell", "295")])
def test_what_half_of_it_spends_or_brings(modules: Page, side: str, amount: str) -> None:
    call = 'm.affordableAmount(values, "50", () => "100", market)'

    assert on_book(modules, call, typed(type="market", side=side, by="quote")) == amount


def test_a_fee_is_the_account_s_own_rounded_up_to_the_smallest_unit_received(
    modules: Page,
) -> None:
    fee = 'm.feeOn("buy", "0.00000001", "1", "0.0005", market.rules)'
    assert on_book(modules, fee, EMPTY) == {"fee": "0.00000001", "asset": "BTC"}

    rests = typed(price="100", quantity="2")
    takes = typed(type="market", quantity="1")
    rates = {"maker": "0.003", "taker": "0.002"}

    found = [
        on_book(modules, "m.estimate(values, market).fee", values, rates=rates)["fee"]
        for values in (rests, takes)
    ]
    assert found == ["0.006", "0.002"], (
        "a resting order may pay either rate, the higher one at most"
    )


@pytest.mark.parametrize("price", ["100", "0.07", "63920.335", "99999999.99"])
@pytest.mark.parametrize("ratio", ["0.1", "0.000001", "0.123456", "1"])
def test_how_far_an_order_may_go_is_the_last_whole_tick_within_the_ratio(
    modules: Page, price: str, ratio: str
) -> None:
    call = '["buy", "sell"].map((side) => m.worstPrice(side, ...values, "0.01"))'

    found = on_book(modules, call, [price, ratio])  # type: ignore[arg-type]

    tick, exact = Decimal("0.01"), Decimal(price)
    high = (exact * (1 + Decimal(ratio)) / tick).to_integral_value(ROUND_FLOOR) * tick
    low = (exact * (1 - Decimal(ratio)) / tick).to_integral_value(ROUND_CEILING) * tick
    assert found == [canonical(high), canonical(low)]


def test_there_is_no_band_without_a_reference(modules: Page) -> None:
    call = '[m.bandLimit("buy", null, market), m.bandLimit("buy", "100", {...market, band: null})]'

    assert on_book(modules, call, EMPTY, band="0.1") == [None, None]
