"""Commands: the way of a wish to the exchange, and how often it goes there.

Rules:
- By the trading socket, and by REST from the moment that this connection fails; by the socket only
  where the exchange is to cancel the orders when that ends.
- Repeated until it is answered. A refusal other than "try later" is an answer.
- A new order that may have arrived and was never answered ends as OutcomeUnknown.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from clients.errors import (
    ConnectionLost,
    ExchangeError,
    NotConnected,
    OutcomeUnknown,
    Unanswered,
    UnexpectedAnswer,
)
from clients.rest import Rest
from clients.retry import Backoff, repeat
from clients.trading import Trading


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One wish in both its forms; REST has what names its order in the path instead."""

    method: str
    """On the socket."""
    verb: str
    path: str
    """By REST."""
    params: Mapping[str, Any]
    named: Mapping[str, str] = field(default_factory=dict)
    """What names its order."""


class Commands:
    """Sends the commands of one account, `attempts` times each at the most."""

    def __init__(
        self,
        trading: Trading,
        rest: Rest,
        *,
        by_socket: bool,
        by_rest: bool,
        attempts: int,
        make_backoff: Callable[[], Backoff],
    ) -> None:
        self._trading = trading
        self._rest = rest
        self._by_socket = by_socket
        self._by_rest = by_rest
        self.attempts = attempts
        self._make_backoff = make_backoff

    async def send(self, command: Command, failure: ExchangeError | None = None) -> Any:
        """Send a command once, given the failure of the attempt before."""
        failed = isinstance(failure, NotConnected | ConnectionLost)
        if self._by_socket and not (failed and self._by_rest):
            return await self._trading.request(command.method, {**command.named, **command.params})
        if command.verb == "DELETE":
            return await self._rest.call(command.verb, command.path, query=command.params)
        return await self._rest.call(command.verb, command.path, body=command.params)

    async def repeat(self, attempt: Callable[[ExchangeError | None], Awaitable[Any]]) -> Any:
        """Await `attempt(the failure before)` until it is answered; raises as `retry.repeat`."""
        return await repeat(attempt, attempts=self.attempts, backoff=self._make_backoff())

    async def run(self, command: Command) -> Any:
        """Send a command until it is answered."""
        return await self.repeat(lambda failure: self.send(command, failure))

    async def submit(self, command: Command) -> Any:
        """Send new orders until they are answered; raises OutcomeUnknown where they never are."""
        try:
            return await self.run(command)
        except Unanswered as error:
            name = str(command.params["client_order_id"])
            raise OutcomeUnknown(name, self.attempts, error) from error

    async def validate(self, command: Command) -> None:
        """Ask whether a command would be refused; raises what it would be refused with."""
        asked = Command(
            method=command.method,
            verb=command.verb,
            path=command.path,
            params={**command.params, "validate_only": True},
            named=command.named,
        )
        answer = await self.run(asked)
        if not isinstance(answer, Mapping) or answer.get("valid") is not True:
            raise UnexpectedAnswer(f"neither valid nor refused: {answer!r}")


def submission(method: str, path: str, params: Mapping[str, Any]) -> Command:
    """Return the command of new orders."""
    return Command(method=method, verb="POST", path=path, params=params)


def about_order(
    method: str,
    verb: str,
    id: str | None,
    client_order_id: str | None,
    params: Mapping[str, Any] | None = None,
) -> Command:
    """Return a command about one order; raises ValueError unless exactly one id is given."""
    named, path = order_named(id, client_order_id)
    return Command(method=method, verb=verb, path=path, params=params or {}, named=named)


def order_named(id: str | None, client_order_id: str | None) -> tuple[dict[str, str], str]:
    """Return an order's name on the socket, and its path; raises ValueError."""
    if id is not None and client_order_id is None:
        return {"id": id}, f"orders/{quote(id, safe='')}"
    if client_order_id is not None and id is None:
        name = quote(client_order_id, safe="")
        return {"client_order_id": client_order_id}, f"orders/by-client-id/{name}"
    raise ValueError("give either id or client_order_id")
