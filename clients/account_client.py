"""AccountClient: what an account may ask and follow, with a key that need not be able to trade.

Rules:
- Questions are repeated until they are answered; answers are records with Decimals.
- Private events come in order and each once, whatever happens to their connection.
"""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing

from clients.account_feed import CHANNELS, PrivateEvent
from clients.commands import order_named
from clients.public_client import PAGE, PublicClient, records_of
from clients.records import OPEN_STATUSES, AccountFees, Balance, CancelAfter, Fill, Order
from clients.streams import private_events


class AccountClient(PublicClient):
    """A reader of the account of `key`, whose scope need only be `read`; see PublicClient."""

    async def order(self, id: str | None = None, *, client_order_id: str | None = None) -> Order:
        """Return one order by either id; raises NotFound."""
        _, path = order_named(id, client_order_id)
        return Order.from_json(await self.get(path))

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

    async def fees(self) -> list[AccountFees]:
        """Return what the account pays, market by market, and the volume that its rates go by."""
        return records_of(AccountFees, await self.get("fees"))

    async def cancel_after(self) -> CancelAfter:
        """Return when the dead man's switch cancels the account's orders, if it is set."""
        return CancelAfter.from_json(await self.get("orders/cancel-after"))

    async def private_events(
        self, channels: Collection[str] = CHANNELS, *, from_sequence: int | None = None
    ) -> AsyncGenerator[PrivateEvent, None]:
        """Yield the account's events, in order and each once, also across reconnects.

        Without `from_sequence` snapshots come first; with it the updates from that number on,
        itself included. To go on after a restart, give the last event's sequence + 1 (those of
        other channels count too). Raises SequenceGap if the exchange cannot fill a gap.
        """
        events = private_events(self.nodes, self.key, channels, from_sequence, self._make_backoff)
        async with aclosing(events):
            async for event in events:
                yield event
