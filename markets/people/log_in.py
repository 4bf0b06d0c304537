"""The door: log in, log out, sign up, for people and operators alike."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.views import LoginView, LogoutView, SignupView
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from markets.people.adapters import MAX_MAIL_LENGTH, sign_up_is_open

RETRY_AFTER = 60
"""Seconds in which an address has attempts again."""


def demo_people() -> list[dict[str, str]]:
    """Names and passwords that `serve --demo` made for everybody; none outside of a sandbox."""
    people: list[dict[str, str]] = getattr(settings, "DEMO_PEOPLE", [])
    return people if settings.SANDBOX else []


class LogIn(LoginView):
    """Name or mail address, and password."""

    def get_form(self, form_class: Any = None) -> Any:
        """The form, begun where something is left to type."""
        form = super().get_form(form_class)
        first = form.fields["password" if form.is_bound else "login"]
        first.widget.attrs["autofocus"] = True
        login = form.fields["login"]
        login.widget.attrs["maxlength"] = MAX_MAIL_LENGTH
        login.validators.append(MaxLengthValidator(MAX_MAIL_LENGTH))
        return form

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form with what is wrong; 429 where too much was."""
        response: HttpResponse = super().form_invalid(form)
        if form.has_error("__all__", "too_many_login_attempts"):
            response.status_code = 429
            response["Retry-After"] = str(RETRY_AFTER)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form, and who may be logged in as on a demonstration."""
        found: dict[str, Any] = super().get_context_data(**kwargs)
        return found | {
            "next": self.request.POST.get("next") or self.request.GET.get("next", ""),
            "demo_people": demo_people(),
            "sign_up_is_open": sign_up_is_open(),
        }


class LogOut(LogoutView):
    """By a button only: a link on another site logs nobody out."""

    http_method_names = ["post"]


class SignUp(SignupView):
    """A person, with a trading account at once."""

    template_name_signup_closed = "account/signup_closed.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Make them; two who want the same name at the same moment do not both get it."""
        try:
            response: HttpResponse = super().form_valid(form)
        except IntegrityError:
            form.add_error("username", "This name is taken.")
            return self.form_invalid(form)  # type: ignore[no-any-return]
        # They chose their password this moment: adding a second factor need not ask for it again.
        record_authentication(self.request, self.user, "password", reauthenticated=True)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form, and where it leads."""
        found: dict[str, Any] = super().get_context_data(**kwargs)
        wanted = self.request.POST.get("next") or self.request.GET.get("next", "")
        return found | {"next": wanted}


@never_cache
def admin_log_in(request: HttpRequest) -> HttpResponse:
    """The admin's door is everybody's; who is in and no operator is refused."""
    wanted = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        wanted = reverse("admin:index")
    user = request.user
    if not user.is_authenticated:
        return redirect_to_login(wanted)
    if not (user.is_active and user.is_staff):
        raise PermissionDenied(
            f"{user.get_username()} is no operator. Log out, and log in as somebody who is."
        )
    return HttpResponseRedirect(wanted)
