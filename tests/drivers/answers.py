"""What a test says to a market's core, and what it hears from it."""

from __future__ import annotations

from typing import TypedDict

from markets.matching.commands import Command
from markets.matching.events import Done, Outcome, Refused
from markets.matching.types import OrderState, OrderType


class Answer:
    """What a command came to. Inside a batch it is known when the batch has ended."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self._outcome: Outcome | None = None

    @property
    def outcome(self) -> Outcome:
        """What the engine said."""
        assert self._outcome is not None, "the batch has not run yet"
        return self._outcome

    @property
    def done(self) -> Done:
        """What the engine did, when it did not refuse."""
        assert isinstance(self.outcome, Done), self.outcome
        return self.outcome

    @property
    def refusal(self) -> Refused:
        """Why the engine refused."""
        assert isinstance(self.outcome, Refused), self.outcome
        return self.outcome

    @property
    def refused(self) -> str | None:
        """The code of the refusal, if it was one."""
        return str(self.outcome.code) if isinstance(self.outcome, Refused) else None

    @property
    def order(self) -> OrderState:
        """The command's order as the command left it."""
        order = self.outcome.order
        assert order is not None, self.outcome
        return order

    @property
    def events(self) -> list[str]:
        """The names of the facts that the command made, in order."""
        return [type(event).__name__ for event in self.done.events]


class Request(TypedDict, total=False):
    """What may be said of an order beside its trader, side and quantity. Times are seconds from now."""

    at: int
    type: str
    time_in_force: str
    post_only: bool
    self_trade_prevention: str
    client_order_id: str
    stop: int
    show: int
    expires_in: int
    max_slippage: int
    spending: int
    deadline_in: int
    validate_only: bool
    connection: str
    must_wait: bool


OrderName = Answer | str | int
"""How a test names an order: the answer to its placing, its client_order_id, or its id."""


def profit_type(price: int | None, stop_price: int | None) -> OrderType:
    """What the better one of two exits is by its prices."""
    if stop_price is None:
        return OrderType.LIMIT
    return OrderType.TAKE_PROFIT if price is None else OrderType.TAKE_PROFIT_LIMIT
