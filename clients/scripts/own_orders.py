"""OwnOrders: which of an account's orders are open, from its private events and its own answers.

Rules:
- Pure. An order that has ended never comes back, in whichever order the news of it arrive.
- A snapshot of the orders channel replaces all.
"""

from collections import deque

from clients.account_feed import PrivateEvent
from clients.records import Order

REMEMBERED = 5_000
"""How many ended orders are remembered, against late news of them."""


class OwnOrders:
    """The open orders of one account, by id, in the order of their arrival."""

    def __init__(self) -> None:
        self._open: dict[str, Order] = {}
        self._ended: set[str] = set()
        self._ended_in_order: deque[str] = deque()

    def take(self, event: PrivateEvent) -> None:
        """Take a private event; those of other channels change nothing."""
        if event.channel == "orders" and event.type == "snapshot":
            self._open.clear()
        for order in event.orders:
            self.put(order)

    def put(self, order: Order) -> None:
        """Take an order as it was answered or pushed."""
        if not order.is_open:
            self.drop(order.id)
        elif order.id not in self._ended:
            self._open[order.id] = order

    def drop(self, id: str) -> None:
        """Note that an order has ended."""
        self._open.pop(id, None)
        if id in self._ended:
            return
        self._ended.add(id)
        self._ended_in_order.append(id)
        if len(self._ended_in_order) > REMEMBERED:
            self._ended.discard(self._ended_in_order.popleft())

    def of(self, market: str) -> dict[str, Order]:
        """Return the open orders of one market, by id."""
        return {id: order for id, order in self._open.items() if order.market == market}
