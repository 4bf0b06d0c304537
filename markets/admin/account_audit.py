"""The page that audits one account while it is looked at: every check, what was found, what it should be."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone

from markets.account_auditing import NotAudited, audit_account
from markets.admin.pages import AnyAdmin, change_url
from markets.models import Account


def audit_view(page: AnyAdmin, request: HttpRequest, key: int) -> HttpResponse:
    """Audit, and show it. It changes nothing."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    account = get_object_or_404(Account, pk=key)
    began = timezone.now()
    try:
        checks = audit_account(account)
    except NotAudited as error:
        page.message_user(request, f"{error}.", messages.ERROR)
        return HttpResponseRedirect(change_url(account))
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": f"Audit of {account}",
        "account": account,
        "back": change_url(account),
        "checks": checks,
        "wrong": sum(not check.passed for check in checks),
        "began": began,
    }
    return TemplateResponse(request, "admin/markets/account_audit.html", context)
