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
from markets.models import KeyKind
from markets.new_keys import MadeKey, NewKey, make_key
from markets.signing_keys import MAX_PUBLIC_KEY_TEXT, NoPublicKey

SCOPES: Final = [
    ("read", "Read: orders, fills, balances"),
    ("trade", "Trade: place, amend, cancel"),
]
MAX_IPS_LENGTH: Final = 2000


KINDS: Final = [
    (KeyKind.BEARER, "Bearer: the key is sent with each request"),
    (
        KeyKind.ED25519,
        "Ed25519: requests are signed with a key that only you have. Best for bots",
    ),
    (KeyKind.HMAC, "HMAC: requests are signed with a secret that is shown once"),
]


class KeyForm(forms.Form):
    """A key to make."""

    name = forms.CharField(max_length=64, required=False, label="Name")
    kind = forms.ChoiceField(
        choices=KINDS,
        initial=KeyKind.BEARER,
        required=False,
        widget=forms.RadioSelect,
        label="Kind",
    )
    public_key = forms.CharField(
        max_length=MAX_PUBLIC_KEY_TEXT,
        required=False,
        label="Public key (of kind Ed25519: PEM, or base64 of its 32 bytes)",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )
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

    def clean_kind(self) -> str:
        """Where none was chosen, the plainest."""
        return self.cleaned_data["kind"] or KeyKind.BEARER

    def clean(self) -> dict[str, Any]:
        """A public key, where the kind has one."""
        cleaned = super().clean() or self.cleaned_data
        if "kind" in cleaned and "public_key" in cleaned:
            try:
                NewKey(kind=cleaned["kind"], public_key=cleaned["public_key"]).check()
            except NoPublicKey as error:
                self.add_error("public_key", f"It {error}.")
        return cleaned

    def clean_expires_at(self) -> datetime | None:
        """A moment to come."""
        moment: datetime | None = self.cleaned_data["expires_at"]
        if moment is None:
            return None
        moment = moment.replace(tzinfo=UTC)
        if moment <= timezone.now():
            raise forms.ValidationError("This moment has passed.")
        return moment


@sensitive_variables("made")
@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
def keys_page(request: HttpRequest, account: models.Account) -> HttpResponse:
    """The keys in force, and a form to make one; the answer to it shows the secret, and nothing else ever."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    made: MadeKey | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = _make(account, form.cleaned_data)
        except accounts.TooManyKeys as error:
            form.add_error(None, f"{error}.")
        else:
            form = KeyForm()
    keys = models.ApiKey.objects.filter(account=account, revoked_at=None)
    context = {"account": account, "keys": keys, "form": form, "made": made}
    return render(request, "account/api_keys.html", context | {"now": timezone.now()})


def _make(account: models.Account, wanted: dict[str, Any]) -> MadeKey:
    return make_key(account, new_key(wanted))


def new_key(wanted: dict[str, Any]) -> NewKey:
    """What a form asks for."""
    return NewKey(
        name=wanted["name"],
        kind=wanted["kind"],
        public_key=wanted["public_key"],
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
