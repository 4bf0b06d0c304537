"""Scene: one story of a book channel, told step by step together with what must come of each step.

Rules:
- Whoever writes a scene says what must come of a step. Of a book in step only its sequence is said: the
  levels and the checksum are then those that the publisher had at that sequence, counted anew.
- No client runs here, and nothing that a client does is looked at.
- Times are milliseconds since the scene began.
"""

from copy import deepcopy
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tests.clients.publisher import Message, Publisher

Step = dict[str, Any]

SECOND = 1000


class Reason(StrEnum):
    """Why a book may not be read."""

    NOT_CONNECTED = "not_connected"
    WAITING = "waiting"
    """The first snapshot has not come yet."""
    GAP = "gap"
    """The message does not continue from the sequence that the book has."""
    CHECKSUM = "checksum"
    """The levels do not add up to the message's checksum."""
    OLD_SNAPSHOT = "old_snapshot"
    """The snapshot is older than what was in step before: asked for once more."""
    SILENCE = "silence"
    UNREADABLE = "unreadable"


class Scene:
    """One story, and its exchange's end of the channel."""

    def __init__(self, name: str, market: str = "BTC-USD") -> None:
        self.name = name
        self.exchange = Publisher(market)
        self.steps: list[Step] = []
        self.now = 0
        self._in_step_at: int | None = None
        self.reason = Reason.NOT_CONNECTED

    # What happens

    def later(self, milliseconds: int = SECOND) -> None:
        """Let time go by, in which the client is not called."""
        self.now += milliseconds

    def subscribe(self) -> None:
        """The client subscribes: that is a request for a snapshot."""
        self._out_of_step(Reason.WAITING)
        self._add("subscribed")

    def disconnect(self) -> None:
        """The connection ends."""
        self._out_of_step(Reason.NOT_CONNECTED)
        self._add("disconnected")

    # What must come of it: of a message, or of a look at the clock where there is none

    def applied(self, message: Message) -> None:
        """The book is now the exchange's at the message's sequence."""
        self._in_step_at = message["data"]["sequence"]
        self._add("message", message, "applied")

    def confirmed(self, message: Message) -> None:
        """The book is what it was, and that was confirmed."""
        assert self._in_step_at == message["data"]["sequence"]
        self._add("message", message, "confirmed")

    def ignored(self, message: Any = None) -> None:
        """Nothing changed and nothing is to be sent."""
        self._add("tick" if message is None else "message", message, "ignored")

    def resync(self, message: Any, reason: Reason) -> None:
        """The book may not be read; a fresh snapshot is to be asked for now."""
        self._out_of_step(reason)
        self._add("message", message, "resync")

    def tick_resync(self, reason: Reason) -> None:
        """The same, because of the time that went by."""
        self._out_of_step(reason)
        self._add("tick", None, "resync")

    def held_back(self, message: Any, reason: Reason) -> None:
        """The book may not be read, but the last request was a moment ago: it is too early for another."""
        self._out_of_step(reason)
        self._add("message", message, "ignored")

    # Beginnings and ends that many scenes share

    def begin(self) -> Publisher:
        """In step with the contract's example, at sequence 3."""
        self.exchange.update(("bids", "100", "1.5"))
        self.exchange.update(("bids", "99.5", "2"))
        self.exchange.update(("asks", "101", "0.25"))
        self.subscribe()
        self.later(50)
        self.applied(self.exchange.snapshot())
        return self.exchange

    def heal(self) -> None:
        """The snapshot that was asked for comes, and the next update follows it."""
        self.later(100)
        self.applied(self.exchange.snapshot())
        self.later(100)
        self.applied(self.exchange.update(("bids", "98", "4")))
        self.later()

    def _out_of_step(self, reason: Reason) -> None:
        self._in_step_at = None
        self.reason = reason

    def _add(self, event: str, message: Any = None, outcome: str | None = None) -> None:
        step: Step = {"at": self.now, "event": event}
        if event == "message":
            step["message"] = deepcopy(message)
        step["expect"] = {"outcome": outcome, **self._standing()}
        self.steps.append(step)

    def _standing(self) -> Step:
        at = self._in_step_at
        if at is None:
            return {"in_step": False, "reason": str(self.reason)}
        return {
            "in_step": True,
            "sequence": at,
            "checksum": self.exchange.checksum(at),
            "bids": self._levels("bids", at),
            "asks": self._levels("asks", at),
        }

    def _levels(self, side: str, at: int) -> list[list[str]]:
        """Best first: the highest bid, the lowest ask."""
        levels = [list(level) for level in self.exchange.history[at][side].items()]
        return sorted(levels, key=lambda level: Decimal(level[0]), reverse=side == "bids")


def changed(message: Message, **data: Any) -> Message:
    """The message with other fields in its data."""
    other = deepcopy(message)
    other["data"].update(data)
    return other


def without(message: Message, *names: str) -> Message:
    """The message without some fields of its data."""
    other = deepcopy(message)
    for name in names:
        del other["data"][name]
    return other
