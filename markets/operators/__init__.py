"""What an operator does to markets and orders: the same for the admin and the management commands.

Rules:
- A market that exists is changed by its engine alone: a wish is a row that the engine carries out in a
  batch of its own. It is told at once if it can be, and looks each second anyway.
- A market is made whole or not at all: its assets, its row, the balances that its fees go to.
- Nothing here waits inside a transaction: on SQLite the engine could not write.
"""

from markets.operators.cancels import (
    CanceledAll,
    NotCanceled,
    cancel_all_orders,
    cancel_order,
    cancel_orders,
)
from markets.operators.engines import MarketEngine, market_engines
from markets.operators.new_markets import CreatedMarket, create_market, draft_market
from markets.operators.refusals import MarketRefused
from markets.operators.wishes import (
    MAX_AUCTION_SECONDS,
    check_configuration,
    configure_market,
    open_orders_of,
    outcome_of,
    set_market_status,
    wait_for,
)

__all__ = [
    "MAX_AUCTION_SECONDS",
    "CanceledAll",
    "CreatedMarket",
    "MarketEngine",
    "MarketRefused",
    "NotCanceled",
    "cancel_all_orders",
    "cancel_order",
    "cancel_orders",
    "check_configuration",
    "configure_market",
    "create_market",
    "draft_market",
    "market_engines",
    "open_orders_of",
    "outcome_of",
    "set_market_status",
    "wait_for",
]
