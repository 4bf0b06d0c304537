"""What is not trading: cancels, the market's status and rules, the dead man's switch, what is due by time.

| status  | place, amend                    | cancel | match                                |
| ------- | ------------------------------- | ------ | ------------------------------------ |
| open    | yes                             | yes    | yes                                  |
| auction | limits and stops that may rest  | yes    | when it opens, all at one price      |
| halted  | no                              | yes    | no                                   |
| closed  | no                              | -      | no: every order was canceled         |

A frozen account's orders and amends are refused in every status; its cancels are taken.
"""

from __future__ import annotations

from collections.abc import Iterable

from markets.matching import rules
from markets.matching.auction import uncross
from markets.matching.commands import (
    CancelAll,
    CancelAllAfter,
    CancelLost,
    CancelOrder,
    ConfigureMarket,
    FireTimers,
    KeepOrders,
    SetFeeRates,
    SetFrozen,
    SetMarketStatus,
)
from markets.matching.consequences import Consequences
from markets.matching.events import OrderKept, Refused
from markets.matching.lookup import Lookup
from markets.matching.market import Market
from markets.matching.matcher import Matcher
from markets.matching.placing import Acted
from markets.matching.spec import MarketSpec, check_fee_rates
from markets.matching.types import FeeRates, MarketStatus, Reason, RejectReason


class Supervision:
    """How one market is led."""

    def __init__(
        self, market: Market, matcher: Matcher, lookup: Lookup, consequences: Consequences
    ) -> None:
        self._market = market
        self._matcher = matcher
        self._lookup = lookup
        self._consequences = consequences

    # Cancels

    def cancel(self, command: CancelOrder) -> Acted | Refused:
        """Cancel one order."""
        order = self._lookup.live(command)
        if isinstance(order, Refused):
            return order
        if command.only not in (None, order.status):
            return rules.invalid({"status": [f"the order is {order.status}, not {command.only}"]})
        self._market.cancel(order, command.reason)
        return Acted([order], (order.id,))

    def cancel_all(self, command: CancelAll) -> Acted:
        """Cancel an account's orders, of one side or connection perhaps, the oldest first."""
        owned = self._market.book.by_account.get(command.account, {}).values()
        return self._cancel_orders(
            (
                order.id
                for order in owned
                if command.side in (None, order.side)
                and command.connection in (None, order.connection)
            ),
            command.reason,
        )

    def cancel_lost(self, command: CancelLost) -> Acted:
        """Cancel the orders of a lost gateway's connections."""
        of_gateway = f"{command.gateway}."
        return self._cancel_orders(
            (
                order.id
                for order in self._market.book.orders.values()
                if order.connection is not None and order.connection.startswith(of_gateway)
            ),
            Reason.CANCEL_ON_DISCONNECT,
        )

    def keep_orders(self, command: KeepOrders) -> Acted:
        """Let a connection's orders outlive it."""
        market = self._market
        owned = market.book.by_account.get(command.account, {})
        for order_id in sorted(owned):
            order = owned[order_id]
            if order.connection == command.connection:
                market.change(order, connection=None)
                market.events.append(OrderKept(market.next_sequence(), order.id))
        return Acted()

    def _cancel_orders(self, order_ids: Iterable[int], reason: Reason) -> Acted:
        canceled = tuple(sorted(order_ids))
        for order_id in canceled:
            self._market.cancel(self._market.book.orders[order_id], reason)
        return Acted((), canceled)

    # The market

    def set_status(self, command: SetMarketStatus) -> Acted | Refused:
        """Open, halt, auction or close the market."""
        market = self._market
        if command.seconds is not None and command.status is not MarketStatus.AUCTION:
            return Refused(RejectReason.INVALID_ORDER, "only an auction lasts so many seconds")
        same = command.status is market.status
        if same and command.seconds is None and market.auction_ends_at is None:
            return Acted()
        return self._change_status(command.status, command.seconds)

    def _change_status(self, status: MarketStatus, seconds: int | None = None) -> Acted:
        market = self._market
        market.set_status(status, seconds)
        if status is MarketStatus.CLOSED:
            return self._cancel_orders(market.book.orders, Reason.MARKET_CLOSED)
        if status is MarketStatus.OPEN:
            uncross(market, self._matcher)
            market.trigger_reached()
        return Acted()

    def configure(self, command: ConfigureMarket) -> Acted | Refused:
        """Give the market other rules."""
        market = self._market
        refusal = rules.check_specification(
            market.spec, command.spec, orders_live=bool(market.book.orders)
        ) or _check_fee_rates(command.spec, market.fee_rates.values())
        if refusal is not None:
            return refusal
        if command.spec != market.spec:
            market.configure(command.spec)
        return Acted()

    def set_fee_rates(self, command: SetFeeRates) -> Acted | Refused:
        """Give accounts other fee rates; none may earn a rebate that a taker's fee does not pay."""
        market = self._market
        rates = {**market.fee_rates, **command.rates}
        refusal = _check_fee_rates(market.spec, [own for own in rates.values() if own is not None])
        if refusal is not None:
            return refusal
        market.set_fee_rates(command.rates)
        return Acted()

    def set_frozen(self, command: SetFrozen) -> Acted:
        """Freeze an account, which cancels its orders here, or take its orders again."""
        market = self._market
        market.set_frozen(command.account, command.frozen)
        if not command.frozen:
            return Acted()
        # Also of one that is frozen already: an engine that started knows it before this command comes.
        return self.cancel_all(CancelAll(command.account, reason=Reason.ACCOUNT_FROZEN))

    # Time

    def cancel_all_after(self, command: CancelAllAfter) -> Acted:
        """Set an account's dead man's switch, or disarm it."""
        self._market.set_cancel_after(command.account, command.at)
        return Acted()

    def next_due(self) -> int | None:
        """When something is due next."""
        market = self._market
        times = [due[0][0] for due in (market.book.expiries, market.cancel_after_due) if due]
        if market.auction_ends_at is not None:
            times.append(market.auction_ends_at)
        return min(times, default=None)

    def fire_timers(self, command: FireTimers) -> Acted:
        """Do what is due, the earliest first; at one time orders expire before an auction ends."""
        market = self._market
        for _ in range(command.limit):
            at = self.next_due()
            if at is None or at > market.now:
                break
            if market.book.expiries and market.book.expiries[0][0] == at:
                order_id = market.book.expiries[0][1]
                market.cancel(market.book.orders[order_id], Reason.EXPIRED)
            elif market.cancel_after_due and market.cancel_after_due[0][0] == at:
                account = market.cancel_after_due[0][1]
                self.cancel_all(CancelAll(account, reason=Reason.CANCEL_AFTER))
                market.set_cancel_after(account, None)
            else:
                self._change_status(MarketStatus.OPEN)
            self._consequences.run()
        return Acted()


def _check_fee_rates(spec: MarketSpec, own: Iterable[FeeRates]) -> Refused | None:
    """Refuse rates of which somebody's rebate would be more than somebody else's fee pays."""
    everybodys = [spec.fee_rates, *own]
    lowest = min(rates.taker for rates in everybodys)
    try:
        for rates in everybodys:
            check_fee_rates(rates, lowest_taker=lowest)
    except ValueError as error:
        return Refused(RejectReason.INVALID_ORDER, str(error))
    return None
