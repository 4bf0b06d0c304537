"""The exchange's Python client: trade, and keep local books that prove themselves.

    async with ExchangeClient("http://127.0.0.1:8000", key="…") as exchange:
        book = await exchange.local_book("BTC-USD")
        order = await exchange.submit_order("BTC-USD", "buy", "0.1", price=book.best_bid.price)

Rules:
- Nothing here imports Django or the exchange's own code: the public contract is all it knows.
- `LocalBook` and `BookFeed` do no I/O; a program with sockets of its own can use them alone.
- From a terminal: `python -m clients --help`.
"""

from clients.account_client import AccountClient
from clients.account_feed import AccountFeed, PrivateEvent, SequenceGap
from clients.batch import OrderResult
from clients.book import Level, LocalBook
from clients.client import ExchangeClient
from clients.errors import (
    AccountFrozen,
    BookOutOfStep,
    Busy,
    ClientClosed,
    Conflict,
    ConnectionLost,
    DeadlinePassed,
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
from clients.live_book import LiveBook
from clients.order_request import OrderRequest, StopPart, TakeProfitPart, new_client_order_id
from clients.public_client import PublicClient
from clients.records import (
    AccountFees,
    Auction,
    Balance,
    BookSnapshot,
    CancelAfter,
    Candle,
    Fill,
    Market,
    MarketStatus,
    Order,
    OrderGroup,
    Ticker,
    Trade,
)
from clients.retry import Backoff

__all__ = [
    "AccountClient",
    "AccountFeed",
    "AccountFees",
    "AccountFrozen",
    "Auction",
    "Backoff",
    "Balance",
    "BookFeed",
    "BookOutOfStep",
    "BookSnapshot",
    "Busy",
    "CancelAfter",
    "Candle",
    "ClientClosed",
    "Conflict",
    "ConnectionLost",
    "DeadlinePassed",
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
    "MarketStatus",
    "MethodNotAllowed",
    "NotAuthenticated",
    "NotConnected",
    "NotFound",
    "Order",
    "OrderGroup",
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
    "StopPart",
    "TakeProfitPart",
    "Ticker",
    "TimedOut",
    "Trade",
    "TryLater",
    "Unanswered",
    "Unavailable",
    "UnexpectedAnswer",
    "new_client_order_id",
]
