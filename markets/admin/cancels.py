"""Pages that cancel orders: chosen ones, or all of an account. They ask first, and need a reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from markets import operators
from markets.admin.forms import CancelAllForm, NoteForm
from markets.admin.order_columns import contract_order, price_in_words
from markets.admin.pages import AnyAdmin, Question, ask, change_url, list_url, whole_number
from markets.models import LIVE_ORDERS, Account, Market, Order
from markets.operators import CanceledAll, NotCanceled

MAX_CANCELED: Final = 100
"""Orders canceled by one page, of those that are chosen one by one."""


def may_cancel(request: HttpRequest) -> bool:
    """Whoever may change orders."""
    return request.user.has_perm("markets.change_order")


def cancel_url(keys: Iterable[int]) -> str:
    """Where it is asked of the orders of these keys."""
    query = urlencode({"order": list(keys)}, doseq=True)
    return f"{reverse('admin:markets_order_cancel')}?{query}"


def cancel_view(page: AnyAdmin, request: HttpRequest) -> HttpResponse:
    """Ask why; then cancel, and say what came of it."""
    if not may_cancel(request):
        raise PermissionDenied
    keys = [whole_number(key) for key in request.GET.getlist("order")[:MAX_CANCELED]]
    orders = Order.objects.filter(pk__in=[key for key in keys if key is not None])
    orders = orders.filter(LIVE_ORDERS).select_related("market__base", "market__quote", "account")
    back = list_url(Order) if len(keys) != 1 else reverse("admin:markets_order_change", args=keys)
    if not orders:
        page.message_user(request, "No such order is open.", messages.WARNING)
        return HttpResponseRedirect(back)
    form = NoteForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return ask(page, request, _question(orders, form, back))
    _cancel(page, request, list(orders), form.cleaned_data["note"])
    return HttpResponseRedirect(back)


def _cancel(page: AnyAdmin, request: HttpRequest, orders: list[Order], note: str) -> None:
    """Each order's outcome goes to the log, whatever it is."""
    try:
        refusals = operators.cancel_orders(orders, request.user.get_username())
    except NotCanceled as error:
        page.message_user(request, f"Nothing was canceled: {error}.", messages.ERROR)
        return
    for order in orders:
        refusal = refusals[order.pk]
        outcome = f"not canceled, {refusal}" if refusal else "canceled"
        page.log_change(request, order, f"Cancel: {note} ({outcome}).")
        level = messages.ERROR if refusal else messages.SUCCESS
        page.message_user(request, f"Order {order.pk}: {outcome}.", level)


def _question(orders: QuerySet[Order], form: NoteForm, back: str) -> Question:
    lines = []
    for order in orders:
        shown = contract_order(order) | {"account": order.account, "at": price_in_words(order)}
        lines.append("{id}: {account} {side} {remaining_quantity} of {market} {at}".format(**shown))
    return Question(
        title=f"Cancel {len(lines)} order{'' if len(lines) == 1 else 's'}?",
        explanation="\n".join(lines),
        form=form,
        button="Cancel the order" if len(lines) == 1 else "Cancel the orders",
        back=back,
        danger=True,
    )


def cancel_all_view(page: AnyAdmin, request: HttpRequest, key: int) -> HttpResponse:
    """Ask why, and where; then cancel all that an account has there, and say what came of it."""
    if not may_cancel(request):
        raise PermissionDenied
    account = get_object_or_404(Account, pk=key)
    live = Order.objects.filter(LIVE_ORDERS, account=account)
    counts = dict(live.order_by().values_list("market").annotate(Count("pk")))
    markets = Market.objects.filter(pk__in=counts)
    back = change_url(account)
    if not counts:
        page.message_user(request, f"{account} has no open order.", messages.WARNING)
        return HttpResponseRedirect(back)
    form = CancelAllForm(request.POST or None, markets=markets)
    if request.method != "POST" or not form.is_valid():
        there = ", ".join(f"{counts[market.pk]} in {market}" for market in markets)
        question = Question(
            title=f"Cancel all orders of {account}?",
            explanation=f"Open orders, stops that wait among them: {there}.\n"
            "What they hold is released. Their owner sees the reason canceled_by_operator.",
            form=form,
            button="Cancel the orders",
            back=back,
            danger=True,
        )
        return ask(page, request, question)
    _cancel_all(page, request, account, form.cleaned_data["market"], form.cleaned_data["note"])
    return HttpResponseRedirect(back)


def _cancel_all(
    page: AnyAdmin, request: HttpRequest, account: Account, market: Market | None, note: str
) -> None:
    try:
        result = operators.cancel_all_orders(account, request.user.get_username(), market)
    except NotCanceled as error:
        page.message_user(request, f"Nothing was canceled: {error}.", messages.ERROR)
        return
    outcome = _in_words(result)
    page.log_change(request, account, f"Cancel all orders: {note} ({outcome}).")
    level = messages.ERROR if result.failed else messages.SUCCESS
    page.message_user(request, f"Orders of {account}: {outcome}.", level)


def _in_words(result: CanceledAll) -> str:
    done = [f"{count} canceled in {symbol}" for symbol, count in result.canceled.items()]
    failed = [f"{symbol} did not say: {message}" for symbol, message in result.failed.items()]
    return ", ".join(done + failed) or "there was nothing to cancel"
