"""The REST API. Each view reads its request, asks `trading`, the hub or the rows, and answers JSON.

Views run in threads; what belongs to the event loop (gateway, hub) is reached through `base`.
"""

from markets.views.account import (
    BalancesView,
    FaucetView,
    FeesView,
    FillsView,
)
from markets.views.api_keys import ApiKeysView, ApiKeyView
from markets.views.market_data import (
    BookView,
    CandlesView,
    MarketDetailView,
    MarketsView,
    NodesView,
    TickersView,
    TickerView,
    TimeView,
    TradesView,
)
from markets.views.orders import (
    BracketView,
    CancelAfterView,
    OcoView,
    OrderBatchView,
    OrderByClientIdView,
    OrdersView,
    OrderView,
)

__all__ = [
    "ApiKeyView",
    "ApiKeysView",
    "BalancesView",
    "BookView",
    "BracketView",
    "CancelAfterView",
    "CandlesView",
    "FaucetView",
    "FeesView",
    "FillsView",
    "MarketDetailView",
    "MarketsView",
    "NodesView",
    "OcoView",
    "OrderBatchView",
    "OrderByClientIdView",
    "OrderView",
    "OrdersView",
    "TickerView",
    "TickersView",
    "TimeView",
    "TradesView",
]
