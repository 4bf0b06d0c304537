"""Checks come in one order: client_order_id, status, fields, tick, lot and limits, funds, post-only.

An order that is wrong in every way is put right one thing at a time, and told the next each time.
"""

from tests.drivers import MarketDriver


def test_the_checks_of_a_new_order_one_after_the_other() -> None:
    market = MarketDriver(opening=0, tick_size=5, min_notional=1000)
    market.deposit("bob", "BTC", 1)
    market.sell("bob", 1, at=1000)
    market.deposit("alice", "USD", 10_000)
    market.buy("alice", 200, at=50, client_order_id="used")
    market.halt()

    def refusal(price: int, quantity: int, name: str, time_in_force: str) -> tuple[str, list[str]]:
        answer = market.buy(
            "alice",
            quantity,
            at=price,
            post_only=True,
            client_order_id=name,
            time_in_force=time_in_force,
        )
        return str(answer.refusal.code), list(answer.refusal.errors)

    assert refusal(1002, 2_000_000, "used", "ioc") == ("conflict", ["client_order_id"])
    assert refusal(1002, 2_000_000, "new", "ioc") == ("market_not_open", [])
    market.open()
    assert refusal(1002, 2_000_000, "new", "ioc") == ("invalid_order", ["post_only"])
    assert refusal(1002, 2_000_000, "new", "gtc") == ("invalid_order", ["price", "quantity"])
    assert refusal(1002, 1, "new", "gtc") == ("invalid_order", ["price"])
    assert refusal(5, 1, "new", "gtc") == ("invalid_order", ["quantity"])
    assert refusal(1000, 1, "new", "gtc") == ("insufficient_funds", [])
    market.deposit("alice", "USD", 1000)
    assert refusal(1000, 1, "new", "gtc") == ("post_only_would_take", ["price"])
    assert market.engine.state.sequence == 4, "two orders, a halt, an opening: no refusal is a fact"


def test_the_checks_of_an_amend_one_after_the_other() -> None:
    market = MarketDriver(opening=0, tick_size=5, min_notional=1000)
    market.deposit("bob", "BTC", 10)
    market.sell("bob", 10, at=1000)
    market.deposit("alice", "USD", 2_000)
    order = market.buy("alice", 2, at=900, post_only=True)
    market.halt()

    def refusal(trader: str, price: int, quantity: int) -> tuple[str, list[str]]:
        answer = market.amend(trader, order, at=price, quantity=quantity)
        return str(answer.refusal.code), list(answer.refusal.errors)

    assert refusal("bob", 1002, 2_000_000) == ("not_found", [])
    assert refusal("alice", 1002, 2_000_000) == ("market_not_open", [])
    market.open()
    assert refusal("alice", 1002, 2_000_000) == ("invalid_order", ["price", "quantity"])
    assert refusal("alice", 1002, 1) == ("invalid_order", ["price"])
    assert refusal("alice", 995, 1) == ("invalid_order", ["quantity"])
    assert refusal("alice", 1000, 3) == ("insufficient_funds", [])
    assert refusal("alice", 1000, 2) == ("post_only_would_take", ["price"])
    assert market.amend("alice", order, at=995, quantity=2).events == ["OrderAmended"]
