"""`cases.json`: what node's tests are held to, by Python's Decimal, the exchange's words, the Python client.

`python -m tests.javascript.cases` writes it anew; test_cases.py minds that it is what Python says today.
"""

import json
import random
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal, localcontext
from pathlib import Path
from typing import Any, Final

from clients.account_feed import AccountFeed, SequenceGap
from clients.decimals import canonical
from markets.matching.types import GroupRole, MarketStatus, OrderStatus, Reason

FILE: Final = Path(__file__).with_name("cases.json")
CHANNELS: Final = ("orders", "fills", "balances")


def cases() -> dict[str, Any]:
    """All of them, by the name that the tests look them up by."""
    with localcontext(prec=100):
        return {
            "sums": _sums(random.Random(7)),
            "divisions": _divisions(random.Random(8)),
            "worst_prices": _worst_prices(),
            "private_feeds": [_private_feed(random.Random(seed)) for seed in range(20)],
            "words": {
                "reasons": [reason.value for reason in Reason],
                "roles": [role.value for role in GroupRole],
                "order_statuses": [status.value for status in OrderStatus],
                "market_statuses": [status.value for status in MarketStatus],
            },
        }


def text() -> str:
    """The file's: a case a line, so that a change of one is a change of one line."""
    parts = []
    for name, value in cases().items():
        if isinstance(value, list):
            lines = ",\n".join(f"    {json.dumps(each)}" for each in value)
            parts.append(f'  "{name}": [\n{lines}\n  ]')
        else:
            parts.append(f'  "{name}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _sums(dice: random.Random) -> list[list[Any]]:
    """[a, b, a + b, a - b, a * b, sign of a - b]."""
    found: list[list[Any]] = []
    for _ in range(200):
        a, b = (
            Decimal(dice.randrange(-(10**24), 10**24)).scaleb(-dice.randint(0, 18))
            for _ in range(2)
        )
        results = [canonical(number) for number in (a, b, a + b, a - b, a * b)]
        found.append([*results, (a > b) - (a < b)])
    return found


def _divisions(dice: random.Random) -> list[list[str]]:
    """[a, b, a / b cut off after 8 places, the largest multiple of b that is at most a]."""
    found = []
    for _ in range(100):
        a, b = Decimal(dice.randrange(10**9)), Decimal(dice.randrange(1, 10**6))
        cut = (a / b).quantize(Decimal("1e-8"), ROUND_DOWN)
        found.append([canonical(number) for number in (a, b, cut, a // b * b)])
    return found


def _worst_prices() -> list[list[str]]:
    """[price, ratio, the highest tick within it, the lowest], the tick being 0.01."""
    tick = Decimal("0.01")
    found = []
    for price in map(Decimal, ("100", "0.07", "63920.335", "99999999.99")):
        for ratio in map(Decimal, ("0.1", "0.000001", "0.123456", "1")):
            high = (price * (1 + ratio) / tick).to_integral_value(ROUND_FLOOR) * tick
            low = (price * (1 - ratio) / tick).to_integral_value(ROUND_CEILING) * tick
            found.append([canonical(number) for number in (price, ratio, high, low)])
    return found


Message = tuple[str, str, int]


def _private_feed(dice: random.Random) -> dict[str, Any]:
    """Messages as [type, channel, sequence], and what the Python client's feed makes of each."""
    messages = _private_messages(dice)
    feed = AccountFeed()
    judged: list[Any] = []
    for kind, channel, sequence in messages:
        data: dict[str, Any] = {"sequence": sequence, channel: []}
        try:
            events = feed.receive({"channel": channel, "type": kind, "data": data})
        except SequenceGap:
            judged.append(["gap", feed.resume_from])
        else:
            judged.append([[event.sequence for event in events], feed.resume_from])
    return {"messages": messages, "judged": judged}


def _private_messages(dice: random.Random) -> list[Message]:
    """Three snapshots with updates between, then updates that are lost, repeated and held back."""
    messages: list[Message] = []
    sequence = 5
    for channel in CHANNELS:
        messages.append(("snapshot", channel, sequence))
        for _ in range(dice.randint(0, 2)):
            sequence += 1
            messages.append(("update", dice.choice(CHANNELS), sequence))
    for _ in range(30):
        sequence += 1
        messages.append(("update", dice.choice(CHANNELS), sequence))
        fault = dice.choice(("none", "none", "none", "repeat", "lose"))
        if fault == "repeat":
            messages.append(dice.choice(messages))
        elif fault == "lose":
            lost = messages.pop()
            messages += [("update", "orders", sequence + 1), lost]
    return messages


if __name__ == "__main__":
    FILE.write_text(text())
