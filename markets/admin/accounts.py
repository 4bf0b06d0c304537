"""Accounts: opened here; money is moved, orders are canceled, fee tiers are given, all in the log."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from markets import accounts, operators
from markets.admin.account_audit import audit_view
from markets.admin.account_columns import (
    BalanceInline,
    FrozenFilter,
    api_keys,
    dead_mans_switch,
    ended_orders,
    fee_rates,
    frozen,
    frozen_in_list,
    given_tiers,
    latest_fills,
    latest_transfers,
    lists,
    newest_open,
    open_orders,
    user_link,
    volumes,
)
from markets.admin.cancels import cancel_all_view, may_cancel
from markets.admin.fee_tiers import give_tiers_view, may_give_tiers
from markets.admin.forms import NewAccountForm
from markets.admin.freezing import freeze_view, may_freeze, unfreeze_view
from markets.admin.new_keys import may_make_keys, new_key_view
from markets.admin.pages import Tool, WrittenOnceAdmin
from markets.admin.transfers import may_move_money, transfer_tools, transfer_view
from markets.models import FEE_ACCOUNT_NAME, Account, FeeTier


@admin.register(Account)
class AccountAdmin(WrittenOnceAdmin):
    """Nothing of a row is edited: engines and deposits write it."""

    change_form_template = "admin/markets/change_form.html"
    form = NewAccountForm
    list_display: Any = ("name", frozen_in_list, "user", open_orders, "created_at")
    list_select_related = ("user", "frozen")
    list_filter = (FrozenFilter,)
    search_fields = ("name",)
    inlines = (BalanceInline,)

    SECTIONS: ClassVar[Any] = [
        (None, {"fields": ("name", frozen, user_link, api_keys, lists, "created_at")}),
        (
            "Orders",
            {"fields": (open_orders, newest_open, latest_fills, dead_mans_switch, ended_orders)},
        ),
        ("Fees", {"fields": (given_tiers, volumes, fee_rates)}),
        ("Money", {"fields": (latest_transfers,)}),
    ]

    # Opening one

    def get_fieldsets(self, request: HttpRequest, obj: Account | None = None) -> Any:
        """A new account needs a name."""
        return [(None, {"fields": ("name", "password")})] if obj is None else self.SECTIONS

    def get_readonly_fields(self, request: HttpRequest, obj: Account | None = None) -> Any:
        """All of an account that is there."""
        return [] if obj is None else [name for _, s in self.SECTIONS for name in s["fields"]]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """A new account has no balances."""
        return () if obj is None else self.inlines

    def save_form(self, request: HttpRequest, form: Any, change: Any) -> Account:
        """Open the account, with its user."""
        super().save_form(request, form, change)
        cleaned = form.cleaned_data
        return accounts.open_account(cleaned["name"], cleaned["password"] or None)

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: Any) -> None:
        """It is open already."""

    # What is done to it

    def tools_of(self, request: HttpRequest, row: Account) -> list[Tool]:
        """What may be done to it."""
        return _deeds(request, row)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that ask first."""
        pages: dict[str, tuple[str, Callable[..., HttpResponse]]] = {
            "transfer/<str:verb>": ("transfer", transfer_view),
            "cancel-all": ("cancel_all", cancel_all_view),
            "fee-tiers": ("fee_tiers", give_tiers_view),
            "api-key": ("api_key", new_key_view),
            "freeze": ("freeze", freeze_view),
            "unfreeze": ("unfreeze", unfreeze_view),
            "audit": ("audit", audit_view),
        }
        return [
            *(
                path(
                    f"<int:key>/{route}/",
                    self.admin_site.admin_view(partial(view, self)),
                    name=f"markets_account_{name}",
                )
                for route, (name, view) in pages.items()
            ),
            *super().get_urls(),
        ]


def _deeds(request: HttpRequest, account: Account) -> list[Tool]:
    """What this operator may do to it."""
    tools = transfer_tools(account) if may_move_money(request) else []
    if may_give_tiers(request) and FeeTier.objects.exists():
        url = reverse("admin:markets_account_fee_tiers", args=[account.pk])
        tools.append(Tool("Give fee tiers…", url))
    if may_make_keys(request):
        url = reverse("admin:markets_account_api_key", args=[account.pk])
        tools.append(Tool("Make an API key…", url))
    if may_cancel(request):
        url = reverse("admin:markets_account_cancel_all", args=[account.pk])
        tools.append(Tool("Cancel all orders…", url))
    if may_freeze(request) and account.name != FEE_ACCOUNT_NAME:
        verb = "freeze" if operators.frozen_of(account) is None else "unfreeze"
        url = reverse(f"admin:markets_account_{verb}", args=[account.pk])
        tools.append(Tool(f"{verb.capitalize()}…", url, danger=verb == "freeze"))
    tools.append(Tool("Audit", reverse("admin:markets_account_audit", args=[account.pk])))
    return tools
