"""TradingClient: an account's client with a trading socket, opened and left in the right way.

Rules:
- Commands go over the trading socket, and over REST from the moment that this connection fails.
- With `cancel_on_disconnect` the exchange cancels the client's orders when its socket ends in any
  way but `log_out`. A block (`async with`) that ends well logs out first and leaves them; one that
  ends by an exception, Ctrl-C included, does not. A lost connection or a crash ends them.
- An order whose answer was lost ended with its connection, or will when the exchange notices: its
  repeat finds it, and does not place it again.
"""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Literal, Self

from clients.account_client import AccountClient
from clients.commands import Commands
from clients.errors import ClientClosed
from clients.public_client import DEFAULT_URL, TIMEOUT
from clients.retry import ATTEMPTS, Backoff
from clients.trading import Trading


class TradingClient(AccountClient):
    """The way of an account's commands to the exchange at `url`.

    `orders_by` is `socket` (the default) or `rest`. With `cancel_on_disconnect` commands go by the
    socket only. For `url`, `discover`, `timeout`, `attempts` and `make_backoff` see PublicClient.
    """

    def __init__(
        self,
        url: str | Sequence[str] = DEFAULT_URL,
        key: str | None = None,
        *,
        discover: bool = False,
        orders_by: Literal["socket", "rest"] = "socket",
        cancel_on_disconnect: bool = False,
        timeout: float = TIMEOUT,
        attempts: int = ATTEMPTS,
        make_backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        super().__init__(
            url,
            key,
            discover=discover,
            timeout=timeout,
            attempts=attempts,
            make_backoff=make_backoff,
        )
        if cancel_on_disconnect and orders_by != "socket":
            raise ValueError("cancel_on_disconnect needs orders_by='socket'")
        self._by_socket = cancel_on_disconnect or (orders_by == "socket" and key is not None)
        self._cancel_on_disconnect = cancel_on_disconnect
        self._trading: Trading | None = None
        self._sender: Commands | None = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        background, rest, _ = self._parts()
        self._trading = Trading(
            self.nodes,
            self.key,
            background,
            timeout=self._timeout,
            cancel_on_disconnect=self._cancel_on_disconnect,
        )
        self._sender = Commands(
            self._trading,
            rest,
            by_socket=self._by_socket,
            by_rest=not self._cancel_on_disconnect,
            attempts=self._attempts,
            make_backoff=self._make_backoff,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None and self._cancel_on_disconnect:
                await self.log_out()
        finally:
            self._trading = self._sender = None
            await super().__aexit__(kind, error, trace)

    async def log_out(self) -> None:
        """End the trading socket so that a `cancel_on_disconnect` client's orders stay.

        The next command opens a new one. Raises Refused or Unanswered where the exchange did not
        say that they stay.
        """
        if self._trading is None:
            raise ClientClosed("use the client within `async with`")
        await self._trading.log_out()

    @property
    def _commands(self) -> Commands:
        if self._sender is None:
            raise ClientClosed("use the client within `async with`")
        return self._sender
