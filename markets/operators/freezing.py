"""Freezing an account: every market cancels its orders, and takes no more of it until it is unfrozen.

Rules:
- The row of `FrozenAccount` is the truth; each market's engine hears of it by a command, and has it from the
  row when it starts. So an engine that is away now knows before it takes anybody's next order.
- In each market the freeze has its place in the sequence: an order that was on its way is either before it,
  and canceled by it, or after it, and refused. None is left resting.
- Row and commands are one transaction. Markets are looked for again after it: one that was made meanwhile may
  have started with the rows as they were before.
- To freeze what is frozen asks the engines again, and changes neither since when nor why.
"""

from __future__ import annotations

import logging

from django.db import transaction

from markets.models import FEE_ACCOUNT_NAME, Account, FrozenAccount, Market, OperatorCommand
from markets.operators.wishes import ask

logger = logging.getLogger(__name__)


class FreezeRefused(ValueError):
    """The account cannot be frozen; the message says why."""


def freeze_account(account: Account, by: str, reason: str) -> list[OperatorCommand]:
    """Freeze an account; the commands that the markets' engines carry out. Raises FreezeRefused."""
    if account.name == FEE_ACCOUNT_NAME:
        raise FreezeRefused(f"{account} is the exchange's own account: it has no orders")
    if not reason.strip():
        raise FreezeRefused("a freeze needs a reason")
    with transaction.atomic():
        if not FrozenAccount.objects.select_for_update().filter(account=account).exists():
            FrozenAccount.objects.create(account=account, by=by, reason=reason)
        commands = _tell_markets(account, by, reason, frozen=True)
    return commands + _tell_markets(account, by, reason, frozen=True, told=commands)


def unfreeze_account(account: Account, by: str, reason: str) -> list[OperatorCommand]:
    """Let an account place orders again. Raises FreezeRefused if it is not frozen."""
    with transaction.atomic():
        frozen = FrozenAccount.objects.select_for_update().filter(account=account).first()
        if frozen is None:
            raise FreezeRefused(f"{account} is not frozen")
        frozen.delete()
        commands = _tell_markets(account, by, reason, frozen=False)
    return commands + _tell_markets(account, by, reason, frozen=False, told=commands)


def frozen_of(account: Account) -> FrozenAccount | None:
    """Since when and why the account is frozen, if it is."""
    return FrozenAccount.objects.filter(account=account).first()


def _tell_markets(
    account: Account,
    by: str,
    reason: str,
    *,
    frozen: bool,
    told: list[OperatorCommand] | None = None,
) -> list[OperatorCommand]:
    """Ask every market's engine, but for those that were asked already."""
    params = {"account": account.pk, "frozen": frozen, "name": account.name}  # its name: to read
    markets = Market.objects.exclude(pk__in=[command.market_id for command in told or ()])
    return [ask(market, "set_frozen", params, by, reason) for market in markets]
