"""What can be asked, whichever way it comes: a call, what it needs of who asks, and what it costs.

REST and the WebSocket API carry out the same calls; they differ in how requests are read, signed and
answered.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeVar

from markets import process
from markets.accounts import Principal
from markets.binance import usage
from markets.binance.errors import (
    REJECTED_KEY,
    UNKNOWN,
    DialectError,
    translated,
)
from markets.binance.parameters import Parameters
from markets.problems import as_problem, note

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Access(Enum):
    """What a call needs of who asks."""

    NONE = "none"
    KEY = "key"
    """A key, but no signature."""
    READ = "read"
    TRADE = "trade"


@dataclass(slots=True)
class Request:
    """What is asked, and by whom."""

    params: Parameters
    address: str
    known: Principal | None = None
    api_key: str = ""
    """The key that they named."""

    @property
    def who(self) -> Principal:
        """Whose request it is; calls that need nobody do not ask."""
        assert self.known is not None
        return self.known

    @property
    def account(self) -> int:
        """The key of who asks."""
        return self.who.account.pk

    async def read(self, call: Callable[..., T], *args: object) -> T:
        """Read the database."""
        return await process.current().hub.read(call, *args)


Run = Callable[[Request], Awaitable[object]]
"""Carries out a request: what is answered, as JSON. Raises DialectError or Problem."""


@dataclass(frozen=True, slots=True)
class Call:
    """Something that can be asked."""

    run: Run
    access: Access = Access.NONE
    weight: int = 1
    """Orders weigh nothing: they have limits of their own."""
    orders: int = 0
    """How many it places."""


ORDER_WEIGHT: Final = 0


async def carry_out(call: Call, request: Request) -> object:
    """Do what is asked, if whoever asks may, and does not ask too much. Raises DialectError."""
    if call.access is not Access.NONE:
        _check_scope(call, request.who)
    usage.spend(request.address, request.known, call.weight)
    if call.orders:
        usage.spend_orders(request.who, call.orders)
    return await call.run(request)


def _check_scope(call: Call, who: Principal) -> None:
    """A key that may do neither is of no use here; what needs a key alone needs one that may read."""
    if not (who.can_trade if call.access is Access.TRADE else who.can_read):
        raise DialectError(REJECTED_KEY)


def as_dialect_error(error: Exception) -> DialectError:
    """What any exception is answered with; a defect of ours is logged."""
    if isinstance(error, DialectError):
        return error
    problem = as_problem(error)
    if problem is None:
        logger.error("a request failed", exc_info=error)
        return DialectError(UNKNOWN)
    note(problem)
    return translated(problem)


JSON = dict[str, Any]
