"""Everything that can go wrong, as a tree: catch as much or as little of it as you like.

    ExchangeError
    ├── Refused                      the exchange said no, and nothing was done
    │   ├── InvalidRequest           invalid_request
    │   ├── NotAuthenticated         not_authenticated
    │   ├── PermissionDenied         permission_denied
    │   ├── NotFound                 not_found
    │   ├── MethodNotAllowed         method_not_allowed
    │   ├── Conflict                 conflict: a client_order_id used again for another order
    │   ├── DeadlinePassed           deadline_passed: it came after its deadline
    │   ├── AccountFrozen            account_frozen: the operator froze the account
    │   ├── InvalidOrder             invalid_order
    │   ├── InsufficientFunds        insufficient_funds
    │   ├── PostOnlyWouldTake        post_only_would_take
    │   ├── PriceOutOfBand           price_out_of_band
    │   ├── MarketNotOpen            market_not_open
    │   ├── OrderNotOpen             order_not_open; carries the order as it ended
    │   ├── PayloadTooLarge          payload_too_large
    │   └── TryLater                 worth repeating, after `retry_after` seconds
    │       ├── RateLimited          rate_limited
    │       ├── Busy                 busy
    │       └── Unavailable          unavailable
    ├── NotConnected                 the exchange could not be reached; nothing was sent
    ├── Unanswered                   sent, and no answer that tells what became of it
    │   ├── TimedOut                 timeout, or our own patience ended
    │   ├── ConnectionLost           the connection ended before the answer
    │   └── ServerFailed             a 5xx that is none of the exchange's own problems
    ├── OutcomeUnknown               an order's fate is open after all repeats; has client_order_id
    ├── BookOutOfStep                a local book cannot be vouched for, so it is not read
    ├── UnexpectedAnswer             the exchange answered what its contract does not allow
    └── ClientClosed                 the client is not open (any more)

Rules:
- One class for each code of the exchange's contract; a code this release does not know is a plain
  `Refused`. `code`, `detail` and `errors` are the problem's own words.
- `Refused` and `NotConnected` mean that nothing was done; `Unanswered` means that nobody knows.
"""

from collections.abc import Mapping
from typing import Any


class ExchangeError(Exception):
    """The root of the tree: any failure that this library reports."""


class Refused(ExchangeError):
    """The exchange said no: nothing was done.

    `code` is the stable machine word, `status` the HTTP status or None on a socket, `detail` a
    sentence, `errors` maps a field to its messages, `problem` is the whole answer.
    """

    code = ""

    def __init__(self, problem: Mapping[str, Any], *, status: int | None = None) -> None:
        self.problem = dict(problem)
        self.status = status
        self.code = str(problem.get("code") or type(self).code or "unknown")
        self.detail = str(
            problem.get("detail") or problem.get("message") or problem.get("title") or ""
        )
        errors = problem.get("errors")
        self.errors: dict[str, Any] = dict(errors) if isinstance(errors, Mapping) else {}
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        said = [
            f"{field}: {messages}"
            for field, messages in ((name, _joined(each)) for name, each in self.errors.items())
            if messages not in self.detail
        ]
        parts = [part for part in (self.detail, "; ".join(said)) if part]
        return f"{self.code}: {' '.join(parts)}" if parts else self.code


class InvalidRequest(Refused):
    """The request's shape is wrong."""

    code = "invalid_request"


class NotAuthenticated(Refused):
    """No key, or one that the exchange does not know."""

    code = "not_authenticated"


class PermissionDenied(Refused):
    """The key may not do this."""

    code = "permission_denied"


class NotFound(Refused):
    """There is no such market, order or page."""

    code = "not_found"


class MethodNotAllowed(Refused):
    """The address does not take this method."""

    code = "method_not_allowed"


class Conflict(Refused):
    """The client_order_id belongs to an order with other content."""

    code = "conflict"


class DeadlinePassed(Refused):
    """The request's `deadline` had passed when the exchange came to it."""

    code = "deadline_passed"


class AccountFrozen(Refused):
    """The operator froze the account: it can cancel orders, but neither place nor amend them."""

    code = "account_frozen"


class InvalidOrder(Refused):
    """The market does not take such an order: tick, lot, limits or a combination of fields."""

    code = "invalid_order"


class InsufficientFunds(Refused):
    """The account has too little available."""

    code = "insufficient_funds"


class PostOnlyWouldTake(Refused):
    """A post-only order would have traded at once."""

    code = "post_only_would_take"


class PriceOutOfBand(Refused):
    """The price is too far from the market's reference."""

    code = "price_out_of_band"


class MarketNotOpen(Refused):
    """The market is halted, closed or in an auction."""

    code = "market_not_open"


class OrderNotOpen(Refused):
    """Cancel or amend of an order that has ended: `order` is its JSON, so no fill is hidden."""

    code = "order_not_open"

    @property
    def order(self) -> dict[str, Any] | None:
        """The order as it ended, as JSON, or None where the exchange did not send it."""
        order = self.problem.get("order")
        return order if isinstance(order, dict) else None


class PayloadTooLarge(Refused):
    """The request is longer than the exchange takes."""

    code = "payload_too_large"


class TryLater(Refused):
    """Nothing was done; the same request may well succeed after `retry_after` seconds."""

    def __init__(
        self,
        problem: Mapping[str, Any],
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(problem, status=status)
        self.retry_after = retry_after


class RateLimited(TryLater):
    """Too many requests."""

    code = "rate_limited"


class Busy(TryLater):
    """A queue of the exchange is full."""

    code = "busy"


class Unavailable(TryLater):
    """A part of the exchange does not run at the moment."""

    code = "unavailable"


class NotConnected(ExchangeError):
    """The exchange could not be reached: nothing was sent."""


class Unanswered(ExchangeError):
    """The request was sent, and what became of it is not known."""


class TimedOut(Unanswered):
    """No answer came in time."""

    code = "timeout"


class ConnectionLost(Unanswered):
    """The connection ended before the answer came."""


class ServerFailed(Unanswered):
    """An answer of the 5xx kind that is none of the exchange's own problems."""


class OutcomeUnknown(ExchangeError):
    """All repeats ended without a word on the order: ask again with the same `client_order_id`."""

    def __init__(self, client_order_id: str, attempts: int, last: BaseException) -> None:
        self.client_order_id = client_order_id
        self.attempts = attempts
        super().__init__(
            f"after {attempts} attempts it is not known whether order {client_order_id} exists "
            f"({last}); look it up, or submit it again with this client_order_id"
        )


class BookOutOfStep(ExchangeError):
    """A local book that is not in step refuses to be read; `reason` says why it is not."""

    def __init__(self, market: str, reason: str) -> None:
        self.market = market
        self.reason = reason
        super().__init__(f"the local book of {market} is out of step: {reason}")


class UnexpectedAnswer(ExchangeError):
    """The exchange answered something that its contract does not allow."""


class ClientClosed(ExchangeError):
    """The client is used before it was opened or after it was closed."""


REFUSALS: dict[str, type[Refused]] = {
    kind.code: kind
    for kind in (
        InvalidRequest,
        NotAuthenticated,
        PermissionDenied,
        NotFound,
        MethodNotAllowed,
        Conflict,
        DeadlinePassed,
        AccountFrozen,
        InvalidOrder,
        InsufficientFunds,
        PostOnlyWouldTake,
        PriceOutOfBand,
        MarketNotOpen,
        OrderNotOpen,
        PayloadTooLarge,
        RateLimited,
        Busy,
        Unavailable,
    )
}


def error_of(
    problem: Mapping[str, Any],
    *,
    status: int | None = None,
    retry_after: float | None = None,
) -> Refused | Unanswered:
    """Return the exception for a problem document or a socket's error object.

    Without a known `code`, a `status` of 500 or more is `ServerFailed`, anything else `Refused`.
    """
    code = problem.get("code")
    if code == TimedOut.code:
        return TimedOut(str(problem.get("detail") or problem.get("message") or "timeout"))
    kind = REFUSALS.get(str(code))
    if kind is None and status is not None and status >= 500:
        return ServerFailed(f"the exchange answered {status}")
    if kind is not None and issubclass(kind, TryLater):
        return kind(problem, status=status, retry_after=retry_after)
    return (kind or Refused)(problem, status=status)


def _joined(messages: object) -> str:
    if isinstance(messages, list | tuple):
        return ", ".join(str(message) for message in messages)
    return str(messages)
