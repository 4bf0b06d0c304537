"""Openings that several chapters share."""

from tests.drivers import Answer, MarketDriver


def trade_at(market: MarketDriver, price: int) -> None:
    """Zoe buys one of yuri at this price: the last price is this, and the book as it was."""
    market.sell("yuri", 1, at=price)
    market.buy("zoe", 1, at=price)


def traded_at(price: int, **changes: int) -> MarketDriver:
    """A market in which the last trade was at this price, and nothing rests."""
    market = MarketDriver(**changes)  # type: ignore[arg-type]
    trade_at(market, price)
    return market


def trades_since(market: MarketDriver, seen: int = 1) -> list[str]:
    """What was traded after the first trades (of the opening)."""
    return market.trades[seen:]


def an_auction(**changes: int) -> MarketDriver:
    """A market that collects orders, and has none yet."""
    market = MarketDriver(**changes)  # type: ignore[arg-type]
    market.auction()
    return market


def told(market: MarketDriver, group: Answer) -> list[str]:
    """A group's orders as they are now: "take_profit: open, 2 of 5, 3 left"; why it ended in brackets."""
    return [
        f"{order.role}: {order.status}{f' ({order.reason})' if order.reason else ''}, "
        f"{order.filled} of {order.quantity}, {order.remaining} left"
        for order in market.group(group)
    ]


def a_bracket(**changes: int) -> tuple[MarketDriver, Answer]:
    """Last trade at 102; alice buys 10 at 100, to sell at 110, or from 90 on."""
    market = traded_at(102, **changes)
    return market, market.bracket("alice", "buy", 10, at=100, profit=110, loss=90)
