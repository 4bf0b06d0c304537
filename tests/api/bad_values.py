"""Values that no request should have, for the tables of bad requests: the same over REST and sockets.

Each entry is (field, value, code): `invalid_request` for what has the wrong shape, `invalid_order` for what
has the right shape and makes no order here. The market's tick and lot are 0.5 and 0.01.
"""

from typing import Any, Final

NUL, SURROGATE_PAIR = "a\x00b", "\U0001f4b0"
SHAPE, ORDER, MISSING = "invalid_request", "invalid_order", "not_found"

NOT_DECIMALS: Final[list[Any]] = [
    1.5,
    1.0,
    True,
    [],
    ["1"],
    {},
    {"value": "1"},
    "",
    " ",
    " 1",
    "1 ",
    "+1",
    "1e3",
    "1E3",
    "1.",
    ".5",
    "1,5",
    "1_000",
    "0x10",
    "NaN",
    "Infinity",
    "-Infinity",
    "--1",
    "1\n",
    "١٢",
    NUL,
    SURROGATE_PAIR,
    10**40,
    -(10**40),
    str(10**40),
    "9" * 5000,
    "0." + "1" * 40,
]
NO_PRICES: Final[list[Any]] = [
    "-1",
    -1,
    "0",
    0,
    "-0",
    "0.00",
    "0.4",
    "10.25",
    "0.123456789",
    10**25,
]
NO_QUANTITIES: Final[list[Any]] = [*NO_PRICES[:6], "0.005", "1.001", "0.123456789", 10**25]
NO_TEXTS: Final[list[Any]] = [1, 1.5, True, [], ["BTC-USD"], {}, {"a": "b"}]
NO_CHOICES: Final[list[Any]] = [*NO_TEXTS, "", "BUY", "Limit", "no such", NUL, "x" * 10_000]
NO_FLAGS: Final[list[Any]] = [0, 1, "true", "false", "", "yes", [], {}]

LONG_AGO: Final = "1066-10-14T09:00:00Z"
NO_TIMES: Final[list[Any]] = [
    *NO_TEXTS[:3],
    [],
    {},
    "",
    "soon",
    "2030-01-01",
    "2030-01-01T00:00:00",
    "2030-13-01T00:00:00Z",
    "2030-01-01T00:00:00+99:00",
    "2030-01-01T00:00:00Z" * 10,
    NUL,
    1_900_000_000,
]

ORDER_FIELDS: Final[list[tuple[str, Any, str]]] = [
    *(("market", value, SHAPE) for value in [None, *NO_TEXTS]),
    *(("market", value, MISSING) for value in ["", "no such", "btc-usd", NUL, "x" * 10_000]),
    *(("side", value, SHAPE) for value in [None, *NO_CHOICES]),
    *(("type", value, SHAPE) for value in NO_CHOICES),
    *(("time_in_force", value, SHAPE) for value in NO_CHOICES),
    *(("self_trade_prevention", value, SHAPE) for value in NO_CHOICES),
    *(("post_only", value, SHAPE) for value in NO_FLAGS),
    *(("client_order_id", value, SHAPE) for value in [*NO_TEXTS, "", "a b", "ä", NUL, "x" * 65]),
    *(("client_order_id", value, SHAPE) for value in ["a\n", "a/b", SURROGATE_PAIR]),
    *(("price", value, SHAPE) for value in NOT_DECIMALS),
    *(("price", value, ORDER) for value in [None, *NO_PRICES]),
    *(("quantity", value, SHAPE) for value in [None, *NOT_DECIMALS]),
    *(("quantity", value, ORDER) for value in NO_QUANTITIES),
    *(
        (name, value, SHAPE)
        for name in ("stop_price", "display_quantity", "quote_quantity", "max_slippage")
        for value in NOT_DECIMALS
    ),
    *(("stop_price", value, ORDER) for value in ["10", 10, *NO_PRICES]),
    *(("display_quantity", value, ORDER) for value in ["1.5", "20", *NO_QUANTITIES]),
    *(("quote_quantity", value, ORDER) for value in ["10", "0", "-1", "0.123456789", 10**25]),
    *(("max_slippage", value, ORDER) for value in ["0.01", "-0.1", "1.1", "0.1234567"]),
    *(("expires_at", value, SHAPE) for value in NO_TIMES),
    *(("expires_at", value, ORDER) for value in ["2030-01-01T00:00:00Z", LONG_AGO]),
    *(("deadline", value, SHAPE) for value in NO_TIMES),
    *(("validate_only", value, SHAPE) for value in NO_FLAGS),
    *((name, "x", SHAPE) for name in ["", "Price", "prize", "account", "id", "status", NUL]),
]
"""Fields of a new order. Null is the same as absent; only what is required minds."""

AMENDABLE: Final[list[tuple[str, Any, str]]] = [
    *(("price", value, SHAPE) for value in NOT_DECIMALS),
    *(("price", value, ORDER) for value in NO_PRICES),
    *(("quantity", value, SHAPE) for value in NOT_DECIMALS),
    *(("quantity", value, ORDER) for value in NO_QUANTITIES),
    *(("stop_price", value, SHAPE) for value in NOT_DECIMALS),
    *(("stop_price", value, ORDER) for value in ["10", *NO_PRICES]),
    *(("deadline", value, SHAPE) for value in NO_TIMES),
    *(("validate_only", value, SHAPE) for value in NO_FLAGS),
    *((name, "x", SHAPE) for name in ["", "side", "market", "post_only", NUL]),
]
"""Fields of an amendment."""


def shown(value: object) -> str:
    """A value as a test's name."""
    text = ascii(value)
    return text if len(text) < 30 else f"{text[:20]}…{len(text)}"
