"""API keys as a page: made, shown once, revoked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from markets import accounts, models
from markets.account_pages.owner import for_owner
from markets.key_limits import Network, read_networks
from markets.known_keys import revoke

SCOPES: Final = [
    ("read", "Read: orders, fills, balances"),
    ("trade", "Trade: place, amend, cancel"),
]
MAX_IPS_LENGTH: Final = 2000


class KeyForm(forms.Form):
    """A key to make."""

    name = forms.CharField(max_length=64, required=False, label="Name")
    scopes = forms.MultipleChoiceField(
        choices=SCOPES, initial=["read"], widget=forms.CheckboxSelectMultiple, label="It may"
    )
    allowed_ips = forms.CharField(
        max_length=MAX_IPS_LENGTH,
        required=False,
        label="From these addresses only",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    expires_at = forms.DateTimeField(
        required=False,
        label="Until (UTC)",
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )

    def clean_allowed_ips(self) -> list[Network]:
        """Addresses and networks, one a line or with commas."""
        words = self.cleaned_data["allowed_ips"].replace(",", " ").split()
        try:
            return read_networks(words)
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from error

    def clean_expires_at(self) -> datetime | None:
        """A moment to come."""
        moment: datetime | None = self.cleaned_data["expires_at"]
        if moment is None:
            return None
        moment = moment.replace(tzinfo=UTC)
        if moment <= timezone.now():
            raise forms.ValidationError("This moment has passed.")
        return moment


@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
def keys_page(request: HttpRequest, account: models.Account) -> HttpResponse:
    """The keys in force, and a form to make one; the answer to it shows the secret, and nothing else ever."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    made: models.ApiKey | None = None
    secret = ""
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = _make(account, form.cleaned_data)
        except accounts.TooManyKeys as error:
            form.add_error(None, f"{error}.")
        else:
            form = KeyForm()
    keys = models.ApiKey.objects.filter(account=account, revoked_at=None)
    context = {"account": account, "keys": keys, "form": form, "made": made, "secret": secret}
    return render(request, "account/api_keys.html", context | {"now": timezone.now()})


def _make(account: models.Account, wanted: dict[str, Any]) -> tuple[models.ApiKey, str]:
    return accounts.make_api_key(
        account,
        wanted["name"],
        can_read="read" in wanted["scopes"],
        can_trade="trade" in wanted["scopes"],
        allowed_ips=wanted["allowed_ips"],
        expires_at=wanted["expires_at"],
    )


@require_http_methods(["POST"])
@for_owner
def revoke_key(request: HttpRequest, account: models.Account, key: int) -> HttpResponse:
    """Let nobody in by a key from now on."""
    found = models.ApiKey.objects.filter(account=account, revoked_at=None, pk=key).first()
    if found is None:
        raise Http404("there is no such key")
    revoke([found])
    messages.success(request, f"The key {found.prefix}… is revoked.")
    return redirect("api_keys")
