"""The ladder shows asks above bids; a book that is out of step is not drawn.

Whoever sees a market that is not open is told so, and in an auction what it would come to.
"""

from decimal import Decimal

from rich.console import Console, RenderableType

from clients import LocalBook, MarketStatus, Trade
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


def an_auction(**changes: object) -> MarketStatus:
    auction = {
        "indicative_price": "100.5",
        "indicative_volume": "2",
        "surplus": "0.5",
        "surplus_side": "buy",
        "ends_at": "2026-11-22T07:01:00.000000Z",
        **changes,
    }
    return MarketStatus.from_json(
        {"market": "BTC-USD", "sequence": 7, "status": "auction", "auction": auction}
    )


def a_status(status: str) -> MarketStatus:
    return MarketStatus.from_json({"market": "BTC-USD", "sequence": 7, "status": status})


def test_a_market_that_is_not_open_is_said_to_be() -> None:
    for status in ("halted", "closed"):
        assert ladder.one_line(a_book(), a_status(status)).endswith(f"verified, {status}")
        assert ladder.plain(a_book(), 1, a_status(status)).splitlines()[0].endswith(status)
    assert ladder.one_line(a_book(), a_status("open")).endswith("verified")


def test_the_picture_says_the_status_of_any_market() -> None:
    for status in ("open", "halted", "closed"):
        assert f"BTC-USD {status}" in printed(ladder.live(a_book(), 5, None, a_status(status)))[0]


def test_an_auction_says_price_volume_surplus_and_its_end() -> None:
    said = "indicative 100.5 x 2, surplus 0.5 to buy, opens at 07:01:00 UTC"

    assert ladder.one_line(a_book(), an_auction()).endswith(f"verified, auction: {said}")
    assert f"auction  {said}" in printed(ladder.live(a_book(), 5, None, an_auction()))


def test_an_auction_without_a_price_says_so() -> None:
    nothing = an_auction(
        indicative_price=None, indicative_volume="0", surplus="0", surplus_side=None, ends_at=None
    )

    assert ladder.one_line(a_book(), nothing).endswith("verified, auction: no orders meet")


def test_a_book_whose_sides_overlap_is_drawn_and_says_by_how_much() -> None:
    book = LocalBook("BTC-USD")
    book.replace(7, bids=[["102", "1"], ["99", "2"]], asks=[["100", "0.5"], ["103", "1"]])

    assert ladder.plain(book, 5, an_auction()).splitlines()[1:] == [
        "  ask            103 x 1",
        "  ask            100 x 0.5",
        "  --- overlap 2",
        "  bid            102 x 1",
        "  bid             99 x 2",
    ]
    assert any("overlap 2" in line for line in printed(ladder.live(book, 5, None, an_auction())))
