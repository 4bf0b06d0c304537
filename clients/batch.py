"""submit_batch: many orders in one request, each of them repeated until it is answered.

Rules:
- A batch is not atomic: each order has its own answer.
- Only what was answered with "try later" or not at all is sent again, with the same ids.
- An order that may have arrived and was never answered ends as OutcomeUnknown.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from clients.errors import (
    ExchangeError,
    NotConnected,
    OutcomeUnknown,
    TryLater,
    Unanswered,
    UnexpectedAnswer,
    error_of,
)
from clients.order_request import OrderRequest
from clients.records import Order
from clients.retry import Backoff, repeat

BATCH = 500
"""Orders in one batch at the most."""

OrderResult = Order | ExchangeError
"""What became of one order of a batch: the order, or why there is none."""

Send = Callable[[Mapping[str, Any], ExchangeError | None], Awaitable[Any]]
"""Sends a batch's body once, given the failure of the attempt before."""


async def submit_batch(
    requests: Sequence[OrderRequest], send: Send, *, attempts: int, backoff: Backoff
) -> list[OrderResult]:
    """Submit the orders and return what became of each, in their order; see `submit_orders`."""
    if not 1 <= len(requests) <= BATCH:
        raise ValueError(f"a batch has 1 to {BATCH} orders, not {len(requests)}")
    pending = {number: request.to_json() for number, request in enumerate(requests)}
    results: dict[int, OrderResult] = {}
    uncertain: set[int] = set()

    async def attempt(failure: ExchangeError | None) -> None:
        numbers = list(pending)
        try:
            answers = _read(await send({"orders": list(pending.values())}, failure), len(numbers))
        except Unanswered:
            uncertain.update(numbers)
            raise
        for number, answer in zip(numbers, answers, strict=True):
            if isinstance(answer, Unanswered):
                uncertain.add(number)
            if not isinstance(answer, TryLater | Unanswered):
                results[number] = answer
                del pending[number]
        again = [answer for answer in answers if isinstance(answer, TryLater | Unanswered)]
        if again:
            raise again[0]

    try:
        await repeat(attempt, attempts=attempts, backoff=backoff)
    except (TryLater, NotConnected, Unanswered) as error:
        for number in pending:
            client_order_id = requests[number].client_order_id
            unknown = OutcomeUnknown(client_order_id, attempts, error)
            results[number] = unknown if number in uncertain else error
    return [results[number] for number in range(len(requests))]


def _read(answer: object, expected: int) -> list[OrderResult]:
    rows = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or len(rows) != expected:
        raise UnexpectedAnswer(f"not the results of {expected} orders: {answer!r}")
    return [_read_one(row) for row in rows]


def _read_one(row: object) -> OrderResult:
    if isinstance(row, dict) and isinstance(row.get("order"), dict):
        return Order.from_json(row["order"])
    if isinstance(row, dict) and isinstance(row.get("error"), dict):
        status = row.get("status")
        return error_of(row["error"], status=status if isinstance(status, int) else None)
    raise UnexpectedAnswer(f"neither an order nor an error: {row!r}")
