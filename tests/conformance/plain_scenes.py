"""Scenes of a channel that loses and spoils nothing: books, their decimals, their order, their checksums."""

from tests.conformance.scene import SECOND, Reason, Scene, changed


def the_contract_s_example() -> Scene:
    scene = Scene("the contract's example: three levels and the checksum 2719417658")
    scene.begin()
    scene.later()
    scene.confirmed(scene.exchange.heartbeat())
    return scene


def an_empty_book() -> Scene:
    scene = Scene("an empty book has the checksum 0, before its first level and after its last")
    exchange = scene.exchange
    scene.subscribe()
    scene.applied(exchange.snapshot())
    scene.later()
    scene.confirmed(exchange.heartbeat())
    scene.applied(exchange.update(("asks", "101", "0.25")))
    scene.applied(exchange.update(("asks", "101", "0")))
    scene.later()
    scene.confirmed(exchange.heartbeat())
    scene.applied(exchange.snapshot())
    return scene


def levels_change() -> Scene:
    scene = Scene("an update adds, changes and removes levels, by their new totals")
    exchange = scene.begin()
    for change in (
        ("bids", "100", "3"),
        ("bids", "99.75", "0.1"),
        ("asks", "100.5", "7"),
        ("bids", "99.5", "0"),
        ("asks", "101", "0.250000001"),
        ("asks", "100.5", "0"),
    ):
        scene.later(20)
        scene.applied(exchange.update(change))
    return scene


def many_levels_at_once() -> Scene:
    scene = Scene(
        "an update may merge several batches: many levels, and more than one sequence further"
    )
    exchange = scene.begin()
    bids = [("bids", f"{90 + n}", f"{n + 1}.5") for n in range(8)]
    scene.applied(exchange.update(*bids, ("asks", "101", "0"), ("asks", "102", "1"), steps=12))
    scene.applied(exchange.update(("bids", "97", "0"), ("asks", "102", "2"), steps=3))
    scene.later()
    scene.confirmed(exchange.heartbeat())
    return scene


def no_level_at_all() -> Scene:
    scene = Scene(
        "an update without levels moves the sequence: the market's status or rules changed"
    )
    exchange = scene.begin()
    for status in ("halted", "auction", "open"):
        scene.later(200)
        scene.applied(exchange.update())
        data = {"market": "BTC-USD", "sequence": exchange.sequence, "status": status}
        told = {"channel": "status", "type": "update", "data": {**data, "auction": None}}
        scene.ignored(told)
    scene.confirmed(exchange.heartbeat())
    return scene


def a_level_that_is_not_there() -> Scene:
    scene = Scene(
        "a level may be removed that was never seen: its coming and its going were merged"
    )
    exchange = scene.begin()
    scene.applied(exchange.update(("asks", "100.5", "0"), steps=2))
    scene.applied(exchange.update(("bids", "1", "0"), ("bids", "99", "1"), steps=2))
    return scene


def decimals_are_ordered_as_numbers() -> Scene:
    scene = Scene(
        "prices are ordered as decimal numbers: not as text, and no digit is lost to a float"
    )
    exchange = scene.exchange
    scene.subscribe()
    scene.applied(exchange.snapshot())
    prices = ("9", "10", "10.5", "10.45", "0.1", "123456789012345678901", "10.000000000000000001")
    scene.applied(exchange.update(*(("asks", price, "1") for price in prices)))
    more = ("123456789012345678902", "123456789012345678900.5", "0.09")
    scene.applied(exchange.update(*(("asks", price, "2") for price in more)))
    scene.applied(exchange.update(*(("bids", price, "3") for price in prices[:5] + more)))
    scene.applied(exchange.update(("asks", "123456789012345678901", "0"), ("bids", "10.5", "0")))
    return scene


def small_ticks() -> Scene:
    scene = Scene("a market whose tick is 0.00000001, and whose lots are whole", "SHIB-BTC")
    exchange = scene.exchange
    scene.subscribe()
    scene.applied(exchange.snapshot())
    for n in range(1, 13):
        price = f"{n:08}".rstrip("0") if n % 10 == 0 else f"{n:08}"
        scene.applied(exchange.update(("bids", f"0.{price}", f"{n * 1_000_000_007}")))
    scene.applied(exchange.update(("asks", "0.0000002", "9223372036854775807")))
    scene.applied(exchange.update(("bids", "0.0000001", "0"), ("asks", "0.0000002", "1")))
    return scene


def large_ticks() -> Scene:
    scene = Scene("a market whose prices are whole, and whose lots are 10^-18", "YFI-JPY")
    exchange = scene.exchange
    scene.subscribe()
    scene.applied(exchange.snapshot())
    scene.applied(exchange.update(("bids", "1000000", "0.000000000000000001")))
    scene.applied(exchange.update(("bids", "999000", "9.999999999999999999")))
    scene.applied(exchange.update(("asks", "1001000", "1"), ("asks", "9007199254740993", "100")))
    scene.applied(exchange.update(("bids", "1000000", "0.00000000000000001")))
    return scene


def sides_that_overlap() -> Scene:
    scene = Scene("in an auction bids and asks overlap, and one price may stand on both sides")
    exchange = scene.begin()
    scene.applied(exchange.update(("asks", "99.5", "2"), ("bids", "103", "1")))
    scene.applied(exchange.update(("asks", "100", "1.5")))
    scene.later()
    scene.confirmed(exchange.heartbeat())
    scene.applied(
        exchange.update(
            ("asks", "99.5", "0"), ("asks", "100", "0"), ("bids", "103", "0"), ("bids", "100", "1")
        )
    )
    return scene


def an_unasked_snapshot() -> Scene:
    scene = Scene("an unasked snapshot is taken: at the same sequence, or further on")
    exchange = scene.begin()
    scene.later()
    scene.applied(exchange.snapshot())
    exchange.update(("bids", "98", "1"))
    exchange.update(("asks", "101", "0"), ("asks", "105", "3"), steps=40)
    scene.applied(exchange.snapshot())
    scene.applied(exchange.update(("asks", "105", "2")))
    return scene


def heartbeats_confirm() -> Scene:
    scene = Scene("a heartbeat each second confirms a quiet book for as long as it is quiet")
    exchange = scene.begin()
    for _ in range(6):
        scene.later()
        scene.ignored()
        scene.confirmed(exchange.heartbeat())
    scene.later()
    scene.applied(exchange.update(("bids", "99", "1")))
    return scene


def of_no_concern() -> Scene:
    scene = Scene("other markets, other channels and unknown types of message are of no concern")
    exchange = scene.begin()
    scene.ignored(changed(exchange.snapshot(), market="ETH-USD", sequence=99))
    scene.ignored(changed(exchange.heartbeat(), market="ETH-USD", checksum=1))
    scene.ignored({**exchange.heartbeat(), "channel": "ticker"})
    scene.ignored({**exchange.heartbeat(), "type": "weather"})
    scene.ignored({**exchange.heartbeat(), "type": "toString"})
    scene.confirmed(exchange.heartbeat())
    return scene


def before_the_snapshot() -> Scene:
    scene = Scene("before the first snapshot nothing is read, and nothing else is taken for one")
    exchange = scene.exchange
    scene.ignored()
    scene.subscribe()
    scene.ignored(exchange.update(("bids", "100", "1.5")))
    scene.ignored(exchange.heartbeat())
    scene.later(SECOND)
    scene.ignored()
    scene.applied(exchange.snapshot())
    scene.applied(exchange.update(("bids", "100", "1")))
    return scene


def the_connection_ends() -> Scene:
    scene = Scene("a connection that ended vouches for nothing, and nobody can be asked")
    exchange = scene.begin()
    scene.disconnect()
    for _ in range(3):
        scene.later(2 * SECOND)
        scene.ignored()
    exchange.update(("bids", "98", "1"))
    scene.subscribe()
    scene.ignored(exchange.heartbeat())
    scene.applied(exchange.snapshot())
    scene.disconnect()
    scene.later()
    scene.subscribe()
    scene.later(4 * SECOND)
    scene.tick_resync(Reason.WAITING)
    scene.later(100)
    scene.applied(exchange.snapshot())
    return scene


SCENES = (
    the_contract_s_example,
    an_empty_book,
    levels_change,
    many_levels_at_once,
    no_level_at_all,
    a_level_that_is_not_there,
    decimals_are_ordered_as_numbers,
    small_ticks,
    large_ticks,
    sides_that_overlap,
    an_unasked_snapshot,
    heartbeats_confirm,
    of_no_concern,
    before_the_snapshot,
    the_connection_ends,
)
