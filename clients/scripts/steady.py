"""keep_going: a trader's step, again and again, whatever the exchange answers.

Rules:
- Never spins: every step is followed by a pause, and a failed one by a longer one.
- What passes is waited for: a restart, `busy`, a market that is halted, closed or in an auction, a
  book out of step, no funds.
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
from clients.live_book import LiveBook
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


class NotTrading(ExchangeError):
    """The market takes no orders at the moment, as its status says."""


def say(sentence: str) -> None:
    """Print a sentence about the state of things on stderr."""
    print(sentence, file=sys.stderr, flush=True)


def in_auction(book: LiveBook) -> bool:
    """Tell whether the market is in an auction, which takes only orders that may rest.

    Raises NotTrading while it is halted or closed. What is not known is taken for open.
    """
    status = "open" if book.status is None else book.status.status
    if status in ("halted", "closed"):
        raise NotTrading(f"the market is {status}")
    return status == "auction"


async def wait_until_open(book: LiveBook, *, tell: Say = say) -> None:
    """Wait while the market is known not to be open."""
    said = ""
    while book.status is not None and not book.status.is_open:
        if said != book.status.status:
            said = book.status.status
            words = "in an auction" if said == "auction" else said
            tell(f"{book.market} is {words}: waiting until it is open")
        await book.changed()
    if said:
        tell(f"{book.market}: goes on")


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
        case MarketNotOpen() | NotTrading():
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
