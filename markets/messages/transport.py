"""What our own processes send each other through the channel layer: JSON in one `payload` of bytes.

To `engine.SYMBOL`:
- `engine.commands`: commands merged by one gateway, and where the answer goes.
- `engine.operator`: look for operators' commands in the database.
- `engine.alive`: a gateway lives, whose connections' orders are canceled when they are lost.
To a gateway: `gateway.answer`, the outcomes in the order of the commands.
To the group `market.SYMBOL`: `market.batch` (what one batch changed) and `market.pulse` (where the
engine stands, each second). JSON, since amounts may be larger than 64 bits.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from markets.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    KeepOrders,
    PlaceGroup,
    PlaceOrder,
)
from markets.matching.events import Done, Indication, Outcome, Refused, Trade
from markets.matching.types import OrderState, RejectReason

COMMANDS: Final = "engine.commands"
OPERATOR: Final = "engine.operator"
ALIVE: Final = "engine.alive"
ANSWER: Final = "gateway.answer"
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
    """What came of one command: done, refused, or failed before it was looked at."""

    order: OrderState | None = None
    group: tuple[OrderState, ...] = ()
    """All orders of the group that the command placed."""
    trades: tuple[Trade, ...] = ()
    """Of the command's own orders."""
    canceled: tuple[int, ...] = ()
    duplicate: bool = False
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


class Pulse(msgspec.Struct, frozen=True):
    """Where the engine stands."""

    sequence: int
    checksum: int


def answer_of(outcome: Outcome) -> Answer:
    """What a gateway is told of an outcome."""
    match outcome:
        case Refused(code, message, errors, order):
            return Answer(code=code, message=message, errors=errors, order=order)
        case Done():
            own = {order.id for order in outcome.group}
            if outcome.order is not None:
                own.add(outcome.order.id)
            trades = tuple(
                trade
                for trade in outcome.trades
                if trade.taker_order in own or trade.maker_order in own
            )
            return Answer(
                order=outcome.order,
                group=outcome.group,
                trades=trades,
                canceled=outcome.canceled,
                duplicate=outcome.duplicate,
            )


Raw = msgspec.Raw
encode = msgspec.json.encode
decode_commands = msgspec.json.Decoder(Commands).decode
decode_answers = msgspec.json.Decoder(Answers).decode
decode_batch = msgspec.json.Decoder(BatchNotice).decode
decode_pulse = msgspec.json.Decoder(Pulse).decode
