"""Scenes by seed: a channel that loses, repeats, reorders and spoils, and what must come of each message.

Rules:
- The judge knows what was done to each message, because it did it. From that, the sequences, and the clock
  follows what must come of it: it applies no level and compares no checksum.
- Everything comes from the seed: the same seed writes the same scene.
"""

from dataclasses import dataclass
from random import Random

from tests.clients.publisher import Change, Message
from tests.conformance.scene import Reason, Scene, changed

SEEDS = range(1, 5)
STEPS = 60
ASK_AGAIN_MS = 3000
"""A snapshot that did not come is asked for again after this."""
PAUSE_MS = 250
"""Between two requests for a snapshot, at the least."""
STALE_MS = 3000

FAULTS = ("lost", "repeated", "spoiled levels", "spoiled checksum", "held", "old", "silence", "cut")


@dataclass
class Sent:
    """A message on its way, and the truth about it."""

    message: Message
    spoiled: str = ""
    """What is wrong with it: `levels` or `checksum`."""

    @property
    def type(self) -> str:
        return str(self.message["type"])

    @property
    def end(self) -> int:
        return int(self.message["data"]["sequence"])

    @property
    def start(self) -> int:
        return int(self.message["data"].get("prev_sequence", self.end))


class BadChannel:
    """Tells one scene: what the exchange sends, what the channel does to it, what must come of it."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.scene = Scene(f"a bad channel, seed {seed}")
        self.scene.begin()
        self.at: int | None = 3
        """The sequence that the client is in step at."""
        self.newest = 3
        """The last sequence that it was in step at."""
        self.heard, self.asked = self.scene.now, 0
        self.may_be_asked_for = False
        """Out of step, and the request for a snapshot had to wait."""
        self.sent: list[Sent] = []
        self.held: list[Sent] = []

    def run(self) -> Scene:
        for _ in range(STEPS):
            self.scene.later(self.dice.choice((10, 100, 300, 700)))
            self.tick()
            self.carry(Sent(self.next_message()))
            if self.at is None and self.dice.random() < 0.5:
                self.deliver(Sent(self.scene.exchange.snapshot()))
        self.scene.later(4000)
        self.tick()
        self.deliver(Sent(self.scene.exchange.snapshot()))
        return self.scene

    def next_message(self) -> Message:
        exchange = self.scene.exchange
        match self.dice.choice(("update",) * 6 + ("heartbeat", "snapshot")):
            case "heartbeat":
                return exchange.heartbeat()
            case "snapshot":
                return exchange.snapshot()
        return exchange.update(*self.changes(), steps=self.dice.randint(1, 3))

    def changes(self) -> list[Change]:
        """One to three levels with new totals, some of them removed, few of them there."""
        prices = self.dice.sample(["8", "9", "9.5", "9.75", "10", "10.5", "100"], 3)
        return [
            (
                self.dice.choice(("bids", "asks")),
                price,
                self.dice.choice(("0", "0", "0.5", "1", "20", "1000000")),
            )
            for price in prices[: self.dice.randint(1, 3)]
        ]

    def carry(self, sent: Sent) -> None:
        """Deliver it, or do something to it; and deliver what was held back before."""
        self.sent.append(sent)
        held, self.held = self.held, []
        match self.dice.choice(("none",) * 12 + FAULTS):
            case "lost":
                pass
            case "repeated":
                self.deliver(sent)
                self.deliver(sent)
            case "spoiled levels" if sent.type != "heartbeat":
                self.deliver(self.with_other_levels(sent))
            case "spoiled checksum":
                wrong = (sent.message["data"]["checksum"] + self.dice.randint(1, 9)) % 2**32
                self.deliver(Sent(changed(sent.message, checksum=wrong), "checksum"))
            case "held":
                self.held = [sent]
            case "old":
                self.deliver(self.dice.choice(self.sent))
            case "silence":
                self.scene.later(3500)
                self.tick()
            case "cut":
                self.reconnect()
            case _:
                self.deliver(sent)
        for each in held:
            self.deliver(each)

    def with_other_levels(self, sent: Sent) -> Sent:
        """A level more than the exchange ever had."""
        bids = [*sent.message["data"]["bids"], ["7.125", "3"]]
        return Sent(changed(sent.message, bids=bids), "levels")

    def reconnect(self) -> None:
        self.scene.disconnect()
        self.scene.later(100)
        self.scene.subscribe()
        self.at, self.asked, self.may_be_asked_for = None, self.scene.now, False

    # The judge

    def deliver(self, sent: Sent) -> None:
        match sent.type:
            case "snapshot":
                self.snapshot(sent)
            case _ if self.at is None:
                self.scene.ignored(sent.message)
            case "update":
                self.update(sent)
            case _:
                self.heartbeat(sent)

    def snapshot(self, sent: Sent) -> None:
        if self.at is not None and sent.end < self.at:
            self.scene.ignored(sent.message)  # a late one
        elif sent.spoiled:
            self.amiss(sent, Reason.CHECKSUM)
        elif sent.end < self.newest:
            self.newest = sent.end  # the next time it is believed
            self.amiss(sent, Reason.OLD_SNAPSHOT)
        else:
            self.right(sent)

    def update(self, sent: Sent) -> None:
        assert self.at is not None
        if sent.end < self.at or (sent.end == self.at and sent.spoiled != "checksum"):
            self.scene.ignored(sent.message)  # a repeat
        elif sent.end == self.at:
            self.amiss(sent, Reason.CHECKSUM)
        elif sent.start != self.at:
            self.amiss(sent, Reason.GAP)
        elif sent.spoiled:
            self.amiss(sent, Reason.CHECKSUM)
        else:
            self.right(sent)

    def heartbeat(self, sent: Sent) -> None:
        if sent.end != self.at:
            self.amiss(sent, Reason.GAP)
        elif sent.spoiled:
            self.amiss(sent, Reason.CHECKSUM)
        else:
            self.heard = self.scene.now
            self.scene.confirmed(sent.message)

    def right(self, sent: Sent) -> None:
        self.at = self.newest = sent.end
        self.heard = self.scene.now
        self.may_be_asked_for = False
        self.scene.applied(sent.message)

    def amiss(self, sent: Sent, reason: Reason) -> None:
        self.at = None
        if self.scene.now - self.asked < PAUSE_MS:
            self.may_be_asked_for = True
            self.scene.held_back(sent.message, reason)
        else:
            self.ask()
            self.scene.resync(sent.message, reason)

    def ask(self) -> None:
        self.asked, self.may_be_asked_for = self.scene.now, False

    def tick(self) -> None:
        """The client looks at the clock."""
        waited = self.scene.now - self.asked
        if self.at is not None and self.scene.now - self.heard > STALE_MS:
            self.at = None
            self.ask()
            self.scene.tick_resync(Reason.SILENCE)
        elif self.at is None and (
            waited > ASK_AGAIN_MS or (self.may_be_asked_for and waited >= PAUSE_MS)
        ):
            self.ask()
            self.scene.tick_resync(self.scene.reason)
        else:
            self.scene.ignored()
