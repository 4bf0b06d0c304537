"""The exchange's Python client: trade, and keep local books that prove themselves.

    async with ExchangeClient("http://127.0.0.1:8000", key="…") as exchange:
        book = await exchange.local_book("BTC-USD")
        order = await exchange.submit_order("BTC-USD", "buy", "0.1", price=book.best_bid.price)

Rules:
- Nothing here imports Django or the exchange's own code: the public contract is all it knows.
- `LocalBook` and `BookFeed` do no I/O; a program with sockets of its own can use them alone.
- From a terminal: `python -m clients --help`.
"""

from clients.account_feed import AccountFeed, PrivateEvent, SequenceGap
from clients.batch import OrderResult
from clients.book import Level, LocalBook
from clients.client import ExchangeClient
from clients.errors import (
    BookOutOfStep,
    Busy,
    ClientClosed,
    Conflict,
    ConnectionLost,
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    InvalidRequest,
    MarketNotOpen,
    MethodNotAllowed,
    NotAuthenticated,
    NotConnected,
    NotFound,
    OrderNotOpen,
    OutcomeUnknown,
    PayloadTooLarge,
    PermissionDenied,
    PostOnlyWouldTake,
    PriceOutOfBand,
    RateLimited,
    Refused,
    ServerFailed,
    TimedOut,
    TryLater,
    Unanswered,
    Unavailable,
    UnexpectedAnswer,
)
from clients.feed import BookFeed, FeedState, Outcome
from clients.market_data import LiveBook
from clients.order_request import OrderRequest, new_client_order_id
from clients.public_client import PublicClient
from clients.records import (
    Balance,
    BookSnapshot,
    Candle,
    Fill,
    Market,
    Order,
    Ticker,
    Trade,
)
from clients.retry import Backoff

__all__ = [
    "AccountFeed",
    "Backoff",
    "Balance",
    "BookFeed",
    "BookOutOfStep",
    "BookSnapshot",
    "Busy",
    "Candle",
    "ClientClosed",
    "Conflict",
    "ConnectionLost",
    "ExchangeClient",
    "ExchangeError",
    "FeedState",
    "Fill",
    "InsufficientFunds",
    "InvalidOrder",
    "InvalidRequest",
    "Level",
    "LiveBook",
    "LocalBook",
    "Market",
    "MarketNotOpen",
    "MethodNotAllowed",
    "NotAuthenticated",
    "NotConnected",
    "NotFound",
    "Order",
    "OrderNotOpen",
    "OrderRequest",
    "OrderResult",
    "Outcome",
    "OutcomeUnknown",
    "PayloadTooLarge",
    "PermissionDenied",
    "PostOnlyWouldTake",
    "PriceOutOfBand",
    "PrivateEvent",
    "PublicClient",
    "RateLimited",
    "Refused",
    "SequenceGap",
    "ServerFailed",
    "Ticker",
    "TimedOut",
    "Trade",
    "TryLater",
    "Unanswered",
    "Unavailable",
    "UnexpectedAnswer",
    "new_client_order_id",
]
