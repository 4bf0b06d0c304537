"""An API key made for an account by an operator: what is secret of it is on the answer's page alone."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.debug import sensitive_variables

from markets.account_pages.keys import KeyForm, new_key
from markets.accounts import TooManyKeys
from markets.admin.pages import AnyAdmin, Question, ask, change_url
from markets.models import Account
from markets.new_keys import MadeKey, make_key


def may_make_keys(request: HttpRequest) -> bool:
    """Whoever may add keys."""
    return request.user.has_perm("markets.add_apikey")


@sensitive_variables("made")
def new_key_view(page: AnyAdmin, request: HttpRequest, key: int) -> HttpResponse:
    """Ask what the key shall be; make it, and show it once."""
    if not may_make_keys(request):
        raise PermissionDenied
    account = get_object_or_404(Account, pk=key)
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                made = make_key(account, new_key(form.cleaned_data))
                said = f"Made the {made.row.kind} key {made.row.prefix}…"
                page.log_change(request, account, said)
        except TooManyKeys as error:
            form.add_error(None, f"{error}.")
        else:
            return _shown(page, request, account, made)
    question = Question(
        title=f"Make an API key: {account}",
        explanation="Whoever has it may do what it says, as this account. It is shown once.",
        form=form,
        button="Make the key",
        back=change_url(account),
    )
    return ask(page, request, question)


def _shown(page: AnyAdmin, request: HttpRequest, account: Account, made: MadeKey) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": f"The new API key of {account}",
        "made": made,
        "back": change_url(account),
    }
    return TemplateResponse(request, "admin/markets/new_key.html", context)
