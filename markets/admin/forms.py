"""The admin's forms: they refuse, field by field, what `operators` and `accounts` would refuse."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib.admin.widgets import AdminIntegerFieldWidget, AdminTextInputWidget
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db.models import QuerySet

from markets import operators
from markets.matching.types import MarketStatus
from markets.messages.public import plain
from markets.models import FEE_ACCOUNT_NAME, SPECIFICATION, Account, Asset, Market
from markets.operators import MarketRefused

if TYPE_CHECKING:
    AnyModelForm = forms.ModelForm[Any]
    _MarketModelForm = forms.ModelForm[Market]
    _AccountModelForm = forms.ModelForm[Account]
else:
    AnyModelForm = _MarketModelForm = _AccountModelForm = forms.ModelForm

READERS_COLUMNS: Final = ("update_interval_ms", "snapshot_interval_s", "dialect_symbol")
"""A market's columns that its engine does not work by."""
MAX_NOTE: Final = 200


def why(help_text: str) -> forms.CharField:
    """The field that asks for a reason."""
    return forms.CharField(
        label="Why",
        max_length=MAX_NOTE,
        widget=AdminTextInputWidget,
        help_text=help_text,
    )


class NoteForm(forms.Form):
    """Why something is done."""

    required_css_class = "required"

    note = why("Kept in the admin log.")


class AuctionForm(NoteForm):
    """How long an auction is, and why."""

    field_order = ("seconds", "note")

    seconds = forms.IntegerField(
        label="Seconds",
        required=False,
        min_value=1,
        max_value=operators.MAX_AUCTION_SECONDS,
        widget=AdminIntegerFieldWidget,
        help_text="After so long it opens the market by itself. Empty: it lasts until somebody opens it.",
    )


class CancelAllForm(NoteForm):
    """Which orders of an account are canceled, and why."""

    field_order = ("market", "note")

    market = forms.ModelChoiceField(
        Market.objects.none(), required=False, empty_label="all markets"
    )

    def __init__(self, *args: Any, markets: QuerySet[Market], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["market"].queryset = markets  # type: ignore[attr-defined]


class TransferForm(forms.Form):
    """An amount of an asset, and why it moves."""

    required_css_class = "required"

    asset = forms.ModelChoiceField(Asset.objects.all())
    amount = forms.CharField(
        max_length=64,
        widget=AdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text='A plain decimal such as "1000.5".',
    )
    note = why("Kept with the transfer and in the admin log.")


class DecimalInput(AdminTextInputWidget):
    """A decimal as text, without trailing zeros (PostgreSQL keeps them)."""

    def format_value(self, value: Any) -> str | None:
        """As the API writes it."""
        return plain(value) if isinstance(value, Decimal) else super().format_value(value)


class MarketForm(_MarketModelForm):
    """What both of a market's forms share: refusals at their field."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["volatility_auction_s"].required = False
        self.fields["volatility_auction_s"].label = "Volatility auction (seconds)"
        self.fields["update_interval_ms"].label = "Update interval (ms)"
        self.fields["snapshot_interval_s"].label = "Snapshot interval (seconds)"

    def clean_volatility_auction_s(self) -> int:
        """Empty: none."""
        return self.cleaned_data["volatility_auction_s"] or 0

    def _refuse(self, refused: MarketRefused) -> None:
        field = refused.field
        for name in (field, f"{field}_symbol"):
            if name in self.fields:
                self.add_error(name, str(refused))
                return
        self.add_error(None, str(refused))


class NewMarketForm(MarketForm):
    """A new market; assets that are not there are made."""

    base_symbol = forms.CharField(label="Base", max_length=12, widget=AdminTextInputWidget)
    quote_symbol = forms.CharField(label="Quote", max_length=12, widget=AdminTextInputWidget)
    first_status = forms.ChoiceField(
        label="Status",
        choices=[(status.value, status.value) for status in MarketStatus],
        help_text="What it starts as. Halted and closed take no orders until it is opened; an auction "
        "collects them, and they trade at one price when it is opened.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        there = ", ".join(Asset.objects.values_list("symbol", flat=True)[:50]) or "none yet"
        self.fields["base_symbol"].help_text = f"What is traded. Assets there are: {there}."
        self.fields[
            "quote_symbol"
        ].help_text = "What prices are in. An asset that is not there is made on the way."

    def clean(self) -> dict[str, Any]:
        """Refuse what could not be made."""
        cleaned = super().clean() or self.cleaned_data
        for name in ("base_symbol", "quote_symbol"):
            if name in cleaned:
                cleaned[name] = cleaned[name].strip().upper()
        if not self.errors:
            try:
                operators.draft_market(**self.wanted())
            except MarketRefused as refused:
                self._refuse(refused)
        return cleaned

    def wanted(self) -> dict[str, Any]:
        """The arguments of `operators.create_market`."""
        cleaned = self.cleaned_data
        columns = (*SPECIFICATION, *READERS_COLUMNS)
        return {
            "base": cleaned["base_symbol"],
            "quote": cleaned["quote_symbol"],
            "status": cleaned["first_status"],
            **{name: cleaned[name] for name in columns},
        }


class ChangeMarketForm(MarketForm):
    """A market's rules as they shall be; its engine has the last word."""

    note = forms.CharField(required=False, max_length=MAX_NOTE, widget=forms.HiddenInput)
    """Why: asked for by the page that shows what comes of it (`market_changes`)."""

    def changed(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Those of the columns that shall be something else."""
        return {name: self.cleaned_data[name] for name in names if name in self.changed_data}

    def clean(self) -> dict[str, Any]:
        """Refuse rules that make no sense, and other steps under open orders."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                operators.check_configuration(self.instance, self.changed(SPECIFICATION))
            except MarketRefused as refused:
                self._refuse(refused)
        return cleaned


class NewAccountForm(_AccountModelForm):
    """A new account, and the user that logs in to it."""

    password = forms.CharField(
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Empty: nobody can log in with a password; API keys work.",
    )

    def clean_name(self) -> str:
        """A name that a user may have, and that is not the exchange's own."""
        name: str = self.cleaned_data["name"]
        UnicodeUsernameValidator()(name)
        if name == FEE_ACCOUNT_NAME:
            raise forms.ValidationError(f"{name} is the exchange's own account")
        return name

    def clean(self) -> dict[str, Any]:
        """Give a user that is there already an account, but never another password."""
        cleaned = super().clean() or self.cleaned_data
        password = cleaned.get("password")
        if password and "name" in cleaned:
            if User.objects.filter(username=cleaned["name"]).exists():
                self.add_error(
                    "password",
                    "There is a user of that name, who gets this account: leave this empty.",
                )
            else:
                try:
                    validate_password(password, User(username=cleaned["name"]))
                except forms.ValidationError as error:
                    self.add_error("password", error)
        return cleaned
