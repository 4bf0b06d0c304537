"""The page's sums are exact, and an account's messages are each taken once, whatever comes.

The modules run in a browser, alone; Python's Decimal and the Python client's AccountFeed are the measure.
"""

import random
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Any

import pytest
from playwright.sync_api import Page

from clients.account_feed import AccountFeed, SequenceGap
from clients.decimals import canonical

pytestmark = pytest.mark.slow


def evaluate(page: Page, module: str, expression: str, argument: Any = None) -> Any:
    return page.evaluate(
        f"""async (argument) => {{
            const m = await import("/{module}");
            return {expression};
        }}""",
        argument,
    )


def test_sums_are_python_s_to_the_last_digit(modules: Page) -> None:
    dice = random.Random(7)
    numbers = [
        canonical(Decimal(dice.randrange(-(10**24), 10**24)).scaleb(-dice.randint(0, 18)))
        for _ in range(400)
    ]
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))

    found = evaluate(
        modules,
        "decimal.js",
        "argument.map(([a, b]) => [m.add(a, b), m.subtract(a, b), m.multiply(a, b), m.compare(a, b)])",
        pairs,
    )

    with localcontext(prec=100):
        for (first, second), results in zip(pairs, found, strict=True):
            a, b = Decimal(first), Decimal(second)
            sums = [canonical(result) for result in (a + b, a - b, a * b)]
            assert results == [*sums, (a > b) - (a < b)]


def test_division_is_cut_off_and_rounding_goes_down_to_whole_steps(modules: Page) -> None:
    dice = random.Random(8)
    pairs = [(str(dice.randrange(10**9)), str(dice.randrange(1, 10**6))) for _ in range(100)]

    found = evaluate(
        modules,
        "decimal.js",
        "argument.map(([a, b]) => [m.divide(a, b, 8), m.floorTo(a, b)])",
        pairs,
    )

    for (first, second), (quotient, floor) in zip(pairs, found, strict=True):
        a, b = Decimal(first), Decimal(second)
        assert quotient == canonical((a / b).quantize(Decimal("1e-8"), ROUND_DOWN))
        assert floor == canonical(a // b * b)


@pytest.mark.parametrize("text", ["", "1e5", "NaN", "Infinity", ".5", "5.", "+1", "1,000", "0x10"])
def test_what_is_no_plain_decimal_is_refused(modules: Page, text: str) -> None:
    assert evaluate(modules, "decimal.js", "m.isPlain(argument)", text) is False


@pytest.mark.parametrize(
    ("text", "decimals", "shown"),
    [
        ("1234567.5", 2, "1,234,567.50"),
        ("100", 0, "100"),
        ("-1234.5", 0, "-1,234.5"),
        ("0.00001", 5, "0.00001"),
        ("0.12345678", 2, "0.12345678"),
    ],
)
def test_numbers_are_shown_whole_and_lined_up(
    modules: Page, text: str, decimals: int, shown: str
) -> None:
    assert evaluate(modules, "decimal.js", "m.shown(...argument)", [text, decimals]) == shown


@pytest.mark.parametrize(
    ("percent", "ratio"), [("1", "0.01"), ("0.5", "0.005"), ("100", "1"), ("ten", "ten")]
)
def test_a_percentage_is_an_exact_ratio(modules: Page, percent: str, ratio: str) -> None:
    assert evaluate(modules, "decimal.js", "m.ratioOfPercent(argument)", percent) == ratio


def test_the_order_that_ended_last_comes_first_whoever_tells_of_it(modules: Page) -> None:
    def order(id: str, minute: int, status: str = "canceled") -> Any:
        return {"id": id, "status": status, "updated_at": f"2026-11-22T07:{minute:02}:00.000000Z"}

    shown = evaluate(
        modules,
        "ended_orders.js",
        """(() => {
            const ended = new m.EndedOrders();
            for (const orders of argument) ended.take(orders);
            return ended.all().map((order) => order.id);
        })()""",
        [
            [order("7", 3), order("8", 1, "open")],
            [order("11", 9, "filled"), order("9", 3), order("7", 3), order("10", 3, "expired")],
        ],
    )

    assert shown == ["11", "10", "9", "7"]


def test_only_so_many_ended_orders_are_kept(modules: Page) -> None:
    kept = evaluate(
        modules,
        "ended_orders.js",
        """(() => {
            const ended = new m.EndedOrders();
            for (let id = 1; id <= 1000; id += 1) {
                const updated_at = `2026-11-22T07:00:00.${String(id).padStart(6, "0")}Z`;
                ended.take([{ id: String(id), status: "filled", updated_at }]);
            }
            return [ended.all().length, ended.all()[0].id];
        })()""",
    )

    assert kept == [100, "1000"]


def test_an_account_s_messages_are_judged_as_the_python_client_does(modules: Page) -> None:
    for seed in range(20):
        messages = _private_messages(random.Random(seed))
        found = modules.evaluate(
            """async (messages) => {
                const { AccountFeed, Gap } = await import("/account_feed.js");
                const feed = new AccountFeed();
                return messages.map((message) => {
                    try {
                        return [feed.receive(message).map((event) => event.sequence), feed.resumeFrom];
                    } catch (error) {
                        if (!(error instanceof Gap)) throw error;
                        return ["gap", feed.resumeFrom];
                    }
                });
            }""",
            messages,
        )
        assert found == _as_python_judges(messages)


def _private_messages(dice: random.Random) -> list[Any]:
    """Three snapshots with updates between, then updates that are lost, repeated and held back."""

    def message(kind: str, channel: str, sequence: int) -> Any:
        return {"channel": channel, "type": kind, "data": {"sequence": sequence, channel: []}}

    channels = ["orders", "fills", "balances"]
    messages = []
    sequence = 5
    for channel in channels:
        messages.append(message("snapshot", channel, sequence))
        for _ in range(dice.randint(0, 2)):
            sequence += 1
            messages.append(message("update", dice.choice(channels), sequence))
    for _ in range(30):
        sequence += 1
        messages.append(message("update", dice.choice(channels), sequence))
        fault = dice.choice(("none", "none", "none", "repeat", "lose"))
        if fault == "repeat":
            messages.append(dice.choice(messages))
        elif fault == "lose":
            lost = messages.pop()
            messages.append(message("update", "orders", sequence + 1))
            messages.append(lost)
    return messages


def _as_python_judges(messages: list[Any]) -> list[Any]:
    feed = AccountFeed()
    judged: list[Any] = []
    for message in messages:
        try:
            judged.append([[event.sequence for event in feed.receive(message)], feed.resume_from])
        except SequenceGap:
            judged.append(["gap", feed.resume_from])
    return judged
