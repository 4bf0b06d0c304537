"""Orders: looked at, and canceled while they are open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from markets import operators
from markets.admin.filters import (
    NEWEST,
    MarketFilter,
    NewestFirstAdmin,
    SideFilter,
    StatusFilter,
    TypeFilter,
    accounts_named,
)
from markets.admin.forms import NoteForm
from markets.admin.pages import (
    NONE,
    Question,
    Tool,
    ask,
    change_url,
    in_a_line,
    link_to,
    list_url,
    readable,
    whole_number,
)
from markets.matching.types import LIVE, format_units
from markets.messages.public import order_json
from markets.models import LIVE_ORDERS, Account, Order, Trade
from markets.operators import NotCanceled
from markets.rows import ORDER_FIELDS, order_state

MAX_CANCELED: Final = 100
"""Orders canceled by one page."""
FILLS_SHOWN: Final = 100


def _of_contract(name: str, label: str, key: str | None = None) -> Callable[[Order], Any]:
    """A column that shows what the API says of the order."""

    @admin.display(description=label)
    def show(order: Order) -> Any:
        value = _contract_order(order)[key or name]
        return NONE if value is None else value

    show.__name__ = name  # what CSS classes and messages call it
    return show


def _contract_order(order: Order) -> dict[str, Any]:
    """The order as the API shows it: decimals of its market, canonical."""
    row = tuple(getattr(order, name) for name in ORDER_FIELDS)
    return order_json(order_state(row), order.market.spec(fee_account=0))


@admin.register(Order)
class OrderAdmin(NewestFirstAdmin):
    """Orders as their last batch left them."""

    change_form_template = "admin/markets/change_form.html"
    list_display: Any = (
        "id",
        "created_in_list",
        "market",
        "account",
        "status",
        "side",
        "type",
        _of_contract("decimal_price", "price", "price"),
        _of_contract("decimal_quantity", "quantity", "quantity"),
        _of_contract("filled_quantity", "filled"),
        "client_order_id",
    )
    list_filter = (StatusFilter, SideFilter, TypeFilter, MarketFilter)
    list_select_related = ("market__base", "market__quote", "account")
    search_fields = ("id",)
    search_help_text = "An order's id, a client_order_id, or an account's name."
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
        *list_display[7:10],
        _of_contract("remaining_quantity", "remaining"),
        _of_contract("average_price", "average price"),
        _of_contract("canceled_quantity", "canceled"),
        _of_contract("prevented_quantity", "prevented (self-trade)"),
        _of_contract("decimal_fee", "fee", "fee"),
        _of_contract("fee_asset", "fee asset"),
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
        return request.user.has_perm("markets.change_order")

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

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add the button."""
        order = self.get_object(request, object_id)
        is_open = order is not None and order.status in LIVE
        tools = []
        if order is not None and is_open and self.has_cancel_permission(request):
            tools.append(Tool("Cancel…", _cancel_url([order.pk])))
        context = {"tools": tools} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)

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
            return HttpResponseRedirect(_cancel_url(keys))
        return None

    def get_urls(self) -> list[URLPattern]:
        """Add the page that cancels."""
        view = self.admin_site.admin_view(self.cancel_view)
        return [path("cancel/", view, name="markets_order_cancel"), *super().get_urls()]

    def cancel_view(self, request: HttpRequest) -> HttpResponse:
        """Ask why; then cancel, and say what came of it."""
        if not self.has_cancel_permission(request):
            raise PermissionDenied
        keys = [whole_number(key) for key in request.GET.getlist("order")[:MAX_CANCELED]]
        orders = Order.objects.filter(pk__in=[key for key in keys if key is not None])
        orders = orders.filter(LIVE_ORDERS).select_related(*self.list_select_related)
        back = (
            list_url(Order) if len(keys) != 1 else reverse("admin:markets_order_change", args=keys)
        )
        if not orders:
            self.message_user(request, "No such order is open.", messages.WARNING)
            return HttpResponseRedirect(back)
        form = NoteForm(request.POST or None)
        if request.method != "POST" or not form.is_valid():
            return ask(self, request, _cancel_question(orders, form, back))
        self._cancel(request, list(orders), form.cleaned_data["note"])
        return HttpResponseRedirect(back)

    def _cancel(self, request: HttpRequest, orders: list[Order], note: str) -> None:
        """Each order's outcome goes to the log, whatever it is."""
        try:
            refusals = operators.cancel_orders(orders, request.user.get_username())
        except NotCanceled as error:
            self.message_user(request, f"Nothing was canceled: {error}.", messages.ERROR)
            return
        for order in orders:
            refusal = refusals[order.pk]
            outcome = f"not canceled, {refusal}" if refusal else "canceled"
            self.log_change(request, order, f"Cancel: {note} ({outcome}).")
            level = messages.ERROR if refusal else messages.SUCCESS
            self.message_user(request, f"Order {order.pk}: {outcome}.", level)


def _cancel_url(keys: Iterable[int]) -> str:
    query = urlencode({"order": list(keys)}, doseq=True)
    return f"{reverse('admin:markets_order_cancel')}?{query}"


def _cancel_question(orders: QuerySet[Order], form: NoteForm, back: str) -> Question:
    shown = [_contract_order(order) | {"account": order.account} for order in orders]
    return Question(
        title=f"Cancel {len(shown)} order{'' if len(shown) == 1 else 's'}?",
        explanation="\n".join(
            "{id}: {account} {side} {remaining_quantity} of {market} at {price}".format(**order)
            for order in shown
        ),
        form=form,
        button="Cancel the order" if len(shown) == 1 else "Cancel the orders",
        back=back,
        danger=True,
    )
