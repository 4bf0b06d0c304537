"""Accounts, deposits, withdrawals, API keys: what is not trading, and the money that does not trade.

Rules:
- Rows are locked as the store locks them: the account first, then its balances.
- A movement is a Transfer row, a balance, and a private event of the account, in one transaction.
- An API key's secret is shown once and kept as a hash.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from markets.key_limits import KeyLimits, Network, network_text
from markets.matching.types import format_units
from markets.messages.public import NotADecimal, TooFine, balance_json, parse_units
from markets.models import (
    FEE_ACCOUNT_NAME,
    Account,
    AccountEvents,
    ApiKey,
    Asset,
    Balance,
    KeyKind,
    Market,
    Transfer,
)

KEY_PREFIX_LENGTH: Final = 12
MAX_API_KEYS: Final = 50
"""Keys of one account that are not revoked."""
MAX_TRANSFER_DIGITS: Final = 30
FAUCET: Final = Decimal(1_000_000)
"""Play money a call: this much of each quote asset, a ten-thousandth of it of the others."""


class TransferRefused(ValueError):
    """The money cannot be moved; the message says why."""


def fee_account() -> Account:
    """The exchange's own account, where fees go; its balances may pay makers' rebates."""
    account, _ = Account.objects.get_or_create(name=FEE_ACCOUNT_NAME)
    return account


def open_fee_balances(assets: list[Asset]) -> None:
    """Let the fee account take fees, and pay rebates, in these assets."""
    account = fee_account()
    for asset in assets:
        Balance.objects.update_or_create(account=account, asset=asset, defaults={"overdraft": True})


@transaction.atomic
def open_account(name: str, password: str | None = None) -> Account:
    """The account of that name, with its user; made if there is none. A password given is set."""
    if name == FEE_ACCOUNT_NAME:
        raise ValueError(f"{name} is the exchange's own account")
    _check_name(name)
    user, _ = User.objects.get_or_create(username=name)
    if password is not None:
        user.set_password(password)
        user.save(update_fields=["password"])
    elif not user.password:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    account, _ = Account.objects.get_or_create(name=name, defaults={"user": user})
    return account


def _check_name(name: str) -> None:
    """Raise ValueError unless somebody has it, or a user may."""
    try:
        User._meta.get_field("username").clean(name, None)
    except ValidationError as error:
        if not User.objects.filter(username=name).exists():
            raise ValueError(f"{name!r} is no name: {' '.join(error.messages)}") from error


def open_account_of(user: User) -> Account:
    """The account of somebody who signed up just now. Raises IntegrityError if the name is taken."""
    return Account.objects.create(name=user.get_username(), user=user)


def parse_amount(text: object, asset: Asset) -> int:
    """An amount above 0 in the asset's units. Raises TransferRefused."""
    try:
        units = parse_units(text, asset.decimals)
    except NotADecimal as error:
        raise TransferRefused(f"amount {error}") from error
    except TooFine as error:
        raise TransferRefused(f"{asset} has {asset.decimals} decimals") from error
    if units <= 0:
        raise TransferRefused("amount must be more than 0")
    return units


def deposit(
    account: Account, asset: Asset, amount: int, note: str = "", kind: str = "deposit"
) -> int:
    """Add money that came in; returns what is available now."""
    return _transfer(account, asset, amount, kind, note)


def withdraw(account: Account, asset: Asset, amount: int, note: str = "") -> int:
    """Take out available money. Raises TransferRefused if there is too little."""
    return _transfer(account, asset, -amount, "withdrawal", note)


@transaction.atomic
def _transfer(account: Account, asset: Asset, amount: int, kind: str, note: str) -> int:
    locked = Account.objects.select_for_update().get(pk=account.pk)
    Balance.objects.get_or_create(account=locked, asset=asset)
    balance = Balance.objects.select_for_update().get(account=locked, asset=asset)
    available = balance.available + amount
    if available < 0 and amount < 0:
        has = format_units(balance.available, asset.decimals)
        raise TransferRefused(f"{account} has {has} {asset} available")
    balance.available = available
    balance.save(update_fields=["available"])
    Transfer.objects.create(account=locked, asset=asset, kind=kind, amount=amount, note=note)
    told = [("balances", {"balances": [_json(balance, asset)]})]
    locked.event_sequence += 1
    locked.save(update_fields=["event_sequence"])
    AccountEvents.objects.create(
        account=locked,
        first_sequence=locked.event_sequence,
        last_sequence=locked.event_sequence,
        payload=json.dumps(told, separators=(",", ":")),
    )
    return available


def _json(balance: Balance, asset: Asset) -> dict[str, str]:
    return balance_json(asset.symbol, asset.decimals, balance.available, balance.held)


def balances(account: Account) -> list[dict[str, str]]:
    """What the account has, by asset."""
    rows = Balance.objects.filter(account=account).select_related("asset").order_by("asset__symbol")
    return [_json(row, row.asset) for row in rows]


# API keys


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling, and what the key (or session) allows."""

    account: Account
    can_read: bool = True
    can_trade: bool = True
    connection: str | None = None
    """The connection that its orders are canceled with, where that was asked for."""
    limits: KeyLimits | None = None
    """Of a key that expires, or may be used from some addresses only; whoever lets it in checks them."""


class TooManyKeys(ValueError):
    """The account has MAX_API_KEYS keys already."""


def make_api_key(
    account: Account,
    name: str = "",
    *,
    can_read: bool = True,
    can_trade: bool = True,
    allowed_ips: Sequence[Network] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which nobody can see again. Raises TooManyKeys."""
    secret = f"ex_{secrets.token_urlsafe(32)}"
    row = add_key(
        account,
        secret,
        allowed_ips,
        name=name,
        can_read=can_read,
        can_trade=can_trade,
        expires_at=expires_at,
    )
    return row, secret


def add_key(
    account: Account, key: str, allowed_ips: Sequence[Network] = (), **columns: Any
) -> ApiKey:
    """Keep a key that was just made; of what is sent only a hash. Raises TooManyKeys."""
    if ApiKey.objects.filter(account=account, revoked_at=None).count() >= MAX_API_KEYS:
        raise TooManyKeys(f"at most {MAX_API_KEYS} API keys an account; delete one first")
    return ApiKey.objects.create(
        account=account,
        prefix=key[:KEY_PREFIX_LENGTH],
        hashed=hash_of_key(key),
        allowed_ips=[network_text(network) for network in allowed_ips],
        **columns,
    )


def hash_of_key(secret: str) -> str:
    """What is kept of a key: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def principal_of_key(secret: str) -> Principal | None:
    """Whose key it is; None for keys that are unknown or revoked. Its limits are not looked at here."""
    key = (
        ApiKey.objects.select_related("account__user")
        .filter(hashed=hash_of_key(secret), kind=KeyKind.BEARER, revoked_at=None)
        .first()
    )
    return None if key is None else principal_of_row(key)


def principal_of_row(key: ApiKey) -> Principal | None:
    """What a key that is in force allows, and that it is used; None if its user is locked out."""
    if key.account.user is not None and not key.account.user.is_active:
        return None
    now = timezone.now()
    if key.last_used_at is None or (now - key.last_used_at).total_seconds() > LAST_USED_INTERVAL:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return Principal(key.account, key.can_read, key.can_trade, limits=KeyLimits.of(key))


LAST_USED_INTERVAL: Final = 60
"""Seconds: how exact `last_used_at` is."""


def principal_of_user(user: User) -> Principal | None:
    """The account of somebody who is logged in."""
    account = Account.objects.filter(user=user).first()
    return None if account is None else Principal(account)


def faucet(account: Account) -> list[dict[str, str]]:
    """Play money for the account, of every asset."""
    quotes = set(Market.objects.values_list("quote", flat=True))
    for asset in Asset.objects.all():
        worth = FAUCET if asset.pk in quotes else FAUCET / 10_000
        deposit(account, asset, int(worth.scaleb(asset.decimals)), kind="faucet")
    return balances(account)
