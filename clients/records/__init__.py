"""What the exchange answers, as frozen records with Decimals and datetimes.

Rules:
- Made by `from_json` alone, which reads each field by its type; a field that must be there and is
  not, or cannot be read, raises UnexpectedAnswer. A field that may be None may also be missing.
- Fields that this release does not know are tolerated: `raw` is the whole answer.
- Quantities in the base asset, prices and notionals in the quote asset, times in UTC.
- Equality compares the fields, not `raw`.
"""

from clients.records.account import (
    OPEN_STATUSES,
    AccountFees,
    Balance,
    CancelAfter,
    Fill,
    Order,
    OrderGroup,
)
from clients.records.market_data import (
    Auction,
    BookSnapshot,
    Candle,
    Market,
    MarketStatus,
    Ticker,
    Trade,
)
from clients.records.record import Record

__all__ = [
    "OPEN_STATUSES",
    "AccountFees",
    "Auction",
    "Balance",
    "BookSnapshot",
    "CancelAfter",
    "Candle",
    "Fill",
    "Market",
    "MarketStatus",
    "Order",
    "OrderGroup",
    "Record",
    "Ticker",
    "Trade",
]
