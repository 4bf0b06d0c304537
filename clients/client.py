"""ExchangeClient: everything an account may do, safe to retry.

Rules:
- Every order has a client_order_id, made here unless given, and is repeated with it until the
  exchange has answered; so an order is never doubled. Without an answer in the end: OutcomeUnknown.
- Commands go over the trading socket, and over REST from the moment that this connection fails.
- Cancels and amends say how things shall be, not by how much they change: they may be repeated too.
  What may not be repeated (faucet, a new API key) is sent once.
- Numbers are Decimal, str or int; a float raises TypeError. Answers are records with Decimals.
"""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, Literal, Self
from urllib.parse import quote

from clients.account_feed import CHANNELS, PrivateEvent
from clients.batch import OrderResult, submit_batch
from clients.connection import socket_url
from clients.decimals import to_wire
from clients.errors import (
    ClientClosed,
    ConnectionLost,
    ExchangeError,
    NotConnected,
    OrderNotOpen,
    OutcomeUnknown,
    Unanswered,
    UnexpectedAnswer,
)
from clients.order_request import Number, OrderRequest, new_client_order_id
from clients.public_client import DEFAULT_URL, PAGE, TIMEOUT, PublicClient, records_of
from clients.records import OPEN_STATUSES, Balance, Fill, Order
from clients.retry import ATTEMPTS, Backoff, repeat
from clients.streams import private_events
from clients.trading import Trading


class ExchangeClient(PublicClient):
    """A client of the exchange at `url` for the account of `key`.

    `orders_by` is the way of commands: `socket` (the default) or `rest`. With
    `cancel_on_disconnect` the exchange cancels this client's orders when its trading socket ends;
    commands then go by that socket only. For `timeout`, `attempts`, `make_backoff` see PublicClient.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        key: str | None = None,
        *,
        orders_by: Literal["socket", "rest"] = "socket",
        cancel_on_disconnect: bool = False,
        timeout: float = TIMEOUT,
        attempts: int = ATTEMPTS,
        make_backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        super().__init__(url, key, timeout=timeout, attempts=attempts, make_backoff=make_backoff)
        if cancel_on_disconnect and orders_by != "socket":
            raise ValueError("cancel_on_disconnect needs orders_by='socket'")
        self._by_socket = orders_by == "socket" and key is not None
        self._socket_only = cancel_on_disconnect
        self._trading: Trading | None = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        background, _, _ = self._parts()
        self._trading = Trading(
            socket_url(self.url, "/ws/v1/trading"),
            self.key,
            background,
            timeout=self._timeout,
            cancel_on_disconnect=self._socket_only,
        )
        return self

    async def submit_order(
        self,
        market: str,
        side: str,
        quantity: Number,
        *,
        price: Number | None = None,
        type: str | None = None,
        time_in_force: str | None = None,
        client_order_id: str | None = None,
        post_only: bool | None = None,
        display_quantity: Number | None = None,
        stop_price: Number | None = None,
        expires_at: datetime | str | None = None,
        self_trade_prevention: str | None = None,
        max_slippage: Number | None = None,
    ) -> Order:
        """Submit one order and return it as the exchange made it durable, with its fills.

        `quantity` in the base asset, `price` in the quote asset; without a price it is a market
        order. Repeated with the same client_order_id after a timeout, `busy` or a lost connection.
        Raises Refused (no order exists; also after repeats), OutcomeUnknown (it may exist),
        NotConnected (nothing was sent).
        """
        request = OrderRequest(
            market=market,
            side=side,
            quantity=quantity,
            price=price,
            type=type,
            time_in_force=time_in_force,
            client_order_id=client_order_id or new_client_order_id(),
            post_only=post_only,
            display_quantity=display_quantity,
            stop_price=stop_price,
            expires_at=expires_at,
            self_trade_prevention=self_trade_prevention,
            max_slippage=max_slippage,
        )
        params = request.to_json()
        try:
            answer = await self._command("submit_order", params, ("POST", "orders"), body=params)
        except Unanswered as error:
            raise OutcomeUnknown(request.client_order_id, self._attempts, error) from error
        return Order.from_json(answer)

    async def submit_orders(self, requests: Sequence[OrderRequest]) -> list[OrderResult]:
        """Submit 1 to 500 orders at once; returns what became of each, in their order.

        Not atomic. Orders answered with "try later" or not at all are repeated, the others are not.
        Raises Refused where the exchange refuses the batch as a whole.
        """

        async def send(body: Mapping[str, Any], failure: ExchangeError | None) -> Any:
            way = ("POST", "orders/batch")
            return await self._once("submit_orders", body, way, failure=failure, body=body)

        return await submit_batch(
            requests, send, attempts=self._attempts, backoff=self._make_backoff()
        )

    async def amend_order(
        self, id: str, *, price: Number | None = None, quantity: Number | None = None
    ) -> Order:
        """Change an order's price, its total quantity, or both; returns the order.

        Raises OrderNotOpen, which carries the order, when it has ended.
        """
        given = {"price": price, "quantity": quantity}
        changes = {name: to_wire(v, name=name) for name, v in given.items() if v is not None}
        if not changes:
            raise ValueError("give a price, a quantity or both")
        way = ("PATCH", f"orders/{quote(id, safe='')}")
        return Order.from_json(
            await self._command("amend_order", {"id": id, **changes}, way, body=changes)
        )

    async def cancel_order(
        self, id: str | None = None, *, client_order_id: str | None = None
    ) -> Order:
        """Cancel one order, by either id, and return it as it ended.

        Raises NotFound, and OrderNotOpen, which carries the order, when it had ended before.
        """
        if (id is None) == (client_order_id is None):
            raise ValueError("give either id or client_order_id")
        if id is not None:
            params, path = {"id": id}, f"orders/{quote(id, safe='')}"
        else:
            params = {"client_order_id": client_order_id or ""}
            path = f"orders/by-client-id/{quote(client_order_id or '', safe='')}"

        async def attempt(failure: ExchangeError | None) -> Any:
            try:
                return await self._once("cancel_order", params, ("DELETE", path), failure=failure)
            except OrderNotOpen as error:
                if (
                    isinstance(failure, Unanswered)
                    and (error.order or {}).get("status") == "canceled"
                ):
                    return error.order  # the attempt before was heard: this is its answer
                raise

        return Order.from_json(
            await repeat(attempt, attempts=self._attempts, backoff=self._make_backoff())
        )

    async def cancel_all(self, market: str | None = None) -> list[str]:
        """Cancel all of the account's orders, or those of one market; returns their ids."""
        query = {} if market is None else {"market": market}
        answer = await self._command("cancel_all", query, ("DELETE", "orders"), query=query)
        if not isinstance(answer, dict) or not isinstance(answer.get("canceled"), list):
            raise UnexpectedAnswer(f"not the ids of canceled orders: {answer!r}")
        return [str(id) for id in answer["canceled"]]

    async def cancel_all_after(self, timeout_seconds: int) -> dict[str, Any]:
        """Have the exchange cancel all orders unless this is called again in time; 0 disarms."""
        body = {"timeout_seconds": timeout_seconds}
        way = ("POST", "orders/cancel-after")
        answer: dict[str, Any] = await self._command("cancel_all_after", body, way, body=body)
        return answer

    async def order(self, id: str | None = None, *, client_order_id: str | None = None) -> Order:
        """Return one order by either id; raises NotFound."""
        if (id is None) == (client_order_id is None):
            raise ValueError("give either id or client_order_id")
        path = quote(id, safe="") if id else f"by-client-id/{quote(client_order_id or '', safe='')}"
        return Order.from_json(await self.get(f"orders/{path}"))

    async def orders(
        self,
        market: str | None = None,
        *,
        status: str | None = None,
        side: str | None = None,
        limit: int | None = PAGE,
    ) -> list[Order]:
        """Return the account's orders, newest first, `limit` of them or with None all."""
        query = {"market": market, "status": status, "side": side}
        return records_of(Order, await self._pages("orders", limit, query))

    async def open_orders(self, market: str | None = None) -> list[Order]:
        """Return every order that may still trade, each once, newest first within a status.

        An order that changes while this asks is not missed: the statuses are asked for in the
        order in which an order passes through them.
        """
        found: dict[str, Order] = {}
        for status in OPEN_STATUSES:
            for order in await self.orders(market, status=status, limit=None):
                found[order.id] = order
        return list(found.values())

    async def fills(
        self, market: str | None = None, *, order: str | None = None, limit: int | None = PAGE
    ) -> list[Fill]:
        """Return the account's fills, newest first, of a market, of an order's id, or all."""
        query = {"market": market, "order": order}
        return records_of(Fill, await self._pages("fills", limit, query))

    async def balances(self) -> list[Balance]:
        """Return what the account has, asset by asset."""
        return records_of(Balance, await self.get("balances"))

    async def private_events(
        self, channels: Collection[str] = CHANNELS, *, from_sequence: int | None = None
    ) -> AsyncGenerator[PrivateEvent, None]:
        """Yield the account's events, in order and each once, also across reconnects.

        Without `from_sequence` snapshots come first; with it the updates from that number on,
        itself included. To go on after a restart, give the last event's sequence + 1 (those of
        other channels count too). Raises SequenceGap if the exchange cannot fill a gap.
        """
        url = socket_url(self.url, "/ws/v1/trading")
        events = private_events(url, self.key, channels, from_sequence, self._make_backoff)
        async with aclosing(events):
            async for event in events:
                yield event

    async def faucet(self, **params: Any) -> Any:
        """Ask a sandbox for play money; sent once."""
        _, rest, _ = self._parts()
        return await rest.call("POST", "faucet", body=params)

    async def _command(
        self, method: str, params: Mapping[str, Any], way: tuple[str, str], **rest: Any
    ) -> Any:
        async def attempt(failure: ExchangeError | None) -> Any:
            return await self._once(method, params, way, failure=failure, **rest)

        return await repeat(attempt, attempts=self._attempts, backoff=self._make_backoff())

    async def _once(
        self,
        method: str,
        params: Mapping[str, Any],
        way: tuple[str, str],
        *,
        failure: ExchangeError | None = None,
        **rest: Any,
    ) -> Any:
        """Send a command once: by socket, or by REST where the connection failed before."""
        failed = isinstance(failure, NotConnected | ConnectionLost)
        if self._socket_only or (self._by_socket and not failed):
            if self._trading is None:
                raise ClientClosed("use the client within `async with`")
            return await self._trading.request(method, params)
        _, http, _ = self._parts()
        return await http.call(*way, **rest)
