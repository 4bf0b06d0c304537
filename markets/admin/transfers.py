"""Deposits and withdrawals: the page that moves money, and the list of what was moved."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from markets import accounts
from markets.accounts import TransferRefused
from markets.admin.forms import TransferForm
from markets.admin.pages import AnyAdmin, Question, ReadOnlyAdmin, Tool, ask, change_url, with_note
from markets.matching.types import format_units
from markets.models import Account, Asset, Transfer

VERBS: Final = {"deposit": "Deposit", "withdraw": "Withdraw"}


def may_move_money(request: HttpRequest) -> bool:
    """Whoever may make transfers."""
    return request.user.has_perm("markets.add_transfer")


def transfer_tools(account: Account) -> list[Tool]:
    """The buttons that lead to the page."""
    return [
        Tool(f"{label}…", reverse("admin:markets_account_transfer", args=[account.pk, verb]))
        for verb, label in VERBS.items()
    ]


def transfer_view(page: AnyAdmin, request: HttpRequest, key: int, verb: str) -> HttpResponse:
    """Ask how much of what, and why; then deposit or withdraw it."""
    if not may_move_money(request):
        raise PermissionDenied
    if verb not in VERBS:
        raise Http404("money is deposited or withdrawn")
    account = get_object_or_404(Account, pk=key)
    form = TransferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            said = _transfer(page, request, account, verb, form.cleaned_data)
        except TransferRefused as refused:
            form.add_error("amount", str(refused))
        else:
            page.message_user(request, said, messages.SUCCESS)
            return HttpResponseRedirect(change_url(account))
    return ask(page, request, _question(account, verb, form))


@transaction.atomic
def _transfer(
    page: AnyAdmin, request: HttpRequest, account: Account, verb: str, wanted: dict[str, Any]
) -> str:
    """Move the money and write the log, both or neither. Raises TransferRefused."""
    asset: Asset = wanted["asset"]
    amount = accounts.parse_amount(wanted["amount"].strip(), asset)
    move = accounts.deposit if verb == "deposit" else accounts.withdraw
    available = move(account, asset, amount, wanted["note"])
    done = "Deposited" if verb == "deposit" else "Withdrew"
    said = f"{done} {format_units(amount, asset.decimals)} {asset}"
    page.log_change(request, account, with_note(said, wanted["note"]))
    return f"{said}; {format_units(available, asset.decimals)} {asset} available now."


def _question(account: Account, verb: str, form: TransferForm) -> Question:
    has = ", ".join(
        f"{balance['available']} {balance['asset']}" for balance in accounts.balances(account)
    )
    return Question(
        title=f"{VERBS[verb]}: {account}",
        explanation=f"Available: {has or 'nothing'}.",
        form=form,
        button=VERBS[verb],
        back=change_url(account),
    )


def amount_of(transfer: Transfer) -> str:
    """A transfer's amount as a decimal."""
    return format_units(transfer.amount, transfer.asset.decimals)


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    """Money that came in and went out, newest first."""

    fields = ("account", "kind", "decimal_amount", "asset", "note", "created_at")
    list_display = ("id", *fields)
    list_filter = ("kind", "asset")
    list_select_related = ("account", "asset")
    search_fields = ("=account__name",)
    search_help_text = "The account's name."

    @admin.display(description="amount")
    def decimal_amount(self, transfer: Transfer) -> str:
        """As a decimal."""
        return amount_of(transfer)
