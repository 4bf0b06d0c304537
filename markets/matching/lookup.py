"""How a command finds the order that it names: among the live ones, the batch's, or those read before."""

from __future__ import annotations

from markets.matching.commands import AmendOrder, CancelOrder
from markets.matching.events import Refused
from markets.matching.market import Market
from markets.matching.order import Order
from markets.matching.recall import Elsewhere, Known, Recall
from markets.matching.types import OrderState, RejectReason


class Lookup:
    """The orders of one market by id and client_order_id. `recall` is the batch's at hand."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.recall = Recall(Known(), market.sequence)

    def by_client_order_id(
        self, account: int, client_order_id: str
    ) -> OrderState | Elsewhere | None:
        """The account's order of that name, ended or not, as it is now."""
        key = (account, client_order_id)
        live = self._market.book.by_client_order_id.get(key)
        return live.state if live is not None else self.recall.by_client_order_id(key)

    def live(self, command: CancelOrder | AmendOrder) -> Order | Refused:
        """The live order that a command names, or why there is none."""
        book, account = self._market.book, command.account
        found: Order | None = None
        ended: OrderState | Elsewhere | None = None
        if command.order_id is not None:
            found = book.orders.get(command.order_id)
            if found is not None and account not in (None, found.account):
                found = None
            ended = self.recall.by_id(command.order_id)
        elif account is not None and command.client_order_id is not None:
            key = (account, command.client_order_id)
            found = book.by_client_order_id.get(key)
            ended = self.recall.by_client_order_id(key)
        if found is not None:
            return found
        if not isinstance(ended, OrderState) or account not in (None, ended.account):
            return Refused(RejectReason.NOT_FOUND, "there is no such order of this account")
        return Refused(
            RejectReason.ORDER_NOT_OPEN, f"the order has ended: {ended.status}", order=ended
        )
