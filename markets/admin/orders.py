"""Orders: looked at, and canceled while they are open."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from markets.admin.cancels import MAX_CANCELED, cancel_url, cancel_view, may_cancel
from markets.admin.filters import (
    FILTERS_LOOK,
    NEWEST,
    MarketFilter,
    NewestFirstAdmin,
    ReasonFilter,
    SideFilter,
    StatusFilter,
    TypeFilter,
    accounts_named,
)
from markets.admin.order_columns import (
    ends_with_connection,
    expires,
    hidden_quantity,
    of_contract,
    side_and_type,
    status_and_reason,
    terms,
)
from markets.admin.pages import (
    NONE,
    Tool,
    change_url,
    in_a_line,
    link_to,
    readable,
    whole_number,
)
from markets.admin.times import TimesFilter
from markets.matching.types import LIVE, format_units
from markets.models import LIVE_ORDERS, Account, Order, Trade

FILLS_SHOWN: Final = 100


@admin.register(Order)
class OrderAdmin(NewestFirstAdmin):
    """Orders as their last batch left them."""

    change_form_template = "admin/markets/change_form.html"
    list_display: Any = (
        "id",
        "created_in_list",
        "market",
        "account",
        status_and_reason,
        side_and_type,
        of_contract("decimal_price", "price", "price"),
        of_contract("decimal_quantity", "quantity", "quantity"),
        of_contract("filled_quantity", "filled"),
        terms,
        "client_order_id",
    )
    list_filter = (StatusFilter, ReasonFilter, SideFilter, TypeFilter, TimesFilter, MarketFilter)
    list_select_related = ("market__base", "market__quote", "account")
    search_fields = ("id",)
    ordering = ("-created_at", "-id")
    search_help_text = f"An order's id, a client_order_id, or an account's name. {FILTERS_LOOK}"
    fields: ClassVar[Any] = (
        "id",
        "market",
        "account_link",
        "client_order_id",
        "side",
        "type",
        "time_in_force",
        "post_only",
        "self_trade_prevention",
        of_contract("stop_price", "stop price"),
        *list_display[6:9],
        of_contract("remaining_quantity", "remaining"),
        of_contract("quote_quantity", "quote quantity"),
        of_contract("max_slippage", "max slippage"),
        of_contract("display_quantity", "shown at a time (iceberg)"),
        hidden_quantity,
        expires,
        "group_links",
        ends_with_connection,
        of_contract("average_price", "average price"),
        of_contract("canceled_quantity", "canceled"),
        of_contract("prevented_quantity", "prevented (self-trade)"),
        of_contract("decimal_fee", "fee", "fee"),
        of_contract("fee_asset", "fee asset"),
        "status",
        "reason",
        "sequence",
        "priority",
        "created",
        "updated",
        "fills",
    )
    readonly_fields = fields
    actions = ("cancel_selected",)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Whoever may change orders."""
        return may_cancel(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """By index: each way to name an order is a look-up of its own."""
        term = search_term.strip()
        if not term:
            return queryset, False
        # An index has (account, client_order_id): naming every account lets the database use it.
        named = Order.objects.filter(account__in=Account.objects.all(), client_order_id=term)
        keys = list(named.values_list("pk", flat=True)[:NEWEST])
        number = whole_number(term)
        if number is not None:
            keys.append(number)
        return queryset.filter(Q(pk__in=keys) | Q(account__in=accounts_named(term))), False

    # What is shown

    @admin.display(description="account")
    def account_link(self, order: Order) -> SafeString:
        """Whose it is, linked."""
        return link_to(order.account)

    @admin.display(description="created (UTC)")
    def created_in_list(self, order: Order) -> SafeString:
        """When it was accepted, to the second."""
        return in_a_line(order.created_at)

    @admin.display(description="created")
    def created(self, order: Order) -> str:
        """When it was accepted."""
        return readable(order.created_at)

    @admin.display(description="updated")
    def updated(self, order: Order) -> str:
        """When it changed last."""
        return readable(order.updated_at)

    @admin.display(description="group")
    def group_links(self, order: Order) -> SafeString | str:
        """What it is to its group, and the group's other orders."""
        if order.group is None:
            return NONE
        others = Order.objects.filter(group=order.group).exclude(pk=order.pk).order_by("pk")
        rows = [(other.role, change_url(other), other.pk, other.status) for other in others]
        line = '<div>{}: <a href="{}">{}</a> {}</div>'
        return format_html("<div>{}</div>{}", order.role, format_html_join("", line, rows))

    @admin.display(description="fills")
    def fills(self, order: Order) -> SafeString | str:
        """Its trades, newest first."""
        trades = Trade.objects.filter(Q(taker_order=order) | Q(maker_order=order))
        quote, base = order.market.quote.decimals, order.market.base.decimals
        rows = [
            (
                change_url(trade),
                readable(trade.timestamp),
                format_units(trade.quantity, base),
                format_units(trade.price, quote),
                "taker" if trade.taker_order_id == order.pk else "maker",
            )
            for trade in trades.order_by("-pk")[:FILLS_SHOWN]
        ]
        line = '<div><a href="{}">{}</a> {} @ {} as {}</div>'
        return format_html_join("", line, rows) or "none"

    # Canceling

    def tools_of(self, request: HttpRequest, row: Order) -> list[Tool]:
        """To cancel it, while it is live."""
        if row.status not in LIVE or not may_cancel(request):
            return []
        return [Tool("Cancel…", cancel_url([row.pk]))]

    @admin.action(description="Cancel selected orders…", permissions=["cancel"])
    def cancel_selected(
        self, request: HttpRequest, queryset: QuerySet[Order]
    ) -> HttpResponse | None:
        """Ask first."""
        keys = list(queryset.filter(LIVE_ORDERS).values_list("pk", flat=True)[: MAX_CANCELED + 1])
        if not keys:
            self.message_user(request, "None of them is open.", messages.WARNING)
        elif len(keys) > MAX_CANCELED:
            too_many = (
                f"At most {MAX_CANCELED} at once; closing the market cancels all of its orders."
            )
            self.message_user(request, too_many, messages.ERROR)
        else:
            return HttpResponseRedirect(cancel_url(keys))
        return None

    def get_urls(self) -> list[URLPattern]:
        """Add the page that cancels."""
        view = self.admin_site.admin_view(partial(cancel_view, self))
        return [path("cancel/", view, name="markets_order_cancel"), *super().get_urls()]
