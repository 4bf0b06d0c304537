"""What follows from a command, before the next one: groups settle, stops whose price was reached trade.

Rules:
- Stops are handled in the order of (the trade that triggered them, the place that they got), after the
  command that triggered them is done. What they trade may trigger more, which comes after them.
- It ends: a stop is triggered once, and exits want no more than entries have traded.
- A market that stopped trading in the middle (a volatility auction) lets the rest wait for its opening.
"""

from __future__ import annotations

from markets.matching.events import OrderTriggered
from markets.matching.groups import Groups
from markets.matching.market import Market
from markets.matching.matcher import Matcher
from markets.matching.order import Order
from markets.matching.types import MarketStatus, OrderStatus


class Consequences:
    """What is still to be done of the command at hand."""

    def __init__(self, market: Market, matcher: Matcher, groups: Groups) -> None:
        self._market = market
        self._matcher = matcher
        self._groups = groups

    def run(self) -> None:
        """Do all of it."""
        market = self._market
        while market.unsettled or market.triggered:
            if market.unsettled:
                self._groups.settle_next()
            elif market.status is MarketStatus.OPEN:
                self._trigger(market.triggered.popleft())
            else:
                market.put_back_triggered()

    def _trigger(self, stop: Order) -> None:
        market = self._market
        market.hold(stop, -1)
        sequence = market.next_sequence()
        market.change(stop, status=OrderStatus.OPEN, priority=sequence)
        market.events.append(OrderTriggered(sequence, stop.id))
        if stop.group is not None:
            self._groups.settle(stop.group)  # first of all the other order leaves the book
        self._matcher.start(stop)
