"""Why a batch could not be made durable. After each of these, nothing of it was written.

StoreError
├── SequenceTaken      another engine writes this market
├── Outdated           what the batch counted on changed elsewhere: read and execute again
└── StoreUnavailable   the database does not answer, or gave up
"""

from __future__ import annotations


class StoreError(Exception):
    """Nothing was written."""


class SequenceTaken(StoreError):
    """The market's sequence is not the one that this engine left."""


class Outdated(StoreError):
    """These accounts spent money, or used a client_order_id, in another market meanwhile."""

    def __init__(self, accounts: frozenset[int]) -> None:
        super().__init__(f"changed elsewhere for {len(accounts)} account(s)")
        self.accounts = accounts


class StoreUnavailable(StoreError):
    """The database cannot be reached, or refused for a reason of its own."""
