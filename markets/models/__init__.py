"""The rows: what is true of the exchange. Everything else is derived and can be forgotten.

Rules:
- Prices, quantities and amounts are integers in units (see `markets.matching.types`), so a row means
  the same whatever a market's tick size is today.
- Orders, trades, balances, batches, private events, switches, fee rates and a market's sequence are
  written by `markets.store` alone, in one transaction a batch; deposits and withdrawals by
  `markets.accounts`.
- Candles and volumes are added up from the trades afterwards, by `markets.tallies`, and can be forgotten.
- An order's id and a trade's id are the market's `id_base` + its sequence: no row is ever renumbered.
"""

from markets.models.accounts import (
    FEE_ACCOUNT_NAME,
    Account,
    AccountEvents,
    ApiKey,
    Balance,
    FrozenAccount,
    KeyKind,
    Transfer,
)
from markets.models.attempts import Attempts
from markets.models.engines import EngineProcess
from markets.models.listen_keys import ListenKey
from markets.models.markets import (
    ASSET_SYMBOL,
    DEFAULT_DECIMALS,
    ID_BITS,
    MAX_DECIMALS,
    SPECIFICATION,
    Asset,
    FeeTier,
    Market,
    MarketSchedule,
    asset_symbol,
)
from markets.models.nodes import Node
from markets.models.trading import (
    LIVE_ORDERS,
    AccountFees,
    Batch,
    CancelAfter,
    Candle,
    DayVolume,
    OperatorCommand,
    Order,
    OrderListName,
    Tally,
    Trade,
    of_market,
)

__all__ = [
    "ASSET_SYMBOL",
    "DEFAULT_DECIMALS",
    "FEE_ACCOUNT_NAME",
    "ID_BITS",
    "LIVE_ORDERS",
    "MAX_DECIMALS",
    "SPECIFICATION",
    "Account",
    "AccountEvents",
    "AccountFees",
    "ApiKey",
    "Asset",
    "Attempts",
    "Balance",
    "Batch",
    "CancelAfter",
    "Candle",
    "DayVolume",
    "EngineProcess",
    "FeeTier",
    "FrozenAccount",
    "KeyKind",
    "ListenKey",
    "Market",
    "MarketSchedule",
    "Node",
    "OperatorCommand",
    "Order",
    "OrderListName",
    "Tally",
    "Trade",
    "Transfer",
    "asset_symbol",
    "of_market",
]
