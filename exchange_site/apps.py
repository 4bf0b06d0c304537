"""Other projects' apps as this site has them: its words, and nothing loaded that is not needed."""

from allauth.account.apps import AccountConfig
from allauth.mfa.apps import MFAConfig
from allauth.usersessions.apps import UserSessionsConfig
from django.apps import AppConfig


class Daphne(AppConfig):
    """Its runserver. The server itself, a third of a process's start, is loaded by that command alone."""

    name = "daphne"


class MailAddresses(AccountConfig):  # type: ignore[misc]
    """Not to be mistaken for the exchange's accounts."""

    verbose_name = "Mail addresses"


class SecondFactors(MFAConfig):  # type: ignore[misc]
    """What people know as that."""

    verbose_name = "Second factors"


class Sessions(UserSessionsConfig):  # type: ignore[misc]
    """Of people who are logged in."""

    verbose_name = "Sessions"
