"""Line: one line of the screen, as pieces of text and the role that each plays.

Rules:
- Pure. What a role looks like is the style sheet's business.
- Two lines that look the same are equal: what did not change is not drawn again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from clients.decimals import canonical

ROLES = (
    "bid",
    "ask",
    "own",
    "good",
    "bad",
    "warning",
    "strong",
    "faint",
    "bid-bar",
    "ask-bar",
    "selected",
)

BAR_STEPS = 1000
"""A bar's length is given in thousandths of the line."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A text, and the role that it plays."""

    text: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces from left to right, on a bar of `bar` thousandths that grows from the right."""

    pieces: tuple[Piece, ...] = ()
    bar: int = 0
    bar_role: str = ""
    selected: bool = False

    @property
    def text(self) -> str:
        """What it says, without its roles."""
        return "".join(piece.text for piece in self.pieces)


def line(*pieces: Piece | str) -> Line:
    """Make a line of pieces, or of texts without a role."""
    return Line(tuple(Piece(each) if isinstance(each, str) else each for each in pieces))


def spread_out(width: int, left: Iterable[Piece], right: Iterable[Piece]) -> Line:
    """Return a line with one part at its left end and one at its right; the left one outlives."""
    begins, ends = tuple(left), tuple(right)
    room = width - sum(len(piece.text) for piece in begins + ends)
    if room < 1:
        return Line(begins)
    return Line((*begins, Piece(" " * room), *ends))


def padded(number: Decimal, decimals: int) -> str:
    """Return a number with at least so many decimals, so that a column lines up.

    >>> padded(Decimal("1.5"), 3), padded(Decimal("1.2345"), 3), padded(Decimal("7"), 0)
    ('1.500', '1.2345', '7')
    """
    whole, _, fraction = canonical(number).partition(".")
    fraction = fraction.ljust(decimals, "0")
    return f"{whole}.{fraction}" if fraction else whole


def decimals_of(step: Decimal) -> int:
    """Return how many decimals multiples of a step have.

    >>> decimals_of(Decimal("0.050")), decimals_of(Decimal("100"))
    (2, 0)
    """
    return len(canonical(step).partition(".")[2])
