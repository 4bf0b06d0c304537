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
from markets.operators.figures import (
    RATE_SECONDS,
    BestPrices,
    LastTrade,
    MarketFigures,
    market_figures,
)
from markets.operators.freezing import (
    FreezeRefused,
    freeze_account,
    frozen_of,
    unfreeze_account,
)
from markets.operators.halting import (
    TRADING,
    HaltedMarket,
    halt_all,
    halted_together,
    resume_all,
    trading_markets,
)
from markets.operators.new_markets import CreatedMarket, create_market, draft_market
from markets.operators.previews import Change, commands_in_words, preview
from markets.operators.refusals import MarketRefused
from markets.operators.wishes import (
    MAX_AUCTION_SECONDS,
    MAX_COUNTED,
    check_configuration,
    configure_market,
    open_orders_of,
    outcome_of,
    set_market_status,
    wait_for,
)

__all__ = [
    "MAX_AUCTION_SECONDS",
    "MAX_COUNTED",
    "RATE_SECONDS",
    "TRADING",
    "BestPrices",
    "CanceledAll",
    "Change",
    "CreatedMarket",
    "FreezeRefused",
    "HaltedMarket",
    "LastTrade",
    "MarketEngine",
    "MarketFigures",
    "MarketRefused",
    "NotCanceled",
    "cancel_all_orders",
    "cancel_order",
    "cancel_orders",
    "check_configuration",
    "commands_in_words",
    "configure_market",
    "create_market",
    "draft_market",
    "freeze_account",
    "frozen_of",
    "halt_all",
    "halted_together",
    "market_engines",
    "market_figures",
    "open_orders_of",
    "outcome_of",
    "preview",
    "resume_all",
    "set_market_status",
    "trading_markets",
    "unfreeze_account",
    "wait_for",
]
