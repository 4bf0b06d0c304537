"""keep_going: a trader's step, again and again, whatever the exchange answers.

Rules:
- Never spins: every step is followed by a pause, and a failed one by a longer one.
- What passes is waited for: a restart, `busy`, a halted market, a book out of step, no funds.
- What does not pass (a key that is not known, a market that never was) ends it.
- A sentence is said when the state of things changes, not each time it is found unchanged.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from clients.errors import (
    BookOutOfStep,
    ExchangeError,
    InsufficientFunds,
    MarketNotOpen,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    TryLater,
)
from clients.retry import Backoff

HALTED_PAUSE = 5.0
"""Seconds before a market that is not open is tried again."""

BROKE_PAUSE = 10.0
"""Seconds before an account without funds tries again."""

REFUSED_PAUSE = 5.0
"""Seconds after any other refusal."""

STEP_PAUSE = 1.0
"""Seconds before a book that is out of step is looked at again."""

Say = Callable[[str], None]


def say(sentence: str) -> None:
    """Print a sentence about the state of things on stderr."""
    print(sentence, file=sys.stderr, flush=True)


async def keep_going(
    name: str,
    step: Callable[[], Awaitable[None]],
    pause: Callable[[], float],
    *,
    tell: Say = say,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run `step` for ever, `pause()` seconds apart; `name` begins what is told.

    Raises NotAuthenticated, PermissionDenied and NotFound.
    """
    backoff = Backoff(first=0.5, longest=10.0)
    said = ""
    while True:
        trouble = ""
        wait = pause()
        try:
            await step()
            backoff.succeeded()
        except (NotAuthenticated, PermissionDenied, NotFound):
            raise
        except ExchangeError as error:
            trouble = type(error).__name__
            wait += _pause_after(error, backoff)
            if trouble != said:
                tell(f"{name}: {error}")
        if said and not trouble:
            tell(f"{name}: goes on")
        said = trouble
        await sleep(wait)


async def run_together(*works: Coroutine[Any, Any, None]) -> None:
    """Run all until one fails, then cancel the others and raise that failure."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _pause_after(error: ExchangeError, backoff: Backoff) -> float:
    match error:
        case MarketNotOpen():
            return HALTED_PAUSE
        case InsufficientFunds():
            return BROKE_PAUSE
        case BookOutOfStep():
            return STEP_PAUSE
        case TryLater():
            return backoff.pause(error.retry_after)
        case _ if hasattr(error, "code"):
            return REFUSED_PAUSE
        case _:
            return backoff.pause()
