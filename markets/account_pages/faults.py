"""What goes wrong on purpose for one of the account's API keys: set and turned off."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from markets import models
from markets.account_pages.owner import for_owner
from markets.faults import rows
from markets.faults.form import FaultsForm
from markets.faults.in_force import allowed

OFF = "turn_off"
"""The button's name."""


@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
def faults_page(request: HttpRequest, account: models.Account, key: int) -> HttpResponse:
    """The plan, and a form to change it."""
    found = models.ApiKey.objects.filter(account=account, revoked_at=None, pk=key).first()
    if found is None or not allowed():
        raise Http404("there is no such key, or there are no faults here")
    row = rows.row_of(found)
    if request.method == "POST" and OFF in request.POST:
        rows.turn_off([found])
        messages.success(request, f"Nothing goes wrong for the key {found.prefix}… any more.")
        return redirect("key_faults", key)
    form = FaultsForm(
        request.POST if request.method == "POST" else None, plan=rows.plan_of_row(row)
    )
    if request.method == "POST" and form.is_valid():
        try:
            row = rows.set_plan(found, form.plan, seeded=form.seeded)
        except rows.FaultsRefused as error:
            form.add_error(None, f"{error}.")
        else:
            messages.success(request, f"The faults of {found.prefix}… are as you said.")
            return redirect("key_faults", key)
    context = {"account": account, "key": found, "form": form, "row": row}
    if row is not None:
        plan = rows.plan_of_row(row)
        context |= {"address": f"{request.scheme}://{request.get_host()}{rows.path_of(row)}"}
        context |= {"plan": plan, "words": plan.in_words()}
    return render(request, "account/key_faults.html", context)
