"""ExchangeClient: everything an account may do, safe to retry.

Rules:
- Every order has a client_order_id, made here unless given, and is repeated with it until the
  exchange has answered; so an order is never doubled. Without an answer in the end: OutcomeUnknown.
- Cancels and amends say how things shall be, not by how much they change: they may be repeated too.
  What may not be repeated (faucet, a new API key) is sent once.
- `validate_…` asks whether its command would be refused, and does nothing.
- Numbers are Decimal, str or int; a float raises TypeError. Answers are records with Decimals.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Unpack

from clients.batch import OrderResult, submit_batch
from clients.commands import Command, about_order, submission
from clients.decimals import to_decimal
from clients.errors import (
    DeadlinePassed,
    ExchangeError,
    NotConnected,
    OrderNotOpen,
    TryLater,
    Unanswered,
    UnexpectedAnswer,
)
from clients.order_request import (
    EntryFields,
    Moment,
    Number,
    OcoFields,
    OrderFields,
    OrderRequest,
    StopPart,
    TakeProfitPart,
    bracket_params,
    oco_params,
    wire_fields,
)
from clients.records import CancelAfter, Order, OrderGroup
from clients.trading_client import TradingClient

REARMINGS = 3
"""How often the dead man's switch is set anew within its time."""


class ExchangeClient(TradingClient):
    """A client of the exchange at `url` for the account of `key`.

    `orders_by` is the way of commands: `socket` (the default) or `rest`. With
    `cancel_on_disconnect` the exchange cancels this client's orders when its trading socket ends
    without `log_out`: when it is lost, or its block ends by an exception. See TradingClient.
    """

    # New orders

    async def submit_order(
        self,
        market: str,
        side: str,
        quantity: Number | None = None,
        **fields: Unpack[OrderFields],
    ) -> Order:
        """Submit one order and return it as the exchange made it durable, with its fills.

        The fields are those of OrderRequest: `quantity` in the base asset (or, of a market order,
        `quote_quantity`), `price` in the quote asset; without a price it is a market order.
        Repeated with the same client_order_id after a timeout, `busy` or a lost connection.
        Raises Refused (no order exists; also after repeats), OutcomeUnknown (it may exist),
        NotConnected (nothing was sent).
        """
        params = OrderRequest.of(market, side, quantity, fields).to_json()
        command = submission("submit_order", "orders", params)
        return Order.from_json(await self._commands.submit(command))

    async def validate_order(
        self,
        market: str,
        side: str,
        quantity: Number | None = None,
        **fields: Unpack[OrderFields],
    ) -> None:
        """Ask whether `submit_order` would be refused now; raises Refused as it would.

        Nothing is placed, and nothing promised: the next moment may be another.
        """
        params = OrderRequest.of(market, side, quantity, fields).to_json()
        await self._commands.validate(submission("submit_order", "orders", params))

    async def submit_orders(self, requests: Sequence[OrderRequest]) -> list[OrderResult]:
        """Submit 1 to 500 orders at once; returns what became of each, in their order.

        Not atomic. Orders answered with "try later" or not at all are repeated, the others are not.
        Raises Refused where the exchange refuses the batch as a whole.
        """

        async def send(body: Mapping[str, Any], failure: ExchangeError | None) -> Any:
            command = submission("submit_orders", "orders/batch", body)
            return await self._commands.send(command, failure)

        return await submit_batch(
            requests, send, attempts=self._attempts, backoff=self._make_backoff()
        )

    async def submit_oco(
        self,
        market: str,
        side: str,
        quantity: Number,
        *,
        stop: StopPart | Number,
        **fields: Unpack[OcoFields],
    ) -> OrderGroup:
        """Submit a limit order at `price` and a stop of which one cancels the other.

        With a `stop_price` a take profit is in place of the limit order: it waits for that price,
        then trades at the market, or with a `price` up to that. `stop` is a StopPart, or a number:
        its stop_price. The other fields are the first order's; its client_order_id is the group's,
        with which it is repeated. Raises as submit_order.
        """
        params = oco_params(_first(market, side, quantity, fields), stop)
        command = submission("submit_oco", "orders/oco", params)
        return OrderGroup.from_json(await self._commands.submit(command))

    async def validate_oco(
        self,
        market: str,
        side: str,
        quantity: Number,
        *,
        stop: StopPart | Number,
        **fields: Unpack[OcoFields],
    ) -> None:
        """Ask whether `submit_oco` would be refused now; raises Refused as it would."""
        params = oco_params(_first(market, side, quantity, fields), stop)
        await self._commands.validate(submission("submit_oco", "orders/oco", params))

    async def submit_bracket(
        self,
        market: str,
        side: str,
        quantity: Number,
        *,
        take_profit: TakeProfitPart | Number | None = None,
        stop_loss: StopPart | Number | None = None,
        **fields: Unpack[EntryFields],
    ) -> OrderGroup:
        """Submit an entry with a take profit, a stop loss or both, which its fills arm.

        `take_profit` is a TakeProfitPart, or a number: its price; `stop_loss` a StopPart, or a
        number: its stop_price. The other fields are the entry's; its client_order_id is the
        group's, with which it is repeated. Raises as submit_order.
        """
        params = bracket_params(_first(market, side, quantity, fields), take_profit, stop_loss)
        command = submission("submit_bracket", "orders/bracket", params)
        return OrderGroup.from_json(await self._commands.submit(command))

    async def validate_bracket(
        self,
        market: str,
        side: str,
        quantity: Number,
        *,
        take_profit: TakeProfitPart | Number | None = None,
        stop_loss: StopPart | Number | None = None,
        **fields: Unpack[EntryFields],
    ) -> None:
        """Ask whether `submit_bracket` would be refused now; raises Refused as it would."""
        params = bracket_params(_first(market, side, quantity, fields), take_profit, stop_loss)
        await self._commands.validate(submission("submit_bracket", "orders/bracket", params))

    # Orders that there are

    async def amend_order(
        self,
        id: str | None = None,
        *,
        client_order_id: str | None = None,
        price: Number | None = None,
        quantity: Number | None = None,
        stop_price: Number | None = None,
        deadline: Moment | None = None,
    ) -> Order:
        """Change an order's price, stop price or total quantity; returns the order.

        Raises OrderNotOpen, which carries the order, when it has ended, DeadlinePassed when
        nothing was done in time.
        """
        wanted = _amendment(price, quantity, stop_price)
        params = {**wanted, **wire_fields({"deadline": deadline})}
        command = about_order("amend_order", "PATCH", id, client_order_id, params)

        async def attempt(failure: ExchangeError | None) -> Any:
            try:
                return await self._commands.send(command, failure)
            except (DeadlinePassed, OrderNotOpen):
                if not isinstance(failure, Unanswered):
                    raise
                order = await self.order(id, client_order_id=client_order_id)
                if not _is_as(order, wanted):
                    raise
                return order.raw  # the attempt before was heard, and this is what it did

        return Order.from_json(await self._commands.repeat(attempt))

    async def validate_amend(
        self,
        id: str | None = None,
        *,
        client_order_id: str | None = None,
        price: Number | None = None,
        quantity: Number | None = None,
        stop_price: Number | None = None,
        deadline: Moment | None = None,
    ) -> None:
        """Ask whether `amend_order` would be refused now; raises Refused as it would."""
        wanted = _amendment(price, quantity, stop_price)
        params = {**wanted, **wire_fields({"deadline": deadline})}
        command = about_order("amend_order", "PATCH", id, client_order_id, params)
        await self._commands.validate(command)

    async def cancel_order(
        self, id: str | None = None, *, client_order_id: str | None = None
    ) -> Order:
        """Cancel one order, by either id, and return it as it ended.

        Raises NotFound, and OrderNotOpen, which carries the order, when it had ended before.
        """
        command = about_order("cancel_order", "DELETE", id, client_order_id)

        async def attempt(failure: ExchangeError | None) -> Any:
            try:
                return await self._commands.send(command, failure)
            except OrderNotOpen as error:
                if (
                    isinstance(failure, Unanswered)
                    and (error.order or {}).get("status") == "canceled"
                ):
                    return error.order  # the attempt before was heard: this is its answer
                raise

        return Order.from_json(await self._commands.repeat(attempt))

    async def cancel_all(self, market: str | None = None, *, side: str | None = None) -> list[str]:
        """Cancel all of the account's orders, or those of one market or side; returns their ids."""
        wanted = {"market": market, "side": side}
        params = {name: value for name, value in wanted.items() if value is not None}
        command = Command(method="cancel_all", verb="DELETE", path="orders", params=params)
        answer = await self._commands.run(command)
        if not isinstance(answer, dict) or not isinstance(answer.get("canceled"), list):
            raise UnexpectedAnswer(f"not the ids of canceled orders: {answer!r}")
        return [str(id) for id in answer["canceled"]]

    # The dead man's switch

    async def cancel_all_after(self, timeout_seconds: int) -> CancelAfter:
        """Have the exchange cancel all orders unless this is called again in time; 0 disarms.

        The time, 86,400 seconds at the most, is the exchange's; returns when it is up.
        """
        params = {"timeout_seconds": timeout_seconds}
        command = submission("cancel_all_after", "orders/cancel-after", params)
        return CancelAfter.from_json(await self._commands.run(command))

    @asynccontextmanager
    async def dead_mans_switch(self, timeout_seconds: int) -> AsyncGenerator[None, None]:
        """Keep the dead man's switch from going off for as long as the block runs.

        It is set anew each third of its time. A block that ends well disarms it; one that ends by
        an exception leaves it armed, as does a process that ends or an exchange out of reach.
        """
        if timeout_seconds < 1:
            raise ValueError("the dead man's switch needs 1 second or more")
        await self.cancel_all_after(timeout_seconds)
        background, _, _ = self._parts()
        over = asyncio.Event()
        work = self._keep_from_going_off(timeout_seconds, over)
        keeping = background.start(work, name="dead man's switch")
        try:
            yield
        except BaseException:
            keeping.cancel()
            raise
        over.set()
        await asyncio.wait([keeping])  # what sets it anew must not come after what disarms it
        background.check()
        await self.cancel_all_after(0)

    async def _keep_from_going_off(self, timeout_seconds: int, over: asyncio.Event) -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_seconds / REARMINGS):
                    await over.wait()
                    return
            with suppress(NotConnected, Unanswered, TryLater):  # then it may go off: its purpose
                await self.cancel_all_after(timeout_seconds)

    async def faucet(self, **params: Any) -> Any:
        """Ask a sandbox for play money; sent once."""
        _, rest, _ = self._parts()
        return await rest.call("POST", "faucet", body=params)


def _first(market: str, side: str, quantity: Number, fields: Mapping[str, Any]) -> OrderRequest:
    """The first order of a group."""
    return OrderRequest.of(market, side, quantity, fields)


def _amendment(
    price: Number | None, quantity: Number | None, stop_price: Number | None
) -> dict[str, Any]:
    wanted = wire_fields({"price": price, "quantity": quantity, "stop_price": stop_price})
    if not wanted:
        raise ValueError("give a price, a quantity, a stop_price or several of them")
    return wanted


def _is_as(order: Order, wanted: Mapping[str, Any]) -> bool:
    """Whether an amend has been done: the order has what was wanted, or ended by wanting less."""
    as_wanted = (getattr(order, name) == to_decimal(value) for name, value in wanted.items())
    return order.reason == "amended" or all(as_wanted)
