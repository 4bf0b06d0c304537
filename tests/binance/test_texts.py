"""Numbers are texts of exactly 8 decimals, the same wherever they come from."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.binance.texts import fixed, padded, quotient, ratio
from markets.matching.types import format_units

EIGHT = Decimal("1e-8")


@pytest.mark.parametrize(
    ("units", "decimals", "text"),
    [
        (0, 8, "0.00000000"),
        (0, 0, "0.00000000"),
        (1, 8, "0.00000001"),
        (150, 2, "1.50000000"),
        (5, 0, "5.00000000"),
        (-150, 2, "-1.50000000"),
        (123_456_789_012, 12, "0.12345678"),
        (2**63 - 1, 8, "92233720368.54775807"),
    ],
)
def test_units_as_a_text(units: int, decimals: int, text: str) -> None:
    assert fixed(units, decimals) == text


@given(st.integers(0, 10**18), st.integers(0, 12))
def test_the_text_is_the_number_cut_to_eight_places(units: int, decimals: int) -> None:
    exact = Decimal(units).scaleb(-decimals)

    assert fixed(units, decimals) == f"{exact.quantize(EIGHT, ROUND_DOWN):f}"


@given(st.integers(0, 10**20), st.integers(0, 12))
def test_a_price_has_one_text_whether_it_comes_as_units_or_as_a_text(
    units: int, decimals: int
) -> None:
    assert padded(format_units(units, decimals)) == fixed(units, decimals)


def test_a_rate() -> None:
    assert (ratio(1000), ratio(-500), ratio(0)) == ("0.00100000", "-0.00050000", "0.00000000")


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**15))
def test_a_quotient_is_rounded_half_away_from_zero(numerator: int, denominator: int) -> None:
    exact = Decimal(numerator) / Decimal(denominator)

    difference = abs(Decimal(quotient(numerator, denominator)) - exact)

    assert difference <= EIGHT / 2 + Decimal("1e-20")
    assert quotient(1, 3) == f"{(Decimal(1) / 3).quantize(EIGHT, ROUND_HALF_UP):f}"
