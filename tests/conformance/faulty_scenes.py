"""Scenes of what goes wrong: lost, repeated, reordered, spoiled, unreadable, late, or nothing at all."""

from typing import Any

from tests.clients.publisher import Message
from tests.conformance.scene import SECOND, Reason, Scene, changed, without


def lost_before_an_update() -> Scene:
    scene = Scene("a lost update is noticed with the next; until the snapshot all else is ignored")
    exchange = scene.begin()
    exchange.update(("bids", "98", "1"))  # lost
    scene.later()
    scene.resync(exchange.update(("bids", "97", "1")), Reason.GAP)
    scene.ignored(exchange.update(("bids", "96", "1")))
    scene.ignored(exchange.heartbeat())
    scene.heal()
    scene.confirmed(exchange.heartbeat())
    return scene


def lost_before_a_heartbeat() -> Scene:
    scene = Scene("a lost update is noticed with the heartbeat")
    exchange = scene.begin()
    exchange.update(("bids", "98", "1"))  # lost
    scene.later()
    scene.resync(exchange.heartbeat(), Reason.GAP)
    scene.heal()
    return scene


def lost_before_a_snapshot() -> Scene:
    scene = Scene("a lost update is healed by an unasked snapshot, before anybody noticed")
    exchange = scene.begin()
    exchange.update(("bids", "98", "1"))  # lost
    scene.applied(exchange.snapshot())
    scene.applied(exchange.update(("bids", "98", "0")))
    return scene


def repeated() -> Scene:
    scene = Scene("repeated updates change nothing")
    exchange = scene.begin()
    first, second = exchange.update(("bids", "98", "1")), exchange.update(("bids", "98", "0"))
    for update in (first, second):
        scene.applied(update)
        scene.ignored(update)
    scene.ignored(first)
    scene.ignored(second)
    scene.confirmed(exchange.heartbeat())
    return scene


def reordered() -> Scene:
    scene = Scene("reordered updates are not applied")
    exchange = scene.begin()
    first, second = exchange.update(("bids", "98", "1")), exchange.update(("bids", "97", "1"))
    scene.later()
    scene.resync(second, Reason.GAP)
    scene.ignored(first)
    scene.heal()
    return scene


def overlapping() -> Scene:
    scene = Scene(
        "an update that begins before the book's sequence and ends after it is not trusted"
    )
    exchange = scene.begin()
    scene.later()
    update = exchange.update(("bids", "98", "1"))
    scene.resync(changed(update, prev_sequence=2), Reason.GAP)
    scene.heal()
    return scene


def another_truth() -> Scene:
    scene = Scene("an update to the book's very sequence with another checksum is no repeat")
    exchange = scene.begin()
    update = exchange.update(("bids", "98", "1"))
    scene.applied(update)
    scene.later()
    scene.resync(changed(update, checksum=1), Reason.CHECKSUM)
    scene.heal()
    return scene


def spoiled_updates() -> Scene:
    scene = Scene("a spoiled update is noticed by the checksum, whatever was spoiled in it")
    exchange = scene.begin()
    scene.later()
    spoiled: dict[str, Any]
    for spoiled in (
        {"bids": [["98", "2"]]},
        {"bids": [["98.1", "1"]]},
        {"bids": [], "asks": [["98", "1"]]},
        {"bids": []},
        {"bids": [["98", "0"]]},
        {"bids": [["98", "1"], ["99.5", "0"]]},
        {"checksum": 0},
        {"checksum": 4294967295},
    ):
        update = exchange.update(("bids", "98", "1"))
        scene.resync(changed(update, **spoiled), Reason.CHECKSUM)
        scene.later(300)
        exchange.update(("bids", "98", "0"))
        scene.applied(exchange.snapshot())
        scene.later(300)
    return scene


def spoiled_snapshots() -> Scene:
    scene = Scene("a spoiled snapshot is not believed, and the book before it neither")
    exchange = scene.begin()
    scene.later()
    exchange.update(("bids", "98", "1"))
    scene.resync(changed(exchange.snapshot(), checksum=1), Reason.CHECKSUM)
    scene.later()
    scene.resync(changed(exchange.snapshot(), bids=[]), Reason.CHECKSUM)
    scene.heal()
    scene.disconnect()
    scene.subscribe()
    scene.later()
    scene.resync(changed(exchange.snapshot(), asks=[["101", "0.5"]]), Reason.CHECKSUM)
    scene.heal()
    return scene


def a_heartbeat_disagrees() -> Scene:
    scene = Scene("a heartbeat with another checksum is believed, not the book")
    exchange = scene.begin()
    scene.later()
    scene.resync(changed(exchange.heartbeat(), checksum=1), Reason.CHECKSUM)
    scene.heal()
    scene.resync(changed(exchange.heartbeat(), sequence=2), Reason.GAP)
    scene.heal()
    return scene


def silence() -> Scene:
    scene = Scene(
        "silence of more than three seconds is out of step; a snapshot then comes unasked"
    )
    exchange = scene.begin()
    scene.later(2500)
    scene.ignored()
    scene.confirmed(exchange.heartbeat())
    scene.later(2500)
    scene.ignored()
    scene.later(SECOND)
    scene.tick_resync(Reason.SILENCE)
    scene.later()
    scene.ignored(exchange.heartbeat())
    scene.heal()
    return scene


def repeats_are_silence() -> Scene:
    scene = Scene("repeats do not break the silence: they say nothing new")
    exchange = scene.begin()
    update = exchange.update(("bids", "98", "1"))
    scene.applied(update)
    scene.later(2500)
    scene.ignored(update)
    scene.later(SECOND)
    scene.tick_resync(Reason.SILENCE)
    scene.heal()
    return scene


def no_snapshot_comes() -> Scene:
    scene = Scene("a snapshot that does not come is asked for again")
    exchange = scene.exchange
    scene.subscribe()
    scene.later(2500)
    scene.ignored()
    scene.later(SECOND)
    scene.tick_resync(Reason.WAITING)
    scene.later(2500)
    scene.ignored()
    scene.later(SECOND)
    scene.tick_resync(Reason.WAITING)
    scene.applied(exchange.snapshot())
    return scene


def bounded_rate() -> Scene:
    scene = Scene("fresh snapshots are asked for at a bounded rate")
    exchange = scene.begin()
    scene.later()
    wrong = changed(exchange.snapshot(), checksum=1)
    scene.resync(wrong, Reason.CHECKSUM)
    for _ in range(5):
        scene.later(20)
        scene.held_back(wrong, Reason.CHECKSUM)
        scene.ignored()
    scene.later(400)
    scene.tick_resync(Reason.CHECKSUM)
    scene.heal()
    return scene


def a_late_snapshot() -> Scene:
    scene = Scene("a snapshot older than a book in step is a late one: ignored")
    exchange = scene.begin()
    late = exchange.snapshot()
    scene.applied(exchange.update(("bids", "98", "1")))
    scene.ignored(late)
    scene.confirmed(exchange.heartbeat())
    return scene


def the_exchange_went_back() -> Scene:
    scene = Scene(
        "an older snapshot than before is doubted once, and believed when the exchange insists"
    )
    exchange = scene.begin()
    older = exchange.snapshot()
    scene.applied(exchange.update(("bids", "98", "1")))
    scene.disconnect()
    scene.subscribe()
    scene.later()
    scene.resync(older, Reason.OLD_SNAPSHOT)
    scene.later()
    scene.applied(older)
    return scene


def _data_that_cannot_be_read(update: Message) -> list[Message]:
    """The update, spoiled in its fields."""
    levels: list[Any] = [
        None,
        "98",
        {"98": "1"},
        ["98", "1"],
        [["98"]],
        [["98", "1", "1"]],
        [["98", 1]],
        [[98, "1"]],
        [["98", None]],
        [["98", ""]],
        [["98", "1e2"]],
        [["98", "+1"]],
        [["98", " 1"]],
        [["98", "1."]],
        [[".5", "1"]],
        [["98", "-1"]],
        [["-98", "1"]],
        [["0", "1"]],
        [["98", "NaN"]],
        [["98", "Infinity"]],
        [["98", "1,5"]],
        [["0x10", "1"]],
    ]
    numbers: list[Any] = [None, "4", -4, 4.5, True, [4]]
    spoiled = [changed(update, bids=each) for each in levels]
    spoiled += [changed(update, asks=each) for each in (None, [["101", "1e2"]])]
    spoiled += [changed(update, sequence=each) for each in numbers]
    spoiled += [changed(update, prev_sequence=each) for each in numbers]
    spoiled += [changed(update, checksum=each) for each in (None, str(update["data"]["checksum"]))]
    names = ("market", "sequence", "prev_sequence", "bids", "asks", "checksum")
    return spoiled + [without(update, name) for name in names]


def unreadable_updates() -> Scene:
    scene = Scene("an update that cannot be read counts as lost; it is not applied in part")
    exchange = scene.begin()
    count = len(_data_that_cannot_be_read(exchange.update(("bids", "98", "1"))))
    scene.applied(exchange.snapshot())
    for n in range(count):
        scene.later()
        update = exchange.update(("bids", "98", str(n + 2)))
        scene.resync(_data_that_cannot_be_read(update)[n], Reason.UNREADABLE)
        scene.later(100)
        scene.applied(exchange.snapshot())
    return scene


def unreadable_messages() -> Scene:
    scene = Scene("a message that cannot be read counts as lost, too")
    exchange = scene.begin()
    beat, snapshot = exchange.heartbeat(), exchange.snapshot()
    spoiled: list[Any] = [
        {},
        {"channel": "book", "type": "update"},
        {"channel": "book", "type": "update", "data": None},
        {"channel": "book", "type": "update", "data": "BTC-USD"},
        {"channel": "book", "type": "update", "data": []},
        {"channel": "book", "data": beat["data"]},
        {"type": "heartbeat", "data": beat["data"]},
        without(beat, "sequence"),
        without(beat, "checksum"),
        changed(beat, sequence="3"),
        changed(beat, checksum=str(beat["data"]["checksum"])),
        without(snapshot, "bids"),
        without(snapshot, "asks"),
        without(snapshot, "checksum"),
        changed(snapshot, sequence="3"),
        changed(snapshot, bids=[["100", 1.5]]),
        changed(snapshot, asks={"101": "0.25"}),
    ]
    for message in spoiled:
        scene.later()
        scene.resync(message, Reason.UNREADABLE)
        scene.later(100)
        scene.applied(exchange.snapshot())
    return scene


SCENES = (
    lost_before_an_update,
    lost_before_a_heartbeat,
    lost_before_a_snapshot,
    repeated,
    reordered,
    overlapping,
    another_truth,
    spoiled_updates,
    spoiled_snapshots,
    a_heartbeat_disagrees,
    silence,
    repeats_are_silence,
    no_snapshot_comes,
    bounded_rate,
    a_late_snapshot,
    the_exchange_went_back,
    unreadable_updates,
    unreadable_messages,
)
