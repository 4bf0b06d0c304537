"""What our own processes send each other through the channel layer, in one `payload`.

JSON in bytes between processes; within one, the message itself in a `Parcel`, which is handed over as it is.

To `engine.SYMBOL`:
- `engine.commands`: commands merged by one gateway, and where the answer goes.
- `engine.operator`: look for operators' commands in the database.
- `engine.alive`: a gateway lives, whose connections' orders are canceled when they are lost.
- `engine.drain`: the engine of that token takes nothing that comes after this; its successor does.
To an engine process: `host.look` (there may be markets to take) and `host.superseded` (others run these now).
To a gateway: `gateway.answer`, the outcomes in the order of the commands; `gateway.echo`, from itself.
To the group `market.SYMBOL`: `market.batch` (what one batch changed) and `market.pulse` (where the
engine stands, each second). JSON, since amounts may be larger than 64 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, Self, TypeVar

import msgspec
from channels.layers import InMemoryChannelLayer

from markets.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    KeepOrders,
    PlaceGroup,
    PlaceOrder,
)
from markets.matching.events import Indication, Outcome, Refused, Trade
from markets.matching.types import RejectReason
from markets.messages.orders import Telling

COMMANDS: Final = "engine.commands"
OPERATOR: Final = "engine.operator"
ALIVE: Final = "engine.alive"
DRAIN: Final = "engine.drain"
LOOK: Final = "host.look"
SUPERSEDED: Final = "host.superseded"
ANSWER: Final = "gateway.answer"
ECHO: Final = "gateway.echo"
BATCH: Final = "market.batch"
PULSE: Final = "market.pulse"


def engine_channel(symbol: str) -> str:
    """Where a market's engine listens."""
    return f"engine.{symbol}"


def market_group(symbol: str) -> str:
    """Where a market's engine is heard."""
    return f"market.{symbol}"


class Failure(StrEnum):
    """Why commands were not carried out at all: the contract's codes."""

    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"


class Place(msgspec.Struct, tag="place", array_like=True, frozen=True):
    """Carries a PlaceOrder."""

    command: PlaceOrder


class PlaceTogether(msgspec.Struct, tag="place_group", array_like=True, frozen=True):
    """Carries a PlaceGroup."""

    command: PlaceGroup


class Amend(msgspec.Struct, tag="amend", array_like=True, frozen=True):
    """Carries an AmendOrder."""

    command: AmendOrder


class Cancel(msgspec.Struct, tag="cancel", array_like=True, frozen=True):
    """Carries a CancelOrder."""

    command: CancelOrder


class CancelEverything(msgspec.Struct, tag="cancel_all", array_like=True, frozen=True):
    """Carries a CancelAll."""

    command: CancelAll


class CancelEverythingAfter(msgspec.Struct, tag="cancel_after", array_like=True, frozen=True):
    """Carries a CancelAllAfter."""

    command: CancelAllAfter


class Keep(msgspec.Struct, tag="keep", array_like=True, frozen=True):
    """Carries a KeepOrders."""

    command: KeepOrders


ClientCommand = (
    PlaceOrder | PlaceGroup | AmendOrder | CancelOrder | CancelAll | CancelAllAfter | KeepOrders
)
"""What clients may wish for; operators' wishes travel through the database."""
Carrier = Place | PlaceTogether | Amend | Cancel | CancelEverything | CancelEverythingAfter | Keep


def carry(command: ClientCommand) -> Carrier:
    """Wrap a command so that the other end knows its kind."""
    match command:
        case PlaceOrder():
            return Place(command)
        case PlaceGroup():
            return PlaceTogether(command)
        case AmendOrder():
            return Amend(command)
        case CancelOrder():
            return Cancel(command)
        case CancelAll():
            return CancelEverything(command)
        case CancelAllAfter():
            return CancelEverythingAfter(command)
        case KeepOrders():
            return Keep(command)


class Commands(msgspec.Struct, frozen=True):
    """Commands of one gateway for one market."""

    id: int
    reply_channel: str
    commands: list[Carrier]


class Answer(msgspec.Struct, frozen=True):
    """What came of one command: done, refused, or failed before it was looked at.

    Orders are the contract's JSON, with the fills of the command beside them.
    """

    order: str | None = None
    """The command's own order, or the one that a refusal is about."""
    order_id: int = 0
    fills: list[str] = []
    group: list[tuple[str, list[str]]] = []
    """All orders of the group that the command placed."""
    group_id: int | None = None
    canceled: tuple[int, ...] = ()
    duplicate: bool = False
    """It had been done before: its fills are not here."""
    code: RejectReason | None = None
    failure: Failure | None = None
    message: str = ""
    errors: dict[str, list[str]] = {}


class Answers(msgspec.Struct, frozen=True):
    """The answers to `Commands` of the same id, in its order."""

    id: int
    answers: list[Answer]


class PrivatePart(msgspec.Struct, frozen=True):
    """An account's private messages of one batch."""

    account: int
    first: int
    last: int
    payload: str


class BatchNotice(msgspec.Struct, frozen=True):
    """What one batch changed, for the processes that tell clients."""

    prev_sequence: int
    sequence: int
    checksum: int
    update: msgspec.Raw
    """The contract's book update `data`, ready to send."""
    trades: list[Trade]
    status: str
    """The market's status, changed or not."""
    auction_ends_at: int | None
    indication: Indication | None
    """While the market is in an auction."""
    reconfigured: bool
    private: list[PrivatePart]
    timestamp: int = 0
    """The engine's clock, in microseconds; 0: of a release that did not say it."""


class Pulse(msgspec.Struct, frozen=True):
    """Where the engine stands."""

    sequence: int
    checksum: int
    timestamp: int = 0
    """The engine's clock, in microseconds; not before that of its last batch."""


def answer_of(outcome: Outcome, telling: Telling) -> Answer:
    """What a gateway is told of an outcome."""
    order = outcome.order
    text = None if order is None else telling.order(order)
    if isinstance(outcome, Refused):
        return Answer(order=text, code=outcome.code, message=outcome.message, errors=outcome.errors)
    if order is None:
        return Answer(canceled=outcome.canceled)
    _, group, _, _, canceled, duplicate = outcome
    trades = outcome.trades
    fills = telling.fills(order, trades) if trades else []
    if not group:
        return Answer(text, order.id, fills, [], order.group, canceled, duplicate)
    members = [(telling.order(each), telling.fills(each, trades)) for each in group]
    return Answer(text, order.id, fills, members, order.group, canceled, duplicate)


class Parcel:
    """A message that stays in its process. Messages are never changed, so a copy of one is itself."""

    __slots__ = ("message",)

    def __init__(self, message: object) -> None:
        self.message = message

    def __deepcopy__(self, memo: object) -> Self:
        return self


M = TypeVar("M")


def pack(message: msgspec.Struct, layer: object) -> bytes | Parcel:
    """The message as a layer's payload."""
    if isinstance(layer, InMemoryChannelLayer):
        return Parcel(message)
    return msgspec.json.encode(message)


def _unpacker(kind: type[M]) -> Callable[[bytes | Parcel], M]:
    decode = msgspec.json.Decoder(kind).decode

    def unpack(payload: bytes | Parcel) -> M:
        if isinstance(payload, Parcel):
            assert isinstance(payload.message, kind)
            return payload.message
        return decode(payload)

    return unpack


Raw = msgspec.Raw
encode = msgspec.json.encode
unpack_commands = _unpacker(Commands)
unpack_answers = _unpacker(Answers)
unpack_batch = _unpacker(BatchNotice)
unpack_pulse = _unpacker(Pulse)
