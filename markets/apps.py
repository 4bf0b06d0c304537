"""The Django app."""

from django.apps import AppConfig


class MarketsConfig(AppConfig):
    """Markets, accounts, orders and trades."""

    name = "markets"
    verbose_name = "Exchange"
