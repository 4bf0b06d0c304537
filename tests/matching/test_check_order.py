"""Checks come in one order: client_order_id, deadline, frozen account, market status, fields that go
together, tick, lot and limits, how many orders, price band, funds, post-only.

What is wrong in every way is put right one thing at a time, and told the next each time. (A frozen account's
place in the order is in `test_frozen_accounts`: it has no orders that other steps could count.)
"""

import pytest

from markets.matching import rules
from markets.matching.commands import PlaceGroup
from tests.drivers import MarketDriver
from tests.matching.scenes import trade_at

Told = tuple[str, list[str]]
"""The refusal's code, and the fields that it names."""


def a_market() -> MarketDriver:
    """Last trade at 1000, band 20 %, tick 5; bob asks 10 at 1000; alice has 10,000 USD and bids for it."""
    market = MarketDriver(opening=0, tick_size=5, price_band=200_000)
    for trader in ("yuri", "zoe"):
        market.deposit(trader, "BTC", 1)
        market.deposit(trader, "USD", 1_000)
    trade_at(market, 1000)
    market.configure(min_notional=1000)
    market.deposit("bob", "BTC", 10)
    market.sell("bob", 10, at=1000)
    market.deposit("alice", "USD", 10_000)
    return market


def test_the_checks_of_a_new_order_one_after_the_other() -> None:
    market = a_market()
    market.buy("alice", 200, at=50, client_order_id="used")
    market.halt()
    sequence = market.engine.state.sequence

    def refusal(
        price: int, quantity: int, name: str = "new", time_in_force: str = "gtc", late: bool = False
    ) -> Told:
        answer = market.buy(
            "alice",
            quantity,
            at=price,
            post_only=True,
            client_order_id=name,
            time_in_force=time_in_force,
            deadline_in=-1 if late else 0,
        )
        return str(answer.refusal.code), list(answer.refusal.errors)

    assert refusal(1302, 2_000_000, "used", "ioc", late=True) == ("conflict", ["client_order_id"])
    assert refusal(1302, 2_000_000, "new", "ioc", late=True) == ("deadline_passed", [])
    market.open()
    assert refusal(1302, 2_000_000, "new", "ioc") == ("invalid_order", ["post_only"])
    assert refusal(1302, 2_000_000) == ("invalid_order", ["price", "quantity"])
    assert refusal(1302, 1) == ("invalid_order", ["price"])
    assert refusal(5, 1) == ("invalid_order", ["quantity"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "MAX_OPEN_ORDERS_PER_ACCOUNT", 1)
        assert refusal(1300, 1) == ("price_out_of_band", ["price"])
        assert refusal(1000, 1) == ("invalid_order", [])
    assert refusal(1300, 1) == ("price_out_of_band", ["price"])
    assert refusal(1000, 1) == ("insufficient_funds", [])
    market.deposit("alice", "USD", 1000)
    assert refusal(1000, 1) == ("post_only_would_take", ["price"])
    assert market.engine.state.sequence == sequence + 1, "an opening: no refusal is a fact"


def test_the_checks_of_a_market_order_one_after_the_other() -> None:
    market = a_market()
    market.halt()

    def refusal(
        quantity: int, time_in_force: str = "ioc", slippage: int = 0, late: bool = False
    ) -> Told:
        answer = market.buy(
            "alice",
            quantity,
            time_in_force=time_in_force,
            max_slippage=slippage,
            deadline_in=-1 if late else 0,
        )
        return str(answer.refusal.code), list(answer.refusal.errors)

    assert refusal(0, "gtc", -1, late=True) == ("deadline_passed", [])
    assert refusal(0, "gtc", -1) == ("market_not_open", [])
    market.auction()
    assert refusal(0, "gtc", -1) == ("invalid_order", ["time_in_force", "type"])
    market.open()
    assert refusal(0, "gtc", -1) == ("invalid_order", ["time_in_force"])
    assert refusal(0, "ioc", -1) == ("invalid_order", ["quantity", "max_slippage"])
    assert refusal(11, "ioc", 0) == ("insufficient_funds", [])
    assert market.buy("alice", 10, max_slippage=0).order.status == "filled"


def test_the_checks_of_an_amend_one_after_the_other() -> None:
    market = a_market()
    order = market.buy("alice", 2, at=900, post_only=True)
    ended = market.buy("alice", 2, at=900)
    market.cancel("alice", ended)
    market.buy("alice", 8, at=1000, time_in_force="ioc")
    market.halt()

    def refusal(
        price: int,
        quantity: int,
        trader: str = "alice",
        stop: int | None = None,
        late: bool = False,
    ) -> Told:
        answer = market.amend(
            trader, order, at=price, quantity=quantity, stop=stop, deadline_in=-1 if late else 0
        )
        return str(answer.refusal.code), list(answer.refusal.errors)

    assert refusal(1302, 2_000_000, "bob", stop=1, late=True) == ("not_found", [])
    assert market.amend("alice", ended, at=1302, deadline_in=-1).refused == "order_not_open"
    assert refusal(1302, 2_000_000, stop=1, late=True) == ("deadline_passed", [])
    assert refusal(1302, 2_000_000, stop=1) == ("market_not_open", [])
    market.open()
    assert refusal(1302, 2_000_000, stop=1) == ("invalid_order", ["stop_price"])
    assert refusal(1302, 2_000_000) == ("invalid_order", ["price", "quantity"])
    assert refusal(1302, 1) == ("invalid_order", ["price"])
    assert refusal(995, 1) == ("invalid_order", ["quantity"])
    assert refusal(1300, 3) == ("price_out_of_band", ["price"])
    assert refusal(1000, 3) == ("insufficient_funds", [])
    assert refusal(1000, 2) == ("post_only_would_take", ["price"])
    assert market.amend("alice", order, at=995, quantity=2).events == ["OrderAmended"]


def test_the_checks_of_a_group_one_after_the_other() -> None:
    market = a_market()
    market.buy("alice", 9, at=900, client_order_id="used")
    market.halt()

    def refusal(
        price: int, loss: int, quantity: int, name: str = "new", late: bool = False
    ) -> Told:
        wish = market.bracket(
            "alice", "buy", quantity, at=price, profit=1100, loss=loss, validate_only=True
        ).command
        assert isinstance(wish, PlaceGroup)
        entry, *exits = wish.orders
        entry = entry._replace(
            validate_only=False,
            client_order_id=name,
            post_only=True,
            deadline=market.now + (0 if late else 1),
        )
        answer = market.send(wish._replace(orders=(entry, *exits)))
        return str(answer.refusal.code), list(answer.refusal.errors)

    assert refusal(1002, 1003, 0, "used", late=True) == ("conflict", ["client_order_id"])
    assert refusal(1002, 1003, 0, late=True) == ("deadline_passed", [])
    assert refusal(1002, 1003, 0) == ("market_not_open", [])
    market.open()
    assert refusal(1002, 1003, 0) == ("invalid_order", ["price"])
    assert refusal(1002, 903, 0) == ("invalid_order", ["price", "quantity"])
    assert refusal(1000, 903, 2) == ("invalid_order", ["stop_loss.stop_price"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "MAX_OPEN_ORDERS_PER_ACCOUNT", 3)
        assert refusal(1000, 900, 2) == ("invalid_order", [])
    assert refusal(1000, 900, 2) == ("insufficient_funds", [])
    market.deposit("alice", "USD", 1000)
    assert refusal(1000, 900, 2) == ("post_only_would_take", ["price"])
