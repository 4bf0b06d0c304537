"""What the watching screen says, line by line: the ladder in rows, trades, the market, the state of the book.

Asks are above bids, the best of both in the middle; a group's price is never better than what is in it.
"""

from decimal import Decimal
from typing import Any

import pytest

from clients import Balance, LocalBook, Market, MarketStatus, Order, Ticker, Trade
from clients.scripts.watch import drawing
from clients.scripts.watch.drawing import Picture
from clients.scripts.watch.line import Line, Piece, line, spread_out
from clients.scripts.watch.rows import Row, nearest, own_quantities, place_of, rows_of
from tests.clients.stand_in.market import StandInMarket
from tests.clients.stand_in.rows import NOW, new_order

BTC = Market.from_json(StandInMarket("BTC-USD", "0.5", "0.001").row)
TICK = BTC.tick_size


def a_book() -> LocalBook:
    book = LocalBook("BTC-USD")
    bids = [["100", "1.5"], ["99.5", "2"], ["98", "0.25"]]
    book.replace(7, bids=bids, asks=[["101", "0.25"], ["102.5", "1"], ["103", "2"]])
    return book


def an_order(side: str, price: str | None, quantity: str, **fields: Any) -> Order:
    params = {"market": "BTC-USD", "side": side, "price": price, "quantity": quantity, **fields}
    return Order.from_json(new_order("o1", 1, "alice", None, params))


def a_trade(taker: str = "buy", price: str = "100.5") -> Trade:
    row = {"id": "1", "market": "BTC-USD", "price": price, "quantity": "2", "sequence": 6}
    return Trade.from_json({**row, "taker_side": taker, "timestamp": NOW})


def a_status(status: str, **auction: Any) -> MarketStatus:
    row = {"market": "BTC-USD", "sequence": 7, "status": status, "auction": auction or None}
    return MarketStatus.from_json(row)


def pictured(step: Decimal = TICK, most: int = 5, orders: tuple[Order, ...] = ()) -> Picture:
    own, book = own_quantities(orders, step), a_book()
    return Picture(
        asks=rows_of(book, "asks", step, most, own),
        bids=rows_of(book, "bids", step, most, own),
        middle=drawing.between(book, a_trade()),
    )


def seen(lines: list[Line]) -> list[str]:
    return [each.text.rstrip() for each in lines]


# The ladder


def test_it_shows_asks_above_bids_with_totals_from_the_middle_outwards() -> None:
    assert seen(drawing.ladder(pictured(), BTC, TICK, 8, None)) == [
        " own  price  quantity  total",
        "      103.0     2.000  3.250",
        "      102.5     1.000  1.250",
        "      101.0     0.250  0.250",
        " spread 1   last ▲ 100.5",
        "      100.0     1.500  1.500",
        "       99.5     2.000  3.500",
        "       98.0     0.250  3.750",
    ]


def test_the_best_prices_are_in_the_middle_however_many_levels_there_are() -> None:
    lines = seen(drawing.ladder(pictured(), BTC, TICK, 14, None))

    assert len(lines) == 1 + 6 + 1 + 3
    assert lines[1:4] == ["", "", ""]
    assert "101.0" in lines[6]
    assert "100.0" in lines[8]
    assert len(drawing.ladder(pictured(), BTC, TICK, 4, None)) == 4


def test_bars_are_as_long_as_the_totals() -> None:
    lines = drawing.ladder(pictured(), BTC, TICK, 8, None)

    assert [each.bar for each in lines[1:4]] == [866, 333, 66]
    assert lines[7].bar == 1000
    assert {each.bar_role for each in lines[5:]} == {"bid-bar"}


def test_own_orders_are_marked_with_what_is_left_of_them() -> None:
    orders = (
        an_order("buy", "99.5", "0.5"),
        an_order("buy", "99.5", "0.25"),
        an_order("sell", None, "1"),
        an_order("sell", "103", "1", stop_price="90"),
    )

    lines = seen(drawing.ladder(pictured(orders=orders), BTC, TICK, 8, None))

    assert [each for each in lines if "●" in each] == [" ● 0.75   99.5     2.000  3.500"]


def test_the_selected_row_is_marked() -> None:
    lines = drawing.ladder(pictured(), BTC, TICK, 8, ("bids", Decimal("99.5")))

    assert [each.text.split()[:2] for each in lines if each.selected] == [["▸", "99.5"]]


def test_groups_go_away_from_the_middle() -> None:
    picture = pictured(Decimal(2))

    assert [(row.price, row.quantity, row.total) for row in picture.asks] == [
        (Decimal(102), Decimal("0.25"), Decimal("0.25")),
        (Decimal(104), Decimal(3), Decimal("3.25")),
    ]
    assert [(row.price, row.quantity) for row in picture.bids] == [
        (Decimal(100), Decimal("1.5")),
        (Decimal(98), Decimal("2.25")),
    ]
    assert place_of(an_order("sell", "102.5", "1"), Decimal(2)) == ("asks", Decimal(104))


def test_groups_are_whole_also_where_one_holds_very_many_levels() -> None:
    book = LocalBook("BTC-USD")
    bids = [[str(price), "1"] for price in range(1, 1001)]
    book.replace(1, bids=bids, asks=[])

    rows = rows_of(book, "bids", Decimal(100), 3, {})

    assert [(row.price, row.quantity) for row in rows] == [
        (Decimal(1000), Decimal(1)),
        (Decimal(900), Decimal(100)),
        (Decimal(800), Decimal(100)),
    ]


def test_where_there_is_no_room_there_are_no_rows() -> None:
    assert rows_of(a_book(), "bids", TICK, 0, {}) == []


def test_the_selection_stays_with_its_price_or_goes_to_the_nearest() -> None:
    rows = pictured().rows

    def at(side: Any, price: str) -> Row | None:
        return nearest(rows, (side, Decimal(price)))

    assert at("asks", "102.5") == rows[1]
    assert at("asks", "99") == rows[2]
    assert at("bids", "120") == rows[3]
    assert nearest(rows, None) is None
    assert nearest([], ("bids", Decimal(1))) is None


@pytest.mark.parametrize("height", range(3, 20))
def test_a_click_finds_the_row_that_is_drawn_there(height: int) -> None:
    picture = pictured()
    lines = drawing.ladder(picture, BTC, TICK, height, None)

    for y, each in enumerate(lines):
        row = drawing.row_at(picture, height, y)
        assert (row is not None) is bool(each.bar)
        assert row is None or f" {row.price:.1f} " in each.text
    assert drawing.row_at(picture, height, len(lines)) is None


def test_a_book_that_overlaps_or_is_empty_is_drawn_too() -> None:
    overlapping = LocalBook("BTC-USD")
    overlapping.replace(7, bids=[["102", "1"]], asks=[["100", "0.5"]])

    assert drawing.between(overlapping, None).text == " overlap 2"
    assert seen(drawing.ladder(Picture(), BTC, TICK, 6, None))[0] == " own  price  quantity  total"
    assert drawing.out_of_step("not connected").text == " OUT OF STEP: not connected"


# Beside it


def test_trades_say_which_side_took() -> None:
    trades = [a_trade("buy", "100.5"), a_trade("sell", "99")]

    assert seen(drawing.trades(trades, BTC)) == [
        "07:00:00 ▲ 100.5  2.000",
        "07:00:00 ▼  99.0  2.000",
    ]


@pytest.mark.parametrize(
    ("last", "open", "said"),
    [
        ("102", "100", "BTC-USD open  102  ▲ +2.00 %"),
        ("99.5", "100", "BTC-USD open  99.5  ▼ -0.50 %"),
        ("100", "100", "BTC-USD open  100  0.00 %"),
        (None, None, "BTC-USD open  no trade yet"),
    ],
)
def test_the_headline_says_the_last_price_and_the_days_change(
    last: str | None, open: str | None, said: str
) -> None:
    change = str(Decimal(last) - Decimal(open)) if last and open else None
    row = {"market": "BTC-USD", "last": last, "open": open, "change": change}
    ticker = Ticker.from_json(row)

    assert drawing.headline(BTC, ticker, None).text == said
    day = Ticker.from_json({**row, "high": "110", "low": "90", "volume": "7.5"})
    assert drawing.headline(BTC, day, None).text.endswith(
        "  high 110  low 90  volume 7.5" if last else "no trade yet"
    )


def test_the_headline_says_what_the_market_does() -> None:
    halted = drawing.headline(BTC, None, a_status("halted"))
    assert halted.pieces[1] == Piece(" halted", "warning")

    auction = {"indicative_price": "100.5", "indicative_volume": "2", "surplus": "0.5"}
    status = a_status("auction", **auction, surplus_side="buy", ends_at=NOW)
    assert drawing.headline(BTC, None, status).text == (
        "BTC-USD auction  indicative 100.5 x 2, surplus 0.5 to buy, opens at 07:00:00 UTC"
    )


def test_balances_say_what_is_available_and_what_is_held() -> None:
    row = {"asset": "USD", "total": "100.5", "held": "40.5", "available": "60"}
    lines = drawing.balances([("BTC", None), ("USD", Balance.from_json(row))])

    assert [each.text.split() for each in lines] == [
        ["BTC", "0"],
        ["held", "0"],
        ["USD", "60"],
        ["held", "40.5"],
    ]


def test_no_book_is_not_connected() -> None:
    said = drawing.state(None, "http://127.0.0.1:8000", "watching only", 80)

    assert said.text.startswith("○ OUT OF STEP not connected ")
    assert said.text.endswith(" 127.0.0.1:8000  watching only")
    assert len(said.text) == 80


def test_where_room_is_short_the_right_part_goes_first() -> None:
    assert spread_out(5, [Piece("left")], [Piece("right")]) == line("left")
    assert spread_out(12, [Piece("left")], [Piece("right")]).text == "left   right"
