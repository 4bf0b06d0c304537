"""Depth: who is fed the updates alone has the engine's book, and its checksum proves it.

An update names the levels whose quantity changed, with the new quantity, 0 for gone; best first.
The checksum is the sum over all levels of CRC-32 of "b:PRICE:QUANTITY" (or "a:"), modulo 2^32.
"""

from zlib import crc32

from tests.drivers import MarketDriver


def test_an_update_names_the_levels_that_changed() -> None:
    market = MarketDriver()
    market.sell("alice", 5, at=101)

    with market.batch():
        market.sell("alice", 2, at=101)
        market.sell("alice", 4, at=103)
        market.buy("bob", 1, at=99)

    batch = market.batches[-1]
    assert batch.asks == ((101, 7), (103, 4))
    assert batch.bids == ((99, 1),)


def test_levels_are_named_best_first() -> None:
    market = MarketDriver()

    with market.batch():
        for price in (99, 97, 98):
            market.buy("alice", 1, at=price)
        for price in (102, 101, 103):
            market.sell("alice", 1, at=price)

    batch = market.batches[-1]
    assert [price for price, _ in batch.bids] == [99, 98, 97]
    assert [price for price, _ in batch.asks] == [101, 102, 103]


def test_a_level_that_is_gone_has_quantity_nothing() -> None:
    market = MarketDriver()
    market.sell("alice", 5, at=101)

    market.buy("bob", 5, at=101)

    assert market.batches[-1].asks == ((101, 0),)


def test_a_level_that_came_and_went_within_a_batch_is_not_named() -> None:
    market = MarketDriver()

    with market.batch():
        market.sell("alice", 5, at=101)
        market.buy("bob", 5, at=101)

    batch = market.batches[-1]
    assert (batch.bids, batch.asks) == ((), ())
    assert len(batch.trades) == 1


def test_a_level_whose_orders_changed_and_its_sum_did_not_is_not_named() -> None:
    market = MarketDriver()
    market.sell("alice", 5, at=101, client_order_id="a1")

    with market.batch():
        market.cancel("alice", "a1")
        market.sell("bob", 5, at=101)

    assert market.batches[-1].asks == ()


def test_the_checksum_is_the_contracts() -> None:
    market = MarketDriver(base_decimals=2, quote_decimals=2, tick_size=50, lot_size=10)

    market.buy("alice", 150, at=10_050)
    market.sell("bob", 200, at=10_100)

    expected = (crc32(b"b:100.5:1.5") + crc32(b"a:101:2")) % 2**32
    assert market.engine.book.checksum == market.batches[-1].checksum == expected


def test_the_checksum_of_nothing_is_nothing() -> None:
    market = MarketDriver()
    market.buy("alice", 1, at=100, client_order_id="a1")

    market.cancel("alice", "a1")

    assert market.batches[-1].checksum == 0


def test_the_checksum_knows_sides_apart() -> None:
    bid, ask = MarketDriver(), MarketDriver()

    bid.buy("alice", 1, at=100)
    ask.sell("alice", 1, at=100)

    assert bid.engine.book.checksum != ask.engine.book.checksum


def test_after_an_undone_batch_the_next_update_follows_the_one_before() -> None:
    market = MarketDriver()
    market.sell("alice", 5, at=101)

    with market.batch(fails=True):
        market.buy("bob", 9, at=101)
    market.buy("bob", 2, at=101)

    assert market.batches[-1].asks == ((101, 3),)
    assert market.batches[-1].bids == ()
