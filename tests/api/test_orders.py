"""Orders over REST: 201 means durable, and a retry is safe."""

from tests.drivers.exchange import ExchangeDriver


def test_an_order_that_rests_is_in_the_book_and_holds_funds(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice = exchange.new_trader(USD=1000)

    order = alice.place(market, "buy", "5", price="100")

    assert (order["status"], order["remaining_quantity"], order["fills"]) == ("open", "5", [])
    assert alice.balance("USD") == ("500", "500")
    exchange.wait_until(
        lambda: exchange.book(market)["bids"] == [["100", "5"]], "the book shows it"
    )
