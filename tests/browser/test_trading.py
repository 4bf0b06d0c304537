"""Who is logged in trades on the page: orders, cancels, fills and balances, and errors in words."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Route, WebSocketRoute, expect

from tests.browser.conftest import OpenPage, WatchedPage
from tests.browser.running import Person, RunningExchange

pytestmark = pytest.mark.slow

OpenAccount = Callable[[str], Person]


def test_an_order_rests_in_the_book_and_among_the_open_orders(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    tab = page.log_in(alice, market)

    page.order("buy", "0.5", "100.5")

    page.expect_note(f"Placed: buy 0.5 {market[:-4]} at 100.5.")
    cells = tab.locator("#orders tr td")
    expect(cells.nth(0)).to_have_text(market)
    expect(cells.nth(1)).to_have_text("buy")
    expect(cells.nth(2)).to_have_text("100.50")
    expect(cells.nth(3)).to_have_text("0.50000")
    page.expect_balance("USD", "999,949.75", "50.25", "1,000,000")
    expect(tab.locator("#bids .level").first).to_have_attribute("data-price", "100.5")
    page.expect_own("bids", "100.5", "0.5")
    assert exchange.book(market)["bids"] == [["100.5", "0.5"]]


def test_an_order_is_canceled_with_one_click(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    page.order("sell", "1", "120")
    expect(tab.locator("#orders tr")).to_have_count(1)

    tab.get_by_role("button", name="Cancel sell 1 at 120").click()

    expect(tab.locator("#orders tr")).to_have_count(0)
    expect(tab.locator("#orders-nothing")).to_be_visible()
    page.expect_balance(market[:-4], "10", "0", "10")
    assert exchange.book(market)["asks"] == []


def test_all_orders_of_the_market_are_canceled_at_once(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    other = exchange.create_market(market.replace("-USD", "Y-USD"))
    exchange.submit(alice, other, "buy", "1", "1")
    tab = page.log_in(alice, market)
    for price in ("90", "91", "92"):
        page.order("buy", "0.1", price)
        page.expect_note(f"Placed: buy 0.1 {market[:-4]} at {price}.")
    expect(tab.locator("#orders-count")).to_have_text("3")

    tab.get_by_role("button", name="Cancel all").click()

    expect(tab.locator("#orders-note")).to_have_text("Canceled 3 orders.")
    expect(tab.locator("#orders tr")).to_have_count(0)
    tab.get_by_label(f"{market} only").uncheck()
    expect(tab.locator("#orders tr td").first).to_have_text(other)


def test_a_trade_shows_in_fills_and_balances_of_both(
    market: str, somebody: OpenAccount, new_page: OpenPage
) -> None:
    base = market[:-4]
    maker, taker = new_page(), new_page()
    maker.log_in(somebody("alice"), market)
    taker.log_in(somebody("bob"), market)
    maker.order("sell", "2", "100")
    maker.expect_note(f"Placed: sell 2 {base} at 100.")

    taker.order("buy", "0.5", "101")

    taker.expect_note(f"Bought 0.5 {base} at 100 on average.")
    taker.expect_balance(base, "10.4995", "0", "10.4995")
    taker.expect_balance("USD", "999,950", "0", "999,950")
    fill = taker.page.locator("#fills tr td")
    for at, text in enumerate((market, "buy", "100.00", "0.50000", f"0.0005 {base}", "taker")):
        expect(fill.nth(at)).to_have_text(text)
    maker.expect_balance("USD", "1,000,050", "0", "1,000,050")
    maker.expect_balance(base, "8", "1.5", "9.5")
    expect(maker.page.locator("#fills tr td").nth(5)).to_have_text("maker")
    expect(maker.page.locator("#orders tr td").nth(4)).to_have_text("0.50000")
    expect(maker.page.locator("#orders tr td").nth(5)).to_have_text("partially filled")


def test_two_tabs_of_one_account_are_one_account(
    market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    tab = page.log_in(somebody("alice"), market)
    other = WatchedPage(tab.context.new_page(), page.exchange)
    other.open(market)

    page.order("buy", "1", "99")
    other.expect_own("bids", "99", "1")
    other.page.get_by_role("button", name="Cancel buy 1 at 99").click()

    expect(tab.locator("#orders tr")).to_have_count(0)
    expect(tab.locator("#bids .level:visible")).to_have_count(0)
    page.expect_balance("USD", "1,000,000", "0", "1,000,000")
    other.check()


def test_a_market_order_takes_what_there_is_and_says_so(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    base = market[:-4]
    exchange.submit(somebody("alice"), market, "sell", "0.3", "100")
    tab = page.log_in(somebody("bob"), market)

    tab.locator("#order-form").get_by_text("Market", exact=True).click()
    expect(tab.get_by_label("Price", exact=True)).to_be_hidden()
    tab.get_by_label("Quantity", exact=True).fill("0.2")
    expect(tab.locator("#cost")).to_have_text("20 USD")
    expect(tab.locator("#fee")).to_have_text(f"0.0002 {base}")
    tab.get_by_label("Quantity", exact=True).fill("1")
    tab.locator("#submit").click()

    page.expect_note(
        f"Bought 0.3 {base} at 100 on average; the rest was canceled: "
        "nobody is left on the other side."
    )


@pytest.mark.parametrize(
    ("price", "quantity", "field", "words"),
    [
        ("100.001", "1", "price", "is not a multiple of tick size 0.01; nearest: 100 and 100.01"),
        ("100", "0.000001", "quantity", "is not a multiple of lot size 0.00001"),
        ("ten", "1", "price", 'Must be a plain decimal such as "0.25"'),
        ("", "1", "price", "price"),
        ("100", "", "quantity", "Is required"),
    ],
)
def test_an_error_is_shown_at_its_field(
    market: str,
    somebody: OpenAccount,
    page: WatchedPage,
    price: str,
    quantity: str,
    field: str,
    words: str,
) -> None:
    tab = page.log_in(somebody("alice"), market)

    page.order("buy", quantity, price)

    expect(tab.locator(f"#{field}-error")).to_contain_text(words)
    expect(tab.locator(f"#{field}")).to_be_focused()
    expect(tab.locator(f"#{field}")).to_have_attribute("aria-invalid", "true")
    expect(tab.locator("#form-note")).to_be_hidden()
    tab.locator(f"#{field}").fill("1")
    expect(tab.locator(f"#{field}-error")).to_be_hidden()


def test_what_is_about_no_field_is_said_above_the_button(
    market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    page.log_in(somebody("alice"), market)

    page.order("buy", "2", "1000000")

    page.expect_note("Needs 2000000 USD, available 1000000 USD")


def test_a_post_only_order_that_would_take_is_refused_at_its_price(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    exchange.submit(somebody("bob"), market, "sell", "1", "100")
    tab = page.log_in(somebody("alice"), market)

    tab.get_by_label("Post only").check()
    page.order("buy", "1", "100")

    expect(tab.locator("#price-error")).to_contain_text("100")
    assert exchange.book(market)["asks"] == [["100", "1"]]


def test_a_price_of_the_ladder_is_taken_over_and_half_the_money_spent(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    exchange.submit(somebody("bob"), market, "sell", "1", "250000")
    tab = page.log_in(somebody("alice"), market)

    tab.locator("#asks .level[data-price='250000']").click()
    tab.get_by_role("button", name="50 %").click()

    expect(tab.get_by_label("Price", exact=True)).to_have_value("250000")
    expect(tab.get_by_label("Quantity", exact=True)).to_have_value("2")
    expect(tab.locator("#cost")).to_have_text("500,000 USD")


def test_an_answer_that_is_lost_is_asked_for_again_and_the_order_exists_once(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    """The connection dies with the answer to the first submission on it."""
    lost: list[str] = []

    def lose_the_first_answer(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if '"submit_order"' in str(message) and not lost:
                lost.append(str(message))
                socket.close(code=1012)
                server.close(code=1012)
            else:
                socket.send(message)

        server.on_message(pass_on)

    page.page.route_web_socket("**/ws/v1/trading", lose_the_first_answer)
    tab = page.log_in(somebody("alice"), market)

    page.order("buy", "0.5", "100")

    page.expect_note(f"Placed: buy 0.5 {market[:-4]} at 100.")
    assert len(lost) == 1
    expect(tab.locator("#orders tr")).to_have_count(1)
    assert exchange.book(market)["bids"] == [["100", "0.5"]]


def test_fills_made_while_the_page_was_away_are_there_when_it_is_back(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice, bob = somebody("alice"), somebody("bob")
    sockets: list[WebSocketRoute] = []
    away = False

    def carry(socket: WebSocketRoute) -> None:
        if away:
            socket.close(code=1012)
            return
        socket.connect_to_server()
        sockets.append(socket)

    page.page.route_web_socket("**/ws/v1/trading", carry)
    tab = page.log_in(alice, market)
    page.order("buy", "1", "100")
    expect(tab.locator("#orders tr")).to_have_count(1)

    away = True
    sockets[-1].close(code=1012)
    expect(tab.locator("#link")).to_have_text("connecting…")
    exchange.submit(bob, market, "sell", "0.25", "100")
    away = False

    expect(tab.locator("#fills tr td").nth(3)).to_have_text("0.25000")
    expect(tab.locator("#orders tr td").nth(4)).to_have_text("0.25000")
    page.expect_balance("USD", "999,900", "75", "999,975")
    expect(tab.locator("#fills tr")).to_have_count(1)


def test_play_money_can_be_had_in_a_sandbox(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    alice = somebody("alice")
    tab = page.log_in(alice, market)
    before = exchange.balance(alice, "USD")

    tab.get_by_role("button", name="Get play money").click()

    expect(tab.locator("#faucet-note")).to_contain_text("on its way")
    after = exchange.balance(alice, "USD")
    assert after > before
    expect(page.balance("USD").locator("td").nth(3)).to_have_text(f"{after:,f}".rstrip("."))


def test_a_refused_faucet_says_why(market: str, somebody: OpenAccount, page: WatchedPage) -> None:
    page.forgive("403")
    tab = page.log_in(somebody("alice"), market)

    def refuse(route: Route) -> None:
        route.fulfill(status=403, json={"code": "permission_denied", "detail": "not today"})

    tab.route("**/api/v1/faucet", refuse)
    tab.get_by_role("button", name="Get play money").click()

    expect(tab.locator("#faucet-note")).to_have_text("Not today")


def test_money_is_shown_to_the_last_digit(
    exchange: RunningExchange, market: str, somebody: OpenAccount, page: WatchedPage
) -> None:
    carol = exchange.open_account(f"carol-{market[:-4]}", USD="123456789012.12345678")

    page.log_in(carol, market)

    text = "123,456,789,012.12345678"
    page.expect_balance("USD", text, "0", text)
    assert exchange.balance(carol, "USD") == Decimal("123456789012.12345678")
