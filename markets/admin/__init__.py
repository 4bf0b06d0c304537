"""Django's admin: what an operator sees and may do.

Rules:
- Rows that are truth (orders, trades, balances, transfers, batches) are read-only and never deleted.
- A market that exists is changed through `markets.operators` alone; nothing here calls `Market.save` or
  `Account.save`, which would overwrite what engines write.
- What moves money, changes a market or cancels an order is in the admin log: who, what and why.
"""

from django.contrib import admin

from markets.admin.accounts import AccountAdmin, ApiKeyAdmin, TransferAdmin
from markets.admin.assets import AssetAdmin
from markets.admin.markets import MarketAdmin
from markets.admin.orders import OrderAdmin
from markets.admin.records import BatchAdmin, LogEntryAdmin, OperatorCommandAdmin
from markets.admin.trades import TradeAdmin

admin.site.site_header = "Exchange operations"
admin.site.site_title = "Exchange"
admin.site.index_title = "What there is"

__all__ = [
    "AccountAdmin",
    "ApiKeyAdmin",
    "AssetAdmin",
    "BatchAdmin",
    "LogEntryAdmin",
    "MarketAdmin",
    "OperatorCommandAdmin",
    "OrderAdmin",
    "TradeAdmin",
    "TransferAdmin",
]
