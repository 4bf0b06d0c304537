"""Halt all, and resume what was halted so: asked before it is done, and said market by market."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from markets import operators
from markets.admin import commands
from markets.admin.forms import NoteForm
from markets.admin.pages import AnyAdmin, Question, ask, with_note
from markets.matching.types import MarketStatus


def halt_all_view(page: AnyAdmin, request: HttpRequest) -> HttpResponse:
    """Ask why; then halt everything that trades, and say what each engine did."""
    if not page.has_change_permission(request):
        raise PermissionDenied
    home = reverse("admin:index")
    trading = operators.trading_markets()
    if not trading:
        page.message_user(request, "No market trades: there is nothing to halt.", messages.WARNING)
        return HttpResponseRedirect(home)
    form = NoteForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        question = Question(
            title=f"Halt all markets that trade ({len(trading)})?",
            explanation="No order is taken or amended until they are resumed. Open orders keep their "
            "place, and their owners may cancel them. Auctions end without trading.\n"
            f"Halted are: {', '.join(map(str, trading))}.",
            form=form,
            button="Halt all",
            back=home,
            danger=True,
        )
        return ask(page, request, question)
    note = form.cleaned_data["note"]
    with transaction.atomic():
        sent = operators.halt_all(request.user.get_username(), note)
        for command in sent:
            page.log_change(request, command.market, with_note("Asked to halt, with all", note))
    commands.report(page, request, sent)
    return HttpResponseRedirect(home)


def resume_all_view(page: AnyAdmin, request: HttpRequest) -> HttpResponse:
    """Ask why; then resume what was halted with all others, and say what each engine did."""
    if not page.has_change_permission(request):
        raise PermissionDenied
    home = reverse("admin:index")
    halted = operators.halted_together()
    if not halted:
        text = "No market is halted by a halt of all: open the others one by one."
        page.message_user(request, text, messages.WARNING)
        return HttpResponseRedirect(home)
    form = NoteForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        question = Question(
            title=f"Resume the markets that were halted together ({len(halted)})?",
            explanation="They become what they were. Where orders cross, they trade first, at one price. "
            "An auction lasts until somebody opens it.\n"
            + "\n".join(f"{each.market}: {each.was}" for each in halted),
            form=form,
            button="Resume them",
            back=home,
        )
        return ask(page, request, question)
    note = form.cleaned_data["note"]
    with transaction.atomic():
        sent = operators.resume_all(request.user.get_username(), note)
        for command in sent:
            status = MarketStatus(command.params["status"])
            asked = with_note(f"Asked to resume as {status}, with all", note)
            page.log_change(request, command.market, asked)
    commands.report(page, request, sent)
    return HttpResponseRedirect(home)
