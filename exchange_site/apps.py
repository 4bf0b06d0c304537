"""The library of people, under names that the admin's lists can bear."""

from allauth.account.apps import AccountConfig
from allauth.mfa.apps import MFAConfig
from allauth.usersessions.apps import UserSessionsConfig


class MailAddresses(AccountConfig):  # type: ignore[misc]
    """Not to be mistaken for the exchange's accounts."""

    verbose_name = "Mail addresses"


class SecondFactors(MFAConfig):  # type: ignore[misc]
    """What people know as that."""

    verbose_name = "Second factors"


class Sessions(UserSessionsConfig):  # type: ignore[misc]
    """Of people who are logged in."""

    verbose_name = "Sessions"
