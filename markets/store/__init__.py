"""Load, prefetch, commit: the only writer of orders, trades and balances of trading.

Rules:
- One `commit` is one transaction, and it begins with the market's sequence: if another engine wrote
  since, nothing is written (`SequenceTaken`).
- Rows are locked in one order everywhere: market, accounts by key, balances by (account, asset).
- Only *available* money can run out between prefetch and commit, spent in another market,
  or a client_order_id be used there (`Outdated`); nothing is written then either.
- The bulk statements differ by database and live in `dialects`; everything else is the ORM.
"""

from markets.store.errors import Outdated, SequenceTaken, StoreUnavailable
from markets.store.store import Loaded, PendingCommand, Store
from markets.store.transaction import Committed, PrivateEvents, Transaction

__all__ = [
    "Committed",
    "Loaded",
    "Outdated",
    "PendingCommand",
    "PrivateEvents",
    "SequenceTaken",
    "Store",
    "StoreUnavailable",
    "Transaction",
]
