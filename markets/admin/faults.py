"""A page that says what goes wrong on purpose for an API key, and sets it."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from markets.admin.pages import AnyAdmin, Question, ask, change_url
from markets.faults import rows
from markets.faults.form import FaultsForm
from markets.faults.in_force import allowed
from markets.models import ApiKey


def may_give_faults(request: HttpRequest) -> bool:
    """Whoever may change keys, where there are faults."""
    return allowed() and request.user.has_perm("markets.change_apikey")


def faults_view(page: AnyAdmin, request: HttpRequest, key: int) -> HttpResponse:
    """Ask what shall go wrong; then let it."""
    if not may_give_faults(request):
        raise PermissionDenied
    found = get_object_or_404(ApiKey, pk=key, revoked_at=None)
    row = rows.row_of(found)
    form = FaultsForm(request.POST or None, plan=rows.plan_of_row(row))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                row = rows.set_plan(found, form.plan, seeded=form.seeded)
                words = form.plan.in_words() if row.is_on else "none"
                page.log_change(request, found, f"Set its faults: {words}.")
        except rows.FaultsRefused as error:
            form.add_error(None, f"{error}.")
        else:
            page.message_user(request, f"The faults of {found} are set.", messages.SUCCESS)
            return HttpResponseRedirect(change_url(found))
    where = "" if row is None else f"\nWithout the key it is suffered at {rows.path_of(row)}/…"
    question = Question(
        title=f"Faults of {found}",
        explanation="For whoever tries a bot: this goes wrong for this key, on purpose, and for nobody else."
        f"\nAll 0: nothing goes wrong. Every answer says what is set.{where}",
        form=form,
        button="Set the faults",
        back=change_url(found),
    )
    return ask(page, request, question)
