"""Backoff and repeat: how long to wait before the next attempt, and when to give up.

Rules:
- Repeated is what may be: "try later", "not connected", and an answer that did not come. Any other
  refusal is an answer and ends the matter.
- When all attempts are used up, an attempt whose outcome is unknown outweighs a later "busy".
- Pauses double from FIRST_PAUSE to LONGEST_PAUSE seconds, each drawn between half of that and all
  of it, so that many clients that failed together do not return together.
- The exchange's own Retry-After is waited for at the least, up to LONGEST_RETRY_AFTER seconds.
- Chance comes in from outside, so a test can fix it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

from clients.errors import ExchangeError, NotConnected, TryLater, Unanswered

T = TypeVar("T")

ATTEMPTS = 6
"""How often a request is sent at the most."""

FIRST_PAUSE = 0.1
"""Seconds before the second attempt."""

LONGEST_PAUSE = 5.0
"""Seconds between two attempts at the most, unless the exchange asks for more."""

LONGEST_RETRY_AFTER = 60.0
"""Seconds of Retry-After that are honoured."""


class Backoff:
    """The pauses of one request, or of one connection that is to be kept open."""

    def __init__(
        self,
        *,
        first: float = FIRST_PAUSE,
        longest: float = LONGEST_PAUSE,
        random: Random | None = None,
    ) -> None:
        self._first = first
        self._longest = longest
        self._random = random or Random()  # noqa: S311 - spreads load, guards nothing
        self.failures = 0

    def pause(self, retry_after: float | None = None) -> float:
        """Count one failure, and return the seconds to wait before the next attempt."""
        ceiling = min(self._longest, self._first * float(2 ** min(self.failures, 30)))
        self.failures += 1
        drawn = ceiling * (0.5 + self._random.random() / 2)
        return max(drawn, min(retry_after or 0.0, LONGEST_RETRY_AFTER))

    def succeeded(self) -> None:
        """Start again with the shortest pause."""
        self.failures = 0


async def repeat(
    attempt: Callable[[ExchangeError | None], Awaitable[T]],
    *,
    attempts: int = ATTEMPTS,
    backoff: Backoff | None = None,
) -> T:
    """Await `attempt(previous failure)` until it is answered, `attempts` times at the most.

    Raises the refusal that ended the matter; when all attempts are used up, the last Unanswered if
    there was one, otherwise the last failure.
    """
    backoff = backoff or Backoff()
    unanswered: Unanswered | None = None
    last: ExchangeError | None = None
    for left in reversed(range(attempts)):
        retry_after = None
        try:
            return await attempt(unanswered or last)
        except TryLater as error:
            last, retry_after = error, error.retry_after
        except NotConnected as error:
            last = error
        except Unanswered as error:
            last = unanswered = error
        if left:
            await asyncio.sleep(backoff.pause(retry_after))
    raise unanswered or last or ValueError("attempts must be 1 or more")
