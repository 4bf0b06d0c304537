"""What the dialect refuses with: its codes and exact texts, and what the exchange's refusals are in it.

Clients match the texts first, then the codes, so a text here is never put in other words.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from markets.problems import Problem

JSON = dict[str, Any]


class Said(NamedTuple):
    """An error as it is said."""

    code: int
    msg: str
    status: int = 400


class DialectError(Exception):
    """A request that is refused."""

    def __init__(self, said: Said, *, retry_after: int | None = None, data: Any = None) -> None:
        super().__init__(said.msg)
        self.said = said
        self.retry_after = retry_after
        self.data = data

    @property
    def status(self) -> int:
        """The status over HTTP, and on the WebSocket API."""
        return self.said.status

    def as_json(self) -> JSON:
        """The error's members."""
        body: JSON = {"code": self.said.code, "msg": self.said.msg}
        if self.data is not None:
            body["data"] = self.data
        return body


# Of requests

UNKNOWN: Final = Said(-1000, "An unknown error occurred while processing the request.", 500)
UNAVAILABLE: Final = Said(
    -1001, "Internal error; unable to process your request. Please try again.", 503
)
TOO_MANY_REQUESTS: Final = Said(
    -1003, "Too many requests; current request has limited. Please slow down.", 429
)
BANNED: Final = Said(-1003, "Way too many requests; slow down, and come back when told.", 418)
TIMEOUT: Final = Said(
    -1007,
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    504,
)
BUSY: Final = Said(
    -1008,
    "Server is currently overloaded with other requests. Please try again in a few minutes.",
    503,
)
TOO_MANY_ORDERS: Final = Said(-1015, "Too many new orders.", 429)
UNSUPPORTED: Final = Said(-1020, "This operation is not supported.", 404)
UNSUPPORTED_METHOD: Final = Said(-1020, "This operation is not supported.", 405)
LATE: Final = Said(-1021, "Timestamp for this request is outside of the recvWindow.")
AHEAD: Final = Said(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
BAD_SIGNATURE: Final = Said(-1022, "Signature for this request is not valid.")
TOO_MANY_PARAMETERS: Final = Said(-1101, "Too many parameters sent for this endpoint.")
TOO_LARGE: Final = Said(-1101, "Too many parameters sent for this endpoint.", 413)
REPEATED: Final = Said(-1101, "Duplicate values for a parameter detected.")
BAD_TIME_IN_FORCE: Final = Said(-1115, "Invalid timeInForce.")
BAD_ORDER_TYPE: Final = Said(-1116, "Invalid orderType.")
BAD_SIDE: Final = Said(-1117, "Invalid side.")
BAD_INTERVAL: Final = Said(-1120, "Invalid interval.")
BAD_SYMBOL: Final = Said(-1121, "Invalid symbol.")
NO_LISTEN_KEY: Final = Said(-1125, "This listenKey does not exist.")
BAD_COMBINATION: Final = Said(-1128, "Combination of optional parameters invalid.")
BAD_TIME_UNIT: Final = Said(
    -1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
)
LARGE_RECV_WINDOW: Final = Said(-1131, "recvWindow must be less than 60000.")

# Of keys

BAD_KEY: Final = Said(-2014, "API-key format invalid.", 401)
REJECTED_KEY: Final = Said(-2015, "Invalid API-key, IP, or permissions for action.", 401)

# Of orders

INSUFFICIENT: Final = Said(-2010, "Account has insufficient balance for requested action.")
WOULD_TAKE: Final = Said(-2010, "Order would immediately match and take.")
WOULD_TRIGGER: Final = Said(-2010, "Order would trigger immediately.")
FROZEN: Final = Said(-2010, "This account may not place or cancel orders.")
CLOSED: Final = Said(-2010, "Market is closed.")
DUPLICATE: Final = Said(-2010, "Duplicate order sent.")
UNKNOWN_ORDER: Final = Said(-2011, "Unknown order sent.")
RESTRICTED_CANCEL: Final = Said(-2011, "Order was not canceled due to cancel restrictions.")
NO_SUCH_ORDER: Final = Said(-2013, "Order does not exist.")
NO_SUCH_LIST: Final = Said(-2013, "Order list does not exist.")
PARTIALLY_REPLACED: Final = Said(-2021, "Order cancel-replace partially failed.", 409)
NOT_REPLACED: Final = Said(-2022, "Order cancel-replace failed.")
ALREADY_SUBSCRIBED: Final = Said(-2035, "User Data Stream subscription already active.")
NO_CHANGE: Final = Said(-2038, "The requested action would change no state; rejecting.")
NO_INCREASE: Final = Said(-2038, "Order amend (quantity increase) is not supported.")
NO_TRAILING: Final = Said(-1013, "Trailing stop orders are not supported for this symbol.")


def mandatory(name: str) -> DialectError:
    """A parameter that must be there is not, or is no number."""
    msg = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return DialectError(Said(-1102, msg))


def illegal(name: str, legal: str) -> DialectError:
    """A parameter has characters that it may not have."""
    msg = f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    return DialectError(Said(-1100, msg))


def empty(name: str) -> DialectError:
    """A parameter was sent with nothing in it."""
    return DialectError(Said(-1105, f"Parameter '{name}' was empty."))


def not_required(name: str) -> DialectError:
    """A parameter does not go with the others."""
    return DialectError(Said(-1106, f"Parameter '{name}' sent when not required."))


def too_precise(name: str) -> DialectError:
    """A number has more decimals than the dialect knows."""
    return DialectError(Said(-1111, f"Parameter '{name}' has too much precision."))


def not_valid(name: str) -> DialectError:
    """A parameter's value is none of those that there are."""
    return DialectError(Said(-1130, f"Data sent for parameter '{name}' is not valid."))


def filter_failure(name: str) -> Said:
    """An order breaks one of the market's rules."""
    return Said(-1013, f"Filter failure: {name}")


# What the exchange refuses

OF_PROBLEMS: Final = {
    "invalid_request": BAD_COMBINATION,
    "not_authenticated": REJECTED_KEY,
    "permission_denied": REJECTED_KEY,
    "not_found": NO_SUCH_ORDER,
    "conflict": DUPLICATE,
    "payload_too_large": TOO_LARGE,
    "deadline_passed": LATE,
    "insufficient_funds": INSUFFICIENT,
    "post_only_would_take": WOULD_TAKE,
    "stop_would_trigger": WOULD_TRIGGER,
    "price_out_of_band": filter_failure("PERCENT_PRICE_BY_SIDE"),
    "account_frozen": FROZEN,
    "market_not_open": CLOSED,
    "order_not_open": UNKNOWN_ORDER,
    "rate_limited": TOO_MANY_REQUESTS,
    "internal_error": UNKNOWN,
    "busy": BUSY,
    "unavailable": UNAVAILABLE,
    "timeout": TIMEOUT,
}
"""By the contract's code; `invalid_order` is by its field."""

OF_FIELDS: Final = (
    # field, what its message has, what that is in the dialect
    ("status", "", RESTRICTED_CANCEL),
    ("quantity", "must be less than", NO_INCREASE),
    ("display_quantity", "may rest", BAD_TIME_IN_FORCE),
    ("quantity", "min_notional", filter_failure("NOTIONAL")),
    ("quote_quantity", "min_notional", filter_failure("NOTIONAL")),
    ("quantity", "parts of display_quantity", filter_failure("ICEBERG_PARTS")),
    ("display_quantity", "at most quantity", Said(-2010, "IcebergQty exceeds QTY.")),
    ("display_quantity", "parts", filter_failure("ICEBERG_PARTS")),
    (
        "price",
        "must be above",
        Said(-2010, "The relationship of the prices for the orders is not correct."),
    ),
    (
        "stop_price",
        "must be above",
        Said(-2010, "The relationship of the prices for the orders is not correct."),
    ),
    ("price", "", filter_failure("PRICE_FILTER")),
    ("stop_price", "", filter_failure("PRICE_FILTER")),
    ("quantity", "", filter_failure("LOT_SIZE")),
    ("quote_quantity", "", filter_failure("LOT_SIZE")),
    ("display_quantity", "", filter_failure("LOT_SIZE")),
    ("type", "auction", CLOSED),
    ("time_in_force", "auction", CLOSED),
    ("post_only", "auction", CLOSED),
    ("time_in_force", "", BAD_TIME_IN_FORCE),
)
"""The first line that fits says what an `invalid_order` is; a field of a part of a group is after a point."""

TOO_MANY_OPEN: Final = filter_failure("MAX_NUM_ORDERS")
"""The one `invalid_order` without a field."""


def translated(problem: Problem, *, unknown: Said = NO_SUCH_ORDER) -> DialectError:
    """A refusal of the exchange, in the dialect; `unknown`: what an order is called that is not there."""
    if problem.code == "invalid_order":
        return DialectError(_of_field(problem))
    if problem.code == "not_found":
        return DialectError(unknown)
    return DialectError(OF_PROBLEMS[problem.code], retry_after=problem.retry_after)


def _of_field(problem: Problem) -> Said:
    for field, messages in problem.errors.items():
        name = field.rpartition(".")[2]
        for wanted, marker, said in OF_FIELDS:
            if name == wanted and any(marker in message for message in messages):
                return said
    return BAD_COMBINATION if problem.errors else TOO_MANY_OPEN
