"""The ladder in words shows asks above bids.

Whoever sees a market that is not open is told so, and in an auction what it would come to.
"""

from decimal import Decimal

from clients import LocalBook, MarketStatus
from clients.scripts import ladder


def a_book() -> LocalBook:
    book = LocalBook("BTC-USD")
    book.replace(7, bids=[["100", "1.5"], ["99.5", "2"]], asks=[["101", "0.25"], ["102", "1"]])
    return book


def test_it_shows_an_empty_book_too() -> None:
    assert ladder.one_line(LocalBook("BTC-USD")) == (
        "BTC-USD #0 bid - ask - spread - checksum 0 verified"
    )


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


def test_an_auction_says_price_volume_surplus_and_its_end() -> None:
    said = "indicative 100.5 x 2, surplus 0.5 to buy, opens at 07:01:00 UTC"

    assert ladder.one_line(a_book(), an_auction()).endswith(f"verified, auction: {said}")


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
