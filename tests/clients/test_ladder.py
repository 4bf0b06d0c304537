"""The ladder shows asks above bids; a book that is out of step is not drawn."""

from decimal import Decimal

from rich.console import Console, RenderableType

from clients import LocalBook, Trade
from clients.scripts import ladder


def printed(picture: RenderableType) -> list[str]:
    console = Console(width=80, record=True, file=None, quiet=False, color_system=None)
    with console.capture() as capture:
        console.print(picture)
    return [line.strip(" │") for line in capture.get().splitlines()]


def a_book() -> LocalBook:
    book = LocalBook("BTC-USD")
    book.replace(7, bids=[["100", "1.5"], ["99.5", "2"]], asks=[["101", "0.25"], ["102", "1"]])
    return book


def a_trade() -> Trade:
    return Trade.from_json(
        {
            "id": "1",
            "market": "BTC-USD",
            "price": "100.5",
            "quantity": "2",
            "taker_side": "buy",
            "sequence": 6,
            "timestamp": "2026-11-22T07:00:00.000000Z",
        }
    )


def test_it_shows_levels_totals_the_spread_and_that_it_is_verified() -> None:
    lines = printed(ladder.live(a_book(), 5, a_trade()))

    prices = [line.split()[:3] for line in lines if line.startswith(("10", "99"))]
    assert prices == [
        ["102", "1", "1.25"],
        ["101", "0.25", "0.25"],
        ["100", "1.5", "1.5"],
        ["99.5", "2", "3.5"],
    ]
    assert any("spread 1" in line and "last 100.5 x 2" in line for line in lines)
    assert any(
        line == "sequence 7  checksum " + str(a_book().checksum) + "  verified" for line in lines
    )


def test_it_shows_an_empty_book_too() -> None:
    lines = printed(ladder.live(LocalBook("BTC-USD"), 5, None))

    assert any("no trade yet" in line for line in lines)
    assert ladder.one_line(LocalBook("BTC-USD")) == (
        "BTC-USD #0 bid - ask - spread - checksum 0 verified"
    )


def test_out_of_step_says_why_and_shows_no_price() -> None:
    [line] = [
        line for line in printed(ladder.out_of_step("BTC-USD", "not connected")) if "OUT" in line
    ]

    assert line == "OUT OF STEP  not connected"


def test_depth_bounds_what_is_shown() -> None:
    assert ladder.plain(a_book(), 1).splitlines()[1:] == [
        "  ask            101 x 0.25",
        "  --- spread 1",
        "  bid            100 x 1.5",
    ]
    assert a_book().best_bid is not None
    assert a_book().bids(1)[0].price == Decimal(100)
