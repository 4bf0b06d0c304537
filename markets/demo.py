"""Demo mode: markets with fee tiers and a made-up past, people with public passwords, traders with keys.

Never for real money: the passwords are printed. What is there already stays as it is; the keys are kept
in a file that only its owner reads, so that they are the same at every start.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User

from markets import accounts
from markets.demo_past import make_past
from markets.models import Asset, Balance, FeeTier, Market
from markets.operators import create_market
from markets.signing_keys import make_hmac_key, signing_key_of

MARKETS: Final = {
    # symbol: (tick size, lot size, where its made-up past ends: where the demo's traders begin)
    "BTC-USD": (Decimal("0.01"), Decimal("0.00001"), 64_000),
    "ETH-USD": (Decimal("0.01"), Decimal("0.0001"), 3400),
    "SOL-USD": (Decimal("0.001"), Decimal("0.001"), 150),
}
RULES: Final = {
    "maker_fee_rate": Decimal("0.0005"),
    "taker_fee_rate": Decimal("0.001"),
    "price_band": Decimal("0.2"),
}
TIERS: Final = (
    # name, from a volume in USD, maker's and taker's rate
    ("silver", 1_000_000, Decimal("0.0004"), Decimal("0.0009")),
    ("gold", 20_000_000, Decimal("0.0002"), Decimal("0.0007")),
)
PEOPLE: Final = {"alice": "alice-demo", "bob": "bob-demo"}
ADMIN: Final = ("admin", "admin-demo")
TRADERS: Final = ("demo-maker", "demo-taker-1", "demo-taker-2")
PEOPLES_MONEY: Final = {"USD": 1_000_000, "BTC": 10, "ETH": 100, "SOL": 1000}
TRADERS_MONEY: Final = {"USD": 1_000_000_000, "BTC": 10_000, "ETH": 200_000, "SOL": 5_000_000}
KEYS_FILE: Final = "demo_keys.json"
BOT: Final = "alice's bot"
"""Whose entry in the file is a key and its secret."""


@dataclass(frozen=True, slots=True)
class Demo:
    """Who is there, with what is secret elsewhere."""

    people: dict[str, str]
    admin: tuple[str, str]
    key: str
    """alice's API key."""
    trader_keys: dict[str, str]
    bot_key: tuple[str, str]
    """alice's key and secret for bots of the Binance dialect."""


def prepare_demo() -> Demo:
    """Make what is missing."""
    for symbol, (tick_size, lot_size, price) in MARKETS.items():
        if not Market.objects.filter(symbol=symbol).exists():
            base, _, quote = symbol.partition("-")
            made = create_market(base, quote, tick_size=tick_size, lot_size=lot_size, **RULES)
            make_past(made.market, price)
    _tiers(Asset.objects.get(symbol="USD"))
    for name, password in PEOPLE.items():
        _person(name, password, PEOPLES_MONEY)
    for name in TRADERS:
        _person(name, None, TRADERS_MONEY)
    if not User.objects.filter(username=ADMIN[0]).exists():
        User.objects.create_superuser(ADMIN[0], password=ADMIN[1])
    keys = _keys()
    key, _, secret = keys.pop(BOT).partition(":")
    return Demo(PEOPLE, ADMIN, keys.pop("alice"), keys, (key, secret))


def _tiers(quote: Asset) -> None:
    """Lower fees for whoever trades much, unless there are tiers already."""
    if not FeeTier.objects.filter(quote=quote).exists():
        FeeTier.objects.bulk_create(
            FeeTier(
                quote=quote,
                name=name,
                min_volume=Decimal(volume),
                maker_fee_rate=maker,
                taker_fee_rate=taker,
            )
            for name, volume, maker, taker in TIERS
        )


def _person(name: str, password: str | None, money: dict[str, int]) -> None:
    user = User.objects.filter(username=name).first()
    # Set anew, even to the same, a password ends its owner's sessions.
    is_set = user is not None and password is not None and user.check_password(password)
    account = accounts.open_account(name, None if is_set else password)
    for symbol, amount in money.items():
        asset = Asset.objects.get(symbol=symbol)
        if not Balance.objects.filter(account=account, asset=asset).exists():
            accounts.deposit(account, asset, amount * 10**asset.decimals, note="demo")


def _is_good(name: str, key: str) -> bool:
    """Whether a key of the file still lets somebody in."""
    if name == BOT:
        return signing_key_of(key.partition(":")[0]) is not None
    return accounts.principal_of_key(key) is not None


def _keys() -> dict[str, str]:
    """The keys of the file, those that are no longer good replaced."""
    path = settings.VAR_DIR / KEYS_FILE
    keys: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    good = {name: key for name, key in keys.items() if _is_good(name, key)}
    if BOT not in good:
        _, key, secret = make_hmac_key(accounts.open_account("alice"), "demo bot")
        good[BOT] = f"{key}:{secret}"
    for name in ("alice", *TRADERS):
        if name not in good:
            good[name] = accounts.make_api_key(accounts.open_account(name), "demo")[1]
    if good != keys:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(good, file)
    return good
