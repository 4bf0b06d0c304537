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

from markets.matching.events import BalanceChange
from markets.matching.types import Asset


class Ledger:
    """The balance changes of the batch at hand, in units, by account and asset."""

    def __init__(self) -> None:
        self._funds: Mapping[tuple[int, Asset], int] = {}
        self._available: dict[tuple[int, Asset], int] = {}
        self._held: dict[tuple[int, Asset], int] = {}

    def begin(self, funds: Mapping[tuple[int, Asset], int]) -> None:
        """Start a batch with what each account that sends commands has available."""
        self._funds = funds
        self._available = {}
        self._held = {}

    def available(self, account: int, asset: Asset) -> int:
        """What the account may spend now, as far as this batch knows."""
        key = (account, asset)
        return self._funds.get(key, 0) + self._available.get(key, 0)

    def credit(self, account: int, asset: Asset, amount: int) -> None:
        """Add to available money (or, negative, take from it)."""
        key = (account, asset)
        self._available[key] = self._available.get(key, 0) + amount

    def hold(self, account: int, asset: Asset, amount: int) -> None:
        """Move available money into a hold; negative: release it."""
        key = (account, asset)
        self._available[key] = self._available.get(key, 0) - amount
        self._held[key] = self._held.get(key, 0) + amount

    def pay_from_hold(self, account: int, asset: Asset, amount: int) -> None:
        """Spend held money."""
        key = (account, asset)
        self._held[key] = self._held.get(key, 0) - amount

    def changes(self) -> dict[tuple[int, Asset], BalanceChange]:
        """The batch's differences, those that are nothing left out."""
        return {
            key: BalanceChange(available, held)
            for key in self._available.keys() | self._held.keys()
            if (available := self._available.get(key, 0)) | (held := self._held.get(key, 0))
        }

    def check(self) -> None:
        """Assert that no money appeared or vanished."""
        for asset in Asset:
            moved = sum(
                change.available + change.held
                for (_, of), change in self.changes().items()
                if of is asset
            )
            assert moved == 0, f"{moved} units of {asset} came from nowhere"
