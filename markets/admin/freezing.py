"""Pages that freeze and unfreeze an account: what it does in words, asked before it is done."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from markets import operators
from markets.admin import commands
from markets.admin.forms import NoteForm
from markets.admin.pages import AnyAdmin, Question, ask, change_url, with_note
from markets.models import LIVE_ORDERS, Account, Order
from markets.operators import FreezeRefused


def may_freeze(request: HttpRequest) -> bool:
    """Whoever may change accounts."""
    return request.user.has_perm("markets.change_account")


def freeze_view(page: AnyAdmin, request: HttpRequest, key: int) -> HttpResponse:
    """Ask why; then freeze the account, and say what each market did."""
    return _ask_and_do(page, request, key, freeze=True)


def unfreeze_view(page: AnyAdmin, request: HttpRequest, key: int) -> HttpResponse:
    """Ask why; then take the account's orders again."""
    return _ask_and_do(page, request, key, freeze=False)


def _ask_and_do(page: AnyAdmin, request: HttpRequest, key: int, *, freeze: bool) -> HttpResponse:
    if not may_freeze(request):
        raise PermissionDenied
    account = get_object_or_404(Account, pk=key)
    form = NoteForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return ask(page, request, _question(account, form, freeze=freeze))
    note = form.cleaned_data["note"]
    change = operators.freeze_account if freeze else operators.unfreeze_account
    try:
        sent = change(account, request.user.get_username(), note)
    except FreezeRefused as refused:
        page.message_user(request, f"{refused}.", messages.ERROR)
        return HttpResponseRedirect(change_url(account))
    page.log_change(request, account, with_note("Frozen" if freeze else "Unfrozen", note))
    done = "frozen" if freeze else "not frozen any more"
    page.message_user(request, f"{account} is {done}.", messages.SUCCESS)
    commands.report(page, request, sent, each=False)
    return HttpResponseRedirect(change_url(account))


def _question(account: Account, form: NoteForm, *, freeze: bool) -> Question:
    if freeze:
        text = (
            "Its orders, waiting stops as well, are canceled in every market (reason account_frozen), and "
            "what they hold is released. New orders and amends are refused (account_frozen), also with keys "
            "and over sockets. It can still cancel and read everything; deposits and withdrawals are yours "
            "to make.\n"
            f"{_open_in_words(account)}\nThe orders do not come back when it is unfrozen."
        )
        title, button = f"Freeze {account}?", "Freeze the account"
    else:
        text = (
            "Its orders are taken again in every market. Those that were canceled do not come back."
        )
        title, button = f"Unfreeze {account}?", "Unfreeze the account"
    return Question(
        title=title,
        explanation=text,
        form=form,
        button=button,
        back=change_url(account),
        danger=freeze,
    )


def _open_in_words(account: Account) -> str:
    live = Order.objects.filter(LIVE_ORDERS, account=account).order_by()
    counts = sorted(live.values_list("market__symbol").annotate(Count("pk")))
    there = ", ".join(f"{count} in {symbol}" for symbol, count in counts)
    return f"Open orders: {there}." if there else "It has no open order now."
