"""What anybody may know of a market: its rules and status, its book, trades, ticker and candles."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from clients.book import Level, LocalBook
from clients.errors import UnexpectedAnswer
from clients.records.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Auction(Record):
    """What an auction would come to if it ended now: all trades at one price."""

    indicative_price: Decimal | None
    """None: no two orders meet."""
    indicative_volume: Decimal
    surplus: Decimal
    """What of the orders that would trade at this price finds nobody, on `surplus_side`."""
    surplus_side: str | None
    ends_at: datetime | None
    """When it opens the market by itself; None: when the operator opens it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStatus(Record):
    """What a market does: `open`, `halted`, `auction` or `closed`; one message of `status`."""

    market: str
    sequence: int
    status: str
    auction: Auction | None

    @property
    def is_open(self) -> bool:
        """Whether orders are matched as they come."""
        return self.status == "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Market(Record):
    """A market and its rules; `price_band` and the fee rates are ratios."""

    symbol: str
    base: str
    quote: str
    status: str
    tick_size: Decimal
    lot_size: Decimal
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    min_notional: Decimal | None
    maker_fee_rate: Decimal | None
    taker_fee_rate: Decimal | None
    price_band: Decimal | None
    """How far a price may be from `reference_price`; None: as far as it likes."""
    reference_price: Decimal | None
    volatility_auction_seconds: int | None
    """How long an auction lasts that begins when trades would leave the band; 0: none begins."""
    auction: Auction | None
    """The auction at hand, None while there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade(Record):
    """One match, as everybody sees it; `sequence` is the market's."""

    id: str
    market: str
    price: Decimal
    quantity: Decimal
    taker_side: str
    sequence: int
    timestamp: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker(Record):
    """A market's last price, its best prices, and its last 24 hours."""

    market: str
    last: Decimal | None
    best_bid: Decimal | None
    best_ask: Decimal | None
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    volume: Decimal | None
    quote_volume: Decimal | None
    change: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle(Record):
    """One interval of a market: prices, volumes and the number of trades."""

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trade_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSnapshot(Record):
    """The levels of `GET markets/{symbol}/book`, best first; `checksum` is the whole book's."""

    market: str
    sequence: int
    timestamp: datetime | None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    checksum: int

    def verified(self) -> LocalBook:
        """Return it as a LocalBook; raises UnexpectedAnswer where it is not whole and right."""
        book = LocalBook(self.market)
        book.replace(self.sequence, bids=self.raw["bids"], asks=self.raw["asks"])
        if book.checksum != self.checksum:
            raise UnexpectedAnswer(
                f"the book of {self.market} at {self.sequence} adds up to {book.checksum}, "
                f"the exchange says {self.checksum}"
            )
        return book
