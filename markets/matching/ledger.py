"""What a batch does to balances: checked against the funds known at its start, kept as differences.

Rules:
- An account's *available* money of the market's two assets comes in with the batch (`begin`); *held*
  money is never asked for: it is what the account's resting orders need.
- A taker pays from available money at the price it trades at, so it keeps any price improvement; what
  is left of its order is held when it rests. A maker pays from held money.
- Every unit that leaves one account arrives at another: the differences of an asset add up to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from markets.matching.events import BalanceChange
from markets.matching.types import Asset, make

Purse = list[int]
"""An account's money in the batch at hand, by the places below; what it holds counts from 0."""

BASE: Final = 0
QUOTE: Final = 2
HELD: Final = 1
"""BASE and QUOTE are where an asset's available money is; + HELD is where its held money is. Behind them
stands what was available when the batch began, of base and of quote."""

_BASE_ASSET: Final = Asset.BASE
_QUOTE_ASSET: Final = Asset.QUOTE
_PLACES: Final = {_BASE_ASSET: BASE, _QUOTE_ASSET: QUOTE}


class Ledger:
    """The balances of the batch at hand, in units, by account and asset."""

    def __init__(self) -> None:
        self._funds: Mapping[tuple[int, Asset], int] = {}
        self.purses: dict[int, Purse] = {}
        """Of the accounts that the batch has to do with so far."""

    def begin(self, funds: Mapping[tuple[int, Asset], int]) -> None:
        """Start a batch with what each account that sends commands has available."""
        self._funds = funds
        self.purses = {}

    def purse(self, account: int) -> Purse:
        """An account's money."""
        return self.purses.get(account) or self.open(account)

    def open(self, account: int) -> Purse:
        """The money of an account that the batch comes to first."""
        base = self._funds.get((account, _BASE_ASSET), 0)
        quote = self._funds.get((account, _QUOTE_ASSET), 0)
        purse = self.purses[account] = [base, 0, quote, 0, base, quote]
        return purse

    def available(self, account: int, asset: Asset) -> int:
        """What the account may spend now, as far as this batch knows."""
        return self.purse(account)[_PLACES[asset]]

    def credit(self, account: int, asset: Asset, amount: int) -> None:
        """Add to available money (or, negative, take from it)."""
        self.purse(account)[_PLACES[asset]] += amount

    def hold(self, account: int, asset: Asset, amount: int) -> None:
        """Move available money into a hold; negative: release it."""
        purse, place = self.purse(account), _PLACES[asset]
        purse[place] -= amount
        purse[place + HELD] += amount

    def pay_from_hold(self, account: int, asset: Asset, amount: int) -> None:
        """Spend held money."""
        self.purse(account)[_PLACES[asset] + HELD] -= amount

    def changes(self) -> dict[tuple[int, Asset], BalanceChange]:
        """The batch's differences, those that are nothing left out."""
        changes: dict[tuple[int, Asset], BalanceChange] = {}
        for account, purse in self.purses.items():
            base, base_held, quote, quote_held, base_before, quote_before = purse
            if base != base_before or base_held:
                change = make(BalanceChange, (base - base_before, base_held))
                changes[account, _BASE_ASSET] = change
            if quote != quote_before or quote_held:
                change = make(BalanceChange, (quote - quote_before, quote_held))
                changes[account, _QUOTE_ASSET] = change
        return changes

    def check(self) -> None:
        """Assert that no money appeared or vanished."""
        for asset in Asset:
            moved = sum(
                change.available + change.held
                for (_, of), change in self.changes().items()
                if of is asset
            )
            assert moved == 0, f"{moved} units of {asset} came from nowhere"
