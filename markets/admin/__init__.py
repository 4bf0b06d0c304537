"""Django's admin: what an operator sees and may do.

Rules:
- Rows that are truth (orders, trades, balances, transfers, batches) are read-only and never deleted.
- A market that exists is changed through `markets.operators` alone; nothing here calls `Market.save` or
  `Account.save`, which would overwrite what engines write.
- Hours and fee tiers are an operator's own rows; what follows from them are commands to the engines.
- What moves money, changes a market, its hours or fees, or cancels an order is in the admin log: who, what
  and why.
"""

from django.contrib import admin

from markets.admin.accounts import AccountAdmin
from markets.admin.api_keys import ApiKeyAdmin
from markets.admin.assets import AssetAdmin
from markets.admin.fee_tiers import FeeTierAdmin
from markets.admin.log_ins import SecondFactorAdmin, SessionAdmin
from markets.admin.markets import MarketAdmin
from markets.admin.orders import OrderAdmin
from markets.admin.records import BatchAdmin, LogEntryAdmin, OperatorCommandAdmin
from markets.admin.schedules import MarketScheduleAdmin
from markets.admin.trades import TradeAdmin
from markets.admin.transfers import TransferAdmin

admin.site.site_header = "Exchange operations"
admin.site.site_title = "Exchange"
admin.site.index_title = "Operations"
admin.site.index_template = "admin/markets/index.html"

__all__ = [
    "AccountAdmin",
    "ApiKeyAdmin",
    "AssetAdmin",
    "BatchAdmin",
    "FeeTierAdmin",
    "LogEntryAdmin",
    "MarketAdmin",
    "MarketScheduleAdmin",
    "OperatorCommandAdmin",
    "OrderAdmin",
    "SecondFactorAdmin",
    "SessionAdmin",
    "TradeAdmin",
    "TransferAdmin",
]
