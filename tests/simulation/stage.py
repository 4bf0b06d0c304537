"""The database that every run begins with: two markets of one quote asset, traders rich and poor."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from django.core.management import call_command
from django.db import connections, transaction

from markets import accounts, operators
from markets.models import Asset

SYMBOLS: Final = ("AAA-USD", "BBB-USD")
FUNDS: Final = {
    "rich-1": {"AAA": 10_000, "BBB": 10_000, "USD": 1_000_000},
    "rich-2": {"AAA": 10_000, "BBB": 10_000, "USD": 1_000_000},
    "poor-1": {"AAA": 20, "BBB": 20, "USD": 1500},
    "poor-2": {"AAA": 20, "BBB": 20, "USD": 1500},
}


@dataclass(frozen=True)
class Stage:
    """The file, and who is in it: name → (account, API key)."""

    file: Path
    traders: dict[str, tuple[int, str]]


def build(file: Path) -> Stage:
    """Make the file, or fill one that has its tables."""
    connections.settings["default"]["NAME"] = str(file)
    connections["default"] = connections.create_connection("default")
    if not file.exists():
        call_command("migrate", verbosity=0)
    traders = {}
    with transaction.atomic():
        for symbol in SYMBOLS:
            base, quote = symbol.split("-")
            operators.create_market(
                base,
                quote,
                tick_size=Decimal(1),
                lot_size=Decimal("0.0001"),
                maker_fee_rate=Decimal("-0.0001"),
                taker_fee_rate=Decimal("0.001"),
            )
        for name, funds in FUNDS.items():
            account = accounts.open_account(name)
            for asset_symbol, amount in funds.items():
                asset = Asset.objects.get(symbol=asset_symbol)
                accounts.deposit(account, asset, accounts.parse_amount(str(amount), asset))
            traders[name] = (account.pk, accounts.make_api_key(account)[1])
    connections["default"].close()
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections["default"].close()
    return Stage(file, traders)
