"""Addresses of people's pages, under the names by which the library finds them."""

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.contrib.auth.decorators import login_required
from django.urls import path, re_path

from markets.people import log_in, security, sessions

LOG_IN = log_in.LogIn.as_view()
LOG_OUT = log_in.LogOut.as_view()
SIGN_UP = log_in.SignUp.as_view()

urlpatterns = [
    path("login/", LOG_IN, name="login"),
    path("login/", LOG_IN, name="account_login"),
    path("login/second-factor/", factors.authenticate, name="mfa_authenticate"),
    path("login/inactive/", account.account_inactive, name="account_inactive"),
    path("logout/", LOG_OUT, name="logout"),
    path("logout/", LOG_OUT, name="account_logout"),
    path("signup/", SIGN_UP, name="signup"),
    path("signup/", SIGN_UP, name="account_signup"),
    path("admin/login/", log_in.admin_log_in),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/sent/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^confirm-email/(?P<key>[-:\w]+)/$", account.confirm_email, name="account_confirm_email"
    ),
    path(
        "confirm-email/",
        account.email_verification_sent,
        name="account_email_verification_sent",
    ),
    path("account/security/", security.security_page, name="security"),
    path("account/security/", security.security_page, name="mfa_index"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/password/set/", account.password_set, name="account_set_password"),
    path("account/email/", security.once(account.email), name="account_email"),
    path("account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code/", factors.reauthenticate, name="mfa_reauthenticate"),
    path(
        "account/second-factor/",
        login_required(security.once(totp.activate_totp)),
        name="mfa_activate_totp",
    ),
    path(
        "account/second-factor/remove/",
        login_required(totp.deactivate_totp),
        name="mfa_deactivate_totp",
    ),
    path(
        "account/recovery-codes/",
        recovery_codes.view_recovery_codes,
        name="mfa_view_recovery_codes",
    ),
    path(
        "account/recovery-codes/new/",
        login_required(security.once(recovery_codes.generate_recovery_codes)),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "account/recovery-codes/file/",
        recovery_codes.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
    path("account/sessions/", sessions.sessions_page, name="sessions"),
    path("account/sessions/", sessions.sessions_page, name="usersessions_list"),
]
