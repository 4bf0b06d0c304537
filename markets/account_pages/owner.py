"""Whose pages these are."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from markets.accounts import principal_of_user
from markets.models import Account

OwnersView = Callable[..., Any]


def for_owner(view: OwnersView) -> OwnersView:
    """A view of somebody's account, given the account after the request; others are asked to log in."""

    @never_cache
    @login_required
    @wraps(view)
    def viewed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        assert request.user.is_authenticated
        who = principal_of_user(request.user)
        if who is None:
            return render(request, "account/no_account.html", status=404)
        account: Account = who.account
        response: HttpResponse = view(request, account, *args, **kwargs)
        return response

    return viewed
