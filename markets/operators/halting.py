"""Halting every market at once, and resuming those that were halted so.

Rules:
- Open markets and auctions are halted; who is halted or closed already stays as it is.
- What was halted so is known by its market's last command: as soon as anybody (a schedule, too) asked for
  another status, it is not resumed with the others.
- A market that was in an auction is resumed as an auction, which lasts until somebody opens it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Q

from markets.matching.types import MarketStatus
from markets.models import Market, OperatorCommand
from markets.operators.wishes import ask

TRADING: Final = (MarketStatus.OPEN.value, MarketStatus.AUCTION.value)
"""The statuses that a halt of all ends."""
WAS: Final = "was"
"""What a market was before it was halted with all others: only such commands say so."""


@dataclass(frozen=True, slots=True)
class HaltedMarket:
    """A market that was halted with all others."""

    market: Market
    was: MarketStatus
    """What it is again when it is resumed."""


def trading_markets() -> list[Market]:
    """Those that a halt of all would halt."""
    return list(Market.objects.filter(status__in=TRADING))


@transaction.atomic
def halt_all(by: str, note: str) -> list[OperatorCommand]:
    """Halt every market that trades or collects orders; the commands that their engines carry out."""
    halted = {"status": MarketStatus.HALTED.value}
    return [
        ask(market, "set_status", halted | {WAS: market.status}, by, note)
        for market in trading_markets()
    ]


def halted_together() -> list[HaltedMarket]:
    """The markets that were halted with all others and that nobody gave another status since."""
    found = []
    waits = Q(operator_commands__done=False)
    halted = Market.objects.filter(Q(status=MarketStatus.HALTED) | waits).distinct()
    for market in halted.exclude(status=MarketStatus.CLOSED):
        asked = OperatorCommand.objects.filter(market=market, kind="set_status")
        last = asked.order_by("-pk").first()
        if last is not None and WAS in last.params and not last.refusal:
            found.append(HaltedMarket(market, MarketStatus(last.params[WAS])))
    return found


@transaction.atomic
def resume_all(by: str, note: str) -> list[OperatorCommand]:
    """Give the markets that were halted together the status that they had."""
    return [
        ask(halted.market, "set_status", {"status": halted.was.value}, by, note)
        for halted in halted_together()
    ]
