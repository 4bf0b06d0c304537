"""What the exchange decides where the library leaves it open: who may sign up, names, mail, sealed secrets.

Rules:
- A new person has a trading account of the same name from the same transaction on.
- A name is short and plain, is nobody's, and is not one of the exchange's own.
- Mail that cannot be sent is logged and breaks nothing: who asked for it is told nothing else either.
- Secrets of second factors are sealed (Fernet) with a key made of EXCHANGE_SEALING_KEY.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from functools import lru_cache
from smtplib import SMTPException
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from markets import accounts
from markets.models import FEE_ACCOUNT_NAME, Account

MIN_NAME_LENGTH: Final = 3
MAX_NAME_LENGTH: Final = 32
MAX_MAIL_LENGTH: Final = 254
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
ISSUER: Final = "Exchange"
"""Under which an authenticator lists its codes."""

logger = logging.getLogger(__name__)


def sign_up_is_open() -> bool:
    """Whether visitors may open accounts: as the operator says, else in sandboxes."""
    return bool(settings.SANDBOX if settings.SIGN_UP is None else settings.SIGN_UP)


class PeopleAdapter(DefaultAccountAdapter):
    """Sign-up, names and mail."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "The name and password do not belong together.",
        "email_password_mismatch": "The name and password do not belong together.",
        "username_taken": "This name is taken.",
        "too_many_login_attempts": "Too many attempts. Wait a while, then try again.",
        "incorrect_code": "This code is wrong, or was used already.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether visitors may open accounts."""
        del request
        return sign_up_is_open()

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """A name that a person and an account may have. Raises ValidationError."""
        if not MIN_NAME_LENGTH <= len(username) <= MAX_NAME_LENGTH or not NAME.fullmatch(username):
            raise ValidationError(
                f"{MIN_NAME_LENGTH} to {MAX_NAME_LENGTH} letters, digits, dots, hyphens and "
                "underscores, the first a letter or digit.",
                code="invalid",
            )
        name: str = super().clean_username(username, shallow)
        taken = name.lower() == FEE_ACCOUNT_NAME or Account.objects.filter(name__iexact=name)
        if taken:
            raise self.validation_error("username_taken")
        return name

    def clean_email(self, email: str) -> str:
        """A mail address that the tables have room for. Raises ValidationError."""
        if len(email) > MAX_MAIL_LENGTH:
            raise ValidationError(f"At most {MAX_MAIL_LENGTH} characters.", code="invalid")
        return email

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> Any:
        """The new person, and the account that they trade with."""
        with transaction.atomic():
            saved = super().save_user(request, user, form, commit)
            accounts.open_account_of(saved)
        return saved

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """A mail that says whether visitors may sign up."""
        context = context | {"sign_up_is_open": sign_up_is_open()}
        mail: EmailMessage = super().render_mail(template_prefix, email, context, headers)
        return mail

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send it, or log that it could not be sent."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError) as error:
            logger.warning("mail could not be sent (%s): %s", template_prefix, error)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Where it was begun."""
        del request
        return reverse("security")

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Counts by the name alone: under whatever host name this site was called, it is one account."""
        del request
        name: str = credentials.get("email", credentials.get("username", ""))
        return name.strip().lower()


def _box() -> MultiFernet:
    return MultiFernet([_fernet(key) for key in settings.SEALING_KEYS])


@lru_cache(maxsize=4)
def _fernet(key: str) -> Fernet:
    made = hashlib.scrypt(
        key.encode(), salt=b"exchange second factors", n=2**14, r=8, p=1, dklen=32
    )
    return Fernet(base64.urlsafe_b64encode(made))


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors: sealed at rest."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is wrong, or was used already.",
    }

    def encrypt(self, text: str) -> str:
        """As the database keeps it."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What it was. Raises PermissionDenied if it was sealed with another key: nobody gets in by that."""
        try:
            return _box().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            logger.warning("a second factor was sealed with another EXCHANGE_SEALING_KEY")
            raise PermissionDenied(
                "Your second factor cannot be read any more. Ask the operator to reset it."
            ) from error

    def get_totp_issuer(self) -> str:
        """What the authenticator shows beside the name."""
        return f"{ISSUER} {super().get_totp_issuer()}"

    def get_totp_label(self, user: Any) -> str:
        """The name, never the mail address."""
        return str(user.get_username())
