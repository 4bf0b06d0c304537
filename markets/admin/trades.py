"""Trades, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from markets.admin.filters import (
    FILTERS_LOOK,
    MarketFilter,
    NewestFirstAdmin,
    TakerSideFilter,
    accounts_named,
)
from markets.admin.pages import (
    NONE,
    in_a_line,
    link_to,
    rate_in_words,
    readable,
    whole_number,
)
from markets.admin.times import TimesFilter
from markets.matching.types import Side, format_units
from markets.models import Market, Trade


@admin.register(Trade)
class TradeAdmin(NewestFirstAdmin):
    """Matches: two fills each."""

    list_display = (
        "id",
        "time_in_list",
        "market",
        "decimal_price",
        "decimal_quantity",
        "decimal_amount",
        "taker_side",
        "taker_account",
        "maker_account",
    )
    list_filter = (TakerSideFilter, TimesFilter, MarketFilter)
    list_select_related = ("market__base", "market__quote", "taker_account", "maker_account")
    search_fields = ("id",)
    ordering = ("-timestamp", "-id")
    search_help_text = f"A trade's id, an order's id, or an account's name. {FILTERS_LOOK}"
    fields = (
        "id",
        "time",
        *list_display[2:],
        "sequence",
        "taker_order_link",
        "maker_order_link",
        "decimal_taker_fee",
        "taker_rate",
        "decimal_maker_fee",
        "maker_rate",
    )
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Trade], search_term: str
    ) -> tuple[QuerySet[Trade], bool]:
        """By index, as orders are found."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(pk__in=[])
        number = whole_number(term)
        if number is not None:
            found |= Q(pk=number) | Q(taker_order=number) | Q(maker_order=number)
        for account in accounts_named(term):
            found |= Q(taker_account=account) | Q(maker_account=account)
        return queryset.filter(found), False

    @admin.display(description="price")
    def decimal_price(self, trade: Trade) -> str:
        """In the quote asset, for one base."""
        return format_units(trade.price, trade.market.quote.decimals)

    @admin.display(description="quantity")
    def decimal_quantity(self, trade: Trade) -> str:
        """In the base asset."""
        return format_units(trade.quantity, trade.market.base.decimals)

    @admin.display(description="amount")
    def decimal_amount(self, trade: Trade) -> str:
        """In the quote asset."""
        return format_units(trade.amount, trade.market.quote.decimals)

    @admin.display(description="taker's fee")
    def decimal_taker_fee(self, trade: Trade) -> str:
        """In the asset that the taker received."""
        return _fee(trade.taker_fee, trade.market, bought=trade.taker_side == Side.BUY)

    @admin.display(description="maker's fee")
    def decimal_maker_fee(self, trade: Trade) -> str:
        """In the asset that the maker received; negative: a rebate."""
        return _fee(trade.maker_fee, trade.market, bought=trade.taker_side == Side.SELL)

    @admin.display(description="taker's fee rate")
    def taker_rate(self, trade: Trade) -> str:
        """What the taker paid by."""
        return _rate(trade.taker_fee_rate)

    @admin.display(description="maker's fee rate")
    def maker_rate(self, trade: Trade) -> str:
        """What the maker paid by, or (negative) was paid."""
        return _rate(trade.maker_fee_rate)

    @admin.display(description="taker's order")
    def taker_order_link(self, trade: Trade) -> SafeString:
        """Linked."""
        return link_to(trade.taker_order)

    @admin.display(description="maker's order")
    def maker_order_link(self, trade: Trade) -> SafeString:
        """Linked."""
        return link_to(trade.maker_order)

    @admin.display(description="time (UTC)")
    def time_in_list(self, trade: Trade) -> SafeString:
        """When it happened, to the second."""
        return in_a_line(trade.timestamp)

    @admin.display(description="time")
    def time(self, trade: Trade) -> str:
        """When it happened."""
        return readable(trade.timestamp)


def _rate(millionths: int | None) -> str:
    return NONE if millionths is None else rate_in_words(millionths)


def _fee(units: int, market: Market, *, bought: bool) -> str:
    asset = market.base if bought else market.quote
    return f"{format_units(units, asset.decimals)} {asset}"
