"""Numbers are integers inside, and each is written in one way: no exponent, no trailing zeros."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.matching.types import format_units


@pytest.mark.parametrize(
    ("units", "decimals", "text"),
    [
        (0, 0, "0"),
        (0, 8, "0"),
        (150, 2, "1.5"),
        (100, 2, "1"),
        (1, 8, "0.00000001"),
        (-150, 2, "-1.5"),
        (-1, 2, "-0.01"),
        (1000, 0, "1000"),
        (2**63 - 1, 8, "92233720368.54775807"),
    ],
)
def test_a_number_is_written_one_way(units: int, decimals: int, text: str) -> None:
    assert format_units(units, decimals) == text


@given(st.integers(-(2**63), 2**63), st.integers(0, 18))
def test_what_is_written_is_the_number(units: int, decimals: int) -> None:
    text = format_units(units, decimals)

    assert Decimal(text).scaleb(decimals) == units
    assert "E" not in text
    assert "." not in text or not text.endswith(("0", "."))
