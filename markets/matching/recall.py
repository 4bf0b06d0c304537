"""What an engine must know of orders and funds that are not in its book, and what a batch did so far.

An order leaves the engine's memory when it ends; who asks for it again (a repeated client_order_id, a
late cancel) is answered from the batch at hand, or from what was read from the rows just before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from markets.matching.book import Book
from markets.matching.commands import (
    AmendOrder,
    CancelOrder,
    Command,
    PlaceGroup,
    PlaceOrder,
)
from markets.matching.types import Asset, OrderState


class Elsewhere:
    """Stands for an order of another market, where a client_order_id is looked up."""


ELSEWHERE = Elsewhere()


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What must be known before commands are executed, and is not in the engine's memory."""

    accounts: frozenset[int]
    client_order_ids: frozenset[tuple[int, str]]
    order_ids: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The answer to `Needs`, read just before the batch."""

    funds: Mapping[tuple[int, Asset], int] = field(default_factory=dict)
    client_order_ids: Mapping[tuple[int, str], OrderState | Elsewhere] = field(default_factory=dict)
    orders: Mapping[int, OrderState] = field(default_factory=dict)


def needs_of(commands: Iterable[Command], book: Book) -> Needs:
    """What must be known for these commands, given the book that they will meet."""
    accounts: set[int] = set()
    client_order_ids: set[tuple[int, str]] = set()
    order_ids: set[int] = set()
    single: list[Command] = []
    for command in commands:
        single += command.orders if isinstance(command, PlaceGroup) else (command,)
    for command in single:
        if not isinstance(command, PlaceOrder | AmendOrder | CancelOrder):
            continue
        if command.account is not None:
            if not isinstance(command, CancelOrder):
                accounts.add(command.account)
            if command.client_order_id is not None:
                key = (command.account, command.client_order_id)
                if key not in book.by_client_order_id:
                    client_order_ids.add(key)
        if not isinstance(command, PlaceOrder):
            order_id = command.order_id
            if order_id is not None and order_id not in book.orders:
                order_ids.add(order_id)
    return Needs(
        accounts=frozenset(accounts),
        client_order_ids=frozenset(client_order_ids),
        order_ids=frozenset(order_ids),
    )


class Recall:
    """One batch's memory of orders."""

    def __init__(self, known: Known, sequence: int) -> None:
        self._known = known
        self._sequence = sequence
        self._ids: dict[tuple[int, str], int] = {}
        self.created: dict[int, OrderState] = {}
        """Orders that the batch brought into being, as it left them so far."""
        self.changed: dict[int, OrderState] = {}
        """Older orders that the batch changed, as it left them so far."""

    def note(self, states: Iterable[OrderState]) -> None:
        """Remember what a command made of orders."""
        for state in states:
            self.note_one(state)

    def note_new(self, state: OrderState) -> None:
        """Remember an order that the command at hand brought into being."""
        self.created[state.id] = state
        if state.client_order_id is not None:
            self._ids[state.account, state.client_order_id] = state.id

    def note_one(self, state: OrderState) -> None:
        """Remember what a command made of an order."""
        is_new = state.sequence > self._sequence
        (self.created if is_new else self.changed)[state.id] = state
        if state.client_order_id is not None:
            self._ids[state.account, state.client_order_id] = state.id

    def by_id(self, order_id: int) -> OrderState | None:
        """An order that the batch touched, or that was read before it."""
        return (
            self.created.get(order_id)
            or self.changed.get(order_id)
            or self._known.orders.get(order_id)
        )

    def by_client_order_id(self, key: tuple[int, str]) -> OrderState | Elsewhere | None:
        """The same, by account and client_order_id."""
        order_id = self._ids.get(key)
        if order_id is not None:
            return self.by_id(order_id)
        return self._known.client_order_ids.get(key)
