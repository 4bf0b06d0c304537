"""Numbers as the dialect writes them: strings with exactly 8 decimals, also zero.

What has more decimals (assets may have up to 12) is cut, never rounded up. Local books of clients use the
price's text as a key, so everything that writes a price writes it here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from markets.matching.types import MILLION
from markets.messages.public import REMEMBERED

PLACES: Final = 8
ONE: Final = 10**PLACES
ZERO: Final = "0.00000000"


@lru_cache(REMEMBERED)
def fixed(units: int, decimals: int) -> str:
    """Units of an asset with so many decimals: `fixed(150, 2)` is `"1.50000000"`."""
    if units < 0:
        return f"-{fixed(-units, decimals)}"
    finer = decimals - PLACES
    scaled = units // 10**finer if finer > 0 else units * 10**-finer
    whole, fraction = divmod(scaled, ONE)
    return f"{whole}.{fraction:08d}"


@lru_cache(REMEMBERED)
def padded(text: str) -> str:
    """A canonical decimal of the exchange: `padded("1.5")` is `"1.50000000"`."""
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction[:PLACES]:0<8}"


def ratio(millionths: int) -> str:
    """A rate: `ratio(1000)` is `"0.00100000"`."""
    return fixed(millionths, len(str(MILLION)) - 1)


def quotient(numerator: int, denominator: int) -> str:
    """A ratio of two integers, rounded half up to 8 decimals: what need not be exact."""
    sign = -1 if (numerator < 0) is not (denominator < 0) else 1
    numerator, denominator = abs(numerator), abs(denominator)
    return fixed(sign * ((2 * numerator * ONE + denominator) // (2 * denominator)), PLACES)
