"""Accounts and their money, API keys: deposits and withdrawals are the only changes."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from markets import accounts
from markets.accounts import TransferRefused
from markets.admin.forms import NewAccountForm, TransferForm
from markets.admin.pages import (
    NONE,
    AnyInline,
    Question,
    ReadOnlyAdmin,
    Tool,
    WrittenOnceAdmin,
    ask,
    change_url,
    link_to,
    list_url,
    readable,
)
from markets.matching.types import format_units
from markets.models import LIVE_ORDERS, Account, ApiKey, Asset, Balance, Order, Trade, Transfer

TRANSFERS_SHOWN: Final = 20
TRANSFER_VERBS: Final = {"deposit": "Deposit", "withdraw": "Withdraw"}


class BalanceInline(AnyInline):
    """What an account has, as decimals."""

    model = Balance
    fields = ("asset", "decimal_total", "decimal_held", "decimal_available")
    readonly_fields = fields
    extra = 0
    verbose_name_plural = "balances"
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Balance]:
        """With their assets."""
        return super().get_queryset(request).select_related("account", "asset")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: money comes in by deposits."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    @admin.display(description="total")
    def decimal_total(self, balance: Balance) -> str:
        """All that it owns."""
        return format_units(balance.available + balance.held, balance.asset.decimals)

    @admin.display(description="held")
    def decimal_held(self, balance: Balance) -> str:
        """What its open orders hold."""
        return format_units(balance.held, balance.asset.decimals)

    @admin.display(description="available")
    def decimal_available(self, balance: Balance) -> str:
        """What it can spend or withdraw."""
        return format_units(balance.available, balance.asset.decimals)


@admin.register(Account)
class AccountAdmin(WrittenOnceAdmin):
    """Opened here; its money moves by deposits and withdrawals, each in the admin log."""

    change_form_template = "admin/markets/change_form.html"
    form = NewAccountForm
    list_display = ("name", "user", "open_orders", "created_at")
    list_select_related = ("user",)
    search_fields = ("name",)
    fields = ("name", "user_link", "open_orders", "latest_transfers", "created_at")
    inlines = (BalanceInline,)

    @staticmethod
    def may_move_money(request: HttpRequest) -> bool:
        """Whoever may make transfers."""
        return request.user.has_perm("markets.add_transfer")

    # What is shown

    @admin.display(description="user")
    def user_link(self, account: Account) -> SafeString | str:
        """Who logs in to it."""
        return NONE if account.user is None else link_to(account.user)

    @admin.display(description="open orders")
    def open_orders(self, account: Account) -> int:
        """How many of its orders rest."""
        return Order.objects.filter(LIVE_ORDERS, account=account).count()

    @admin.display(description="latest transfers")
    def latest_transfers(self, account: Account) -> SafeString | str:
        """The last money that came in or went out."""
        transfers = account.transfers.select_related("asset")[:TRANSFERS_SHOWN]
        rows = [
            (readable(row.created_at), row.kind, amount_of(row), row.asset, row.note)
            for row in transfers
        ]
        return format_html_join("", "<div>{} {} <b>{}</b> {} {}</div>", rows) or "none"

    # Opening one

    def get_fieldsets(self, request: HttpRequest, obj: Account | None = None) -> Any:
        """A new account needs a name."""
        fields = ("name", "password") if obj is None else self.fields
        return [(None, {"fields": fields})]

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

    # Deposits and withdrawals

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add the buttons."""
        account = self.get_object(request, object_id)
        tools = []
        if account is not None:
            query = f"?q={account.name}"
            tools = [
                Tool("Orders", list_url(Order, query)),
                Tool("Trades", list_url(Trade, query)),
                Tool("Transfers", list_url(Transfer, query)),
                Tool("API keys", list_url(ApiKey, query)),
            ]
            if self.may_move_money(request):
                tools += [
                    Tool(
                        f"{label}…",
                        reverse("admin:markets_account_transfer", args=[account.pk, verb]),
                    )
                    for verb, label in TRANSFER_VERBS.items()
                ]
        context = {"tools": tools} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        """Add the page that moves money."""
        view = self.admin_site.admin_view(self.transfer_view)
        return [
            path("<int:key>/transfer/<str:verb>/", view, name="markets_account_transfer"),
            *super().get_urls(),
        ]

    def transfer_view(self, request: HttpRequest, key: int, verb: str) -> HttpResponse:
        """Ask how much of what, and why; then deposit or withdraw it."""
        if not self.may_move_money(request):
            raise PermissionDenied
        if verb not in TRANSFER_VERBS:
            raise Http404("money is deposited or withdrawn")
        account = get_object_or_404(Account, pk=key)
        form = TransferForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                said = self._transfer(request, account, verb, form.cleaned_data)
            except TransferRefused as refused:
                form.add_error("amount", str(refused))
            else:
                self.message_user(request, said, messages.SUCCESS)
                return HttpResponseRedirect(change_url(account))
        return ask(self, request, _transfer_question(account, verb, form))

    @transaction.atomic
    def _transfer(
        self, request: HttpRequest, account: Account, verb: str, wanted: dict[str, Any]
    ) -> str:
        """Move the money and write the log, both or neither. Raises TransferRefused."""
        asset: Asset = wanted["asset"]
        amount = accounts.parse_amount(wanted["amount"].strip(), asset)
        move = accounts.deposit if verb == "deposit" else accounts.withdraw
        available = move(account, asset, amount, wanted["note"])
        done = "Deposited" if verb == "deposit" else "Withdrew"
        said = f"{done} {format_units(amount, asset.decimals)} {asset}"
        note = wanted["note"]
        self.log_change(request, account, f"{said}: {note}" if note else f"{said}.")
        return f"{said}; {format_units(available, asset.decimals)} {asset} available now."


def _transfer_question(account: Account, verb: str, form: TransferForm) -> Question:
    has = ", ".join(
        f"{balance['available']} {balance['asset']}" for balance in accounts.balances(account)
    )
    return Question(
        title=f"{TRANSFER_VERBS[verb]}: {account}",
        explanation=f"Available: {has or 'nothing'}.",
        form=form,
        button=TRANSFER_VERBS[verb],
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


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Programs' ways in: looked at and revoked; hashes are never shown."""

    fields = (
        "account",
        "name",
        "prefix",
        "can_read",
        "can_trade",
        "created_at",
        "last_used_at",
        "revoked_at",
    )
    list_display = ("prefix", *(name for name in fields if name != "prefix"))
    list_filter = ("can_trade", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("account",)
    search_fields = ("account__name", "=prefix", "name")
    actions = ("revoke_selected",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may change keys."""
        return request.user.has_perm("markets.change_apikey")

    @admin.action(description="Revoke selected keys", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Let nobody in by them from now on."""
        with transaction.atomic():
            keys = list(queryset.filter(revoked_at=None).select_related("account"))
            rows = ApiKey.objects.filter(pk__in=[key.pk for key in keys])
            revoked = rows.update(revoked_at=timezone.now())
            for key in keys:
                self.log_change(request, key, f"Revoked {key.prefix}… of {key.account}.")
        self.message_user(request, f"{revoked} revoked.", messages.SUCCESS)
