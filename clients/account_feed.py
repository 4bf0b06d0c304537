"""AccountFeed: an account's numbered messages in, each event out exactly once. No socket.

Rules:
- An account has one sequence over its orders, fills and balances, without gaps; so all three
  channels are always subscribed, and a missing number is a missing message.
- A first subscription brings one snapshot a channel, then updates; an update that a channel's
  snapshot already holds is dropped, one that comes before all snapshots are there waits for them.
  A resumed one brings the updates from `resume_from` on.
- A number at or before the last one is a repeat and is dropped. A number further on than the next
  is a gap: SequenceGap is raised, and the caller resumes from `resume_from`.
"""

from dataclasses import dataclass
from typing import Any, Literal

from clients.errors import UnexpectedAnswer
from clients.records import Balance, Fill, Order

CHANNELS = ("orders", "fills", "balances")


class SequenceGap(UnexpectedAnswer):
    """A private message is missing between `expected` and `found`."""

    def __init__(self, expected: int, found: int) -> None:
        self.expected = expected
        self.found = found
        super().__init__(f"private message {expected} is missing: {found} came instead")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateEvent:
    """What happened to an account, or in a snapshot how it stands; one of the tuples is filled."""

    channel: str
    type: Literal["snapshot", "update"]
    sequence: int
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()
    balances: tuple[Balance, ...] = ()


class AccountFeed:
    """Follows the three private channels of one account."""

    def __init__(self, from_sequence: int | None = None) -> None:
        self._last = None if from_sequence is None else from_sequence - 1
        self._snapshots: dict[str, int] = {}
        self._early: list[PrivateEvent] = []

    @property
    def resume_from(self) -> int | None:
        """The first number still wanted, or None where snapshots are."""
        return None if self._last is None else self._last + 1

    def reconnected(self) -> None:
        """Say that a new subscription was made, with `resume_from`."""
        if self._last is None:
            self._snapshots.clear()
            self._early.clear()

    def receive(self, message: dict[str, Any]) -> list[PrivateEvent]:
        """Take one pushed message and return what is new, in order.

        Raises SequenceGap, and UnexpectedAnswer for what cannot be read.
        """
        if message.get("channel") not in CHANNELS:
            return []
        event = _read(message)
        return self._take_snapshot(event) if event.type == "snapshot" else self._take_update(event)

    def _take_snapshot(self, event: PrivateEvent) -> list[PrivateEvent]:
        if self._last is not None:
            if event.sequence > self._last:
                raise SequenceGap(self._last + 1, event.sequence)
            return []
        self._snapshots[event.channel] = event.sequence
        events = [event]
        if len(self._snapshots) == len(CHANNELS):
            self._last = min(self._snapshots.values())
            for early in self._early:
                events += self._take_update(early)
            self._early.clear()
        return events

    def _take_update(self, event: PrivateEvent) -> list[PrivateEvent]:
        if self._last is None:
            self._early.append(event)
            return []
        if event.sequence <= self._last:
            return []
        if event.sequence <= self._snapshots.get(event.channel, 0):
            self._last = event.sequence
            return []
        if event.sequence != self._last + 1:
            raise SequenceGap(self._last + 1, event.sequence)
        self._last = event.sequence
        return [event]


def _read(message: dict[str, Any]) -> PrivateEvent:
    channel, kind, data = message["channel"], message.get("type"), message.get("data")
    if kind not in ("snapshot", "update") or not isinstance(data, dict):
        raise UnexpectedAnswer(f"not a private message: {message!r}")
    sequence, rows = data.get("sequence"), data.get(channel)
    if not isinstance(sequence, int) or not isinstance(rows, list):
        raise UnexpectedAnswer(f"a private message without sequence or {channel}: {message!r}")
    return PrivateEvent(
        channel=channel,
        type=kind,
        sequence=sequence,
        orders=tuple(Order.from_json(row) for row in rows) if channel == "orders" else (),
        fills=tuple(Fill.from_json(row) for row in rows) if channel == "fills" else (),
        balances=tuple(Balance.from_json(row) for row in rows) if channel == "balances" else (),
    )
