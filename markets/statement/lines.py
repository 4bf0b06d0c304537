"""What a statement is made of: lines, places among them, and what of them is wanted."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from markets import models
from markets.matching.types import format_units
from markets.queries import MAX_INTEGER

TRANSFERS: Final = ("deposit", "withdrawal", "faucet")
OF_TRADES: Final = ("trade", "fee", "rebate")
KINDS: Final = TRANSFERS + OF_TRADES
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """A moment as trades have it: since 1970."""
    return (moment - EPOCH) // MICROSECOND


class Place(NamedTuple):
    """Where a movement stands among all: later ones are greater."""

    time: int
    """Microseconds since 1970."""
    source: int
    id: int

    def text(self) -> str:
        """As a link carries it."""
        plain = ":".join(str(part) for part in self)
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Place | None:
        """Of a link; None if it is none that `text` made."""
        try:
            padded = text + "=" * (-len(text) % 4)
            words = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(":")
            time, source, id_ = (int(word) for word in words)
        except (binascii.Error, ValueError):
            return None
        place = cls(time, source, id_)
        return place if all(0 <= part <= MAX_INTEGER for part in place) else None


class Line(NamedTuple):
    """One change of one asset."""

    time: int
    kind: str
    asset: str
    change: int
    decimals: int
    words: str
    market: str = ""
    trade: str = ""
    order: str = ""

    @property
    def amount(self) -> str:
        """The change as a decimal."""
        return format_units(self.change, self.decimals)

    @property
    def moment(self) -> datetime:
        """When, for people."""
        return EPOCH + self.time * MICROSECOND


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a statement is of: empty is all. Days are of UTC, both included."""

    asset: models.Asset | None = None
    kind: str = ""
    market: models.Market | None = None
    first_day: date | None = None
    last_day: date | None = None

    def begin(self) -> datetime | None:
        """The first moment wanted."""
        return None if self.first_day is None else _midnight(self.first_day)

    def end(self) -> datetime | None:
        """The first moment that is not wanted any more."""
        if self.last_day is None or self.last_day == date.max:
            return None
        return _midnight(self.last_day + timedelta(days=1))

    def keeps(self, line: Line) -> bool:
        """Whether a line of a movement that is wanted is wanted itself."""
        return (not self.kind or line.kind == self.kind) and (
            self.asset is None or line.asset == self.asset.symbol
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
