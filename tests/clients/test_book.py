"""A local book is the exchange's book, level by level, and its checksum proves it.

The checksum is the sum modulo 2^32, over all levels, of CRC-32 of `b:PRICE:QUANTITY` or
`a:PRICE:QUANTITY` with canonical numbers; the empty book is 0.
"""

from decimal import Decimal
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients import Level, LocalBook
from clients.decimals import canonical, from_wire, round_to_step, to_decimal, to_wire


def a_book() -> LocalBook:
    book = LocalBook("BTC-USD")
    book.replace(7, bids=[["100", "1.5"], ["99.5", "2"]], asks=[["101", "0.25"]])
    return book


def test_the_contract_s_example_has_the_contract_s_checksum() -> None:
    assert a_book().checksum == 2719417658


def test_the_empty_book_has_checksum_0() -> None:
    assert LocalBook("BTC-USD").checksum == 0


def test_best_comes_first_on_both_sides() -> None:
    book = LocalBook("BTC-USD")

    book.replace(1, bids=[["9", "1"], ["10", "2"]], asks=[["12", "3"], ["11", "4"]])

    assert [str(level.price) for level in book.bids()] == ["10", "9"]
    assert [str(level.price) for level in book.asks()] == ["11", "12"]
    assert (book.best_bid, book.best_ask) == (Level(Decimal(10), Decimal(2)), book.asks(1)[0])
    assert (book.spread, book.mid) == (Decimal(1), Decimal("10.5"))


def test_an_empty_side_has_no_best_price_and_no_spread() -> None:
    book = LocalBook("BTC-USD")

    assert (book.best_bid, book.best_ask, book.spread, book.mid) == (None, None, None, None)


def test_an_update_gives_levels_their_new_total_and_removes_them_at_0() -> None:
    book = a_book()

    book.apply(8, bids=[["100", "0"], ["99.5", "3"]], asks=[["102", "1"]])

    assert book.bids() == [Level(Decimal("99.5"), Decimal(3))]
    assert book.quantity_at("asks", Decimal(102)) == 1
    assert book.sequence == 8
    book.check()


def test_removing_a_level_that_was_never_seen_changes_nothing() -> None:
    book = a_book()

    book.apply(8, bids=[["1", "0"]], asks=[])

    assert book.same_levels(a_book())
    assert book.checksum == a_book().checksum


def test_trailing_zeros_are_the_same_level() -> None:
    book = a_book()

    book.apply(8, bids=[["100.00", "1.50"]], asks=[])

    assert book.same_levels(a_book())
    assert book.checksum == a_book().checksum


def test_an_auction_s_book_may_overlap() -> None:
    book = LocalBook("BTC-USD")

    book.replace(1, bids=[["102", "1"]], asks=[["101", "1"]])

    book.check()
    assert book.spread == -1


@pytest.mark.parametrize(
    "bids",
    [
        [["100"]],
        [["100", 1.5]],
        [["1e2", "1"]],
        [["NaN", "1"]],
        [["0", "1"]],
        [["100", "-1"]],
        [["١", "1"]],
        "100",
        [[100, 1]],
    ],
)
def test_what_is_no_level_is_refused_and_changes_nothing(bids: object) -> None:
    book = a_book()

    with pytest.raises(ValueError, match=r"level|price|quantity"):
        book.apply(8, bids=bids, asks=[["101", "0"]])  # type: ignore[arg-type]

    assert book.same_levels(a_book())
    assert (book.sequence, book.checksum) == (7, 2719417658)


def test_a_check_finds_a_checksum_that_went_astray() -> None:
    book = a_book()
    book._checksum += 1

    with pytest.raises(AssertionError, match="checksum"):
        book.check()


numbers = st.decimals(min_value="0.01", max_value="99", places=2)
levels = st.lists(
    st.tuples(numbers.map(str), st.one_of(st.just("0"), numbers.map(str))), max_size=8
)


@given(st.lists(st.tuples(levels, levels), max_size=12))
def test_the_checksum_kept_by_changes_is_the_one_counted_anew(
    changes: list[tuple[list[tuple[str, str]], list[tuple[str, str]]]],
) -> None:
    book = LocalBook("BTC-USD")

    for sequence, (bids, asks) in enumerate(changes, start=1):
        book.apply(sequence, bids=bids, asks=asks)
        book.check()

    texts = [f"b:{canonical(p)}:{canonical(q)}" for p, q in book.bids()]
    texts += [f"a:{canonical(p)}:{canonical(q)}" for p, q in book.asks()]
    assert book.checksum == sum(crc32(text.encode()) for text in texts) % 2**32


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1.50", "1.5"),
        ("100", "100"),
        ("0.000", "0"),
        ("-0.0", "0"),
        ("1E+3", "1000"),
        ("1E-8", "0.00000001"),
        ("123456789012345678901234567890.1", "123456789012345678901234567890.1"),
    ],
)
def test_a_number_has_one_text_on_the_wire(number: str, text: str) -> None:
    assert canonical(Decimal(number)) == text


def test_a_float_is_not_a_number_here() -> None:
    for value in (0.1, 1.0, True, None):
        with pytest.raises(TypeError):
            to_decimal(value)  # type: ignore[arg-type]
    for text in ("1e5", "NaN", "Infinity", "", "1_000", "+1", ".5"):
        with pytest.raises(ValueError, match="decimal"):
            to_wire(text)
    with pytest.raises(ValueError, match="finite"):
        to_wire(Decimal("NaN"))
    with pytest.raises(ValueError, match="decimal string"):
        from_wire(5)


def test_rounding_to_a_step_is_asked_for_and_goes_down_or_up() -> None:
    assert round_to_step(Decimal("10.07"), Decimal("0.05")) == Decimal("10.05")
    assert round_to_step(Decimal("10.07"), Decimal("0.05"), up=True) == Decimal("10.10")
    assert round_to_step(Decimal("10.05"), Decimal("0.05"), up=True) == Decimal("10.05")
