"""The page from which everything about one's own log-in is reached."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
@login_required
def security_page(request: HttpRequest) -> HttpResponse:
    """Password, mail address, second factor, recovery codes, sessions: how each is, and how to change it."""
    assert isinstance(request.user, User)
    kinds = {row.type: row for row in Authenticator.objects.filter(user=request.user)}
    codes = kinds.get(Authenticator.Type.RECOVERY_CODES)
    context = {
        "address": EmailAddress.objects.filter(user=request.user)
        .order_by("-verified", "pk")
        .first(),
        "second_factor": kinds.get(Authenticator.Type.TOTP),
        "codes_left": None if codes is None else len(codes.wrap().get_unused_codes()),
    }
    return render(request, "account/security.html", context)


def once(view: Callable[..., Any]) -> Callable[..., Any]:
    """A view that may be sent twice at the same moment: the second finds that it is done."""

    @wraps(view)
    def viewed(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except IntegrityError:
            return redirect("security")

    return viewed


def reset_second_factor(user: User) -> int:
    """Let somebody who lost their authenticator log in by password alone; how many factors there were."""
    removed: int
    removed, _ = Authenticator.objects.filter(user=user).delete()
    return removed
