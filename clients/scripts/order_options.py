"""Options of new orders, shared by `submit`, `oco` and `bracket`.

Rules:
- A time is ISO 8601 with a zone, or `+SECONDS` from now by this machine's clock.
- With --validate-only nothing is placed: exit code 0 says that the exchange would take it, 1 that it
  would not.
"""

import argparse
from datetime import UTC, datetime, timedelta
from typing import Any

from clients.scripts.options import add_json, number

SIDES = ["buy", "sell"]

ORDER_TYPES = ["limit", "market", "stop", "stop_limit", "take_profit", "take_profit_limit"]

VALID = "valid: the exchange would take it; nothing was done"
"""What is printed for --validate-only."""

FIELDS = (
    "client_order_id",
    "time_in_force",
    "expires_at",
    "post_only",
    "display_quantity",
    "self_trade_prevention",
    "deadline",
)
"""What every new order may have."""


def add_market_and_side(parser: argparse.ArgumentParser) -> None:
    """Add where and which way."""
    parser.add_argument("market", help="such as BTC-USD")
    parser.add_argument("side", choices=SIDES)


def add_new_order(parser: argparse.ArgumentParser, *, times_in_force: list[str]) -> None:
    """Add what every new order may have."""
    parser.add_argument(
        "--time-in-force",
        choices=times_in_force,
        help="until canceled, at once or not at all, whole or not at all, until --expires-at",
    )
    parser.add_argument("--expires-at", type=moment, metavar="TIME", help="with gtd: when it ends")
    parser.add_argument(
        "--post-only", action="store_true", default=None, help="refuse it rather than take"
    )
    parser.add_argument(
        "--display-quantity", type=number, metavar="QUANTITY", help="an iceberg: show so much"
    )
    parser.add_argument(
        "--self-trade-prevention",
        choices=["cancel_newest", "cancel_oldest", "cancel_both", "decrement"],
        help="what happens when it meets an order of your own",
    )
    parser.add_argument("--client-order-id", metavar="ID", help="makes it safe to repeat by hand")
    add_deadline(parser)
    add_validate_only(parser)
    add_json(parser)


def add_type(parser: argparse.ArgumentParser, *, sentence: str) -> None:
    """Add --type and --must-wait."""
    parser.add_argument("--type", choices=ORDER_TYPES, help=sentence)
    parser.add_argument(
        "--must-wait",
        action="store_true",
        default=None,
        help="of stops and take profits: refuse one that would be triggered at once",
    )


def add_deadline(parser: argparse.ArgumentParser) -> None:
    """Add --deadline."""
    parser.add_argument(
        "--deadline",
        type=moment,
        metavar="TIME",
        help="do nothing if the exchange comes to it later: ISO 8601 with a zone, or +SECONDS",
    )


def add_validate_only(parser: argparse.ArgumentParser) -> None:
    """Add --validate-only."""
    parser.add_argument(
        "--validate-only", action="store_true", help="ask whether it would be taken; do nothing"
    )


def given(args: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return the fields that were given, those of every new order and `names`."""
    return {name: getattr(args, name) for name in (*FIELDS, *names)}


def moment(text: str) -> datetime:
    """Read a time."""
    try:
        if text.startswith("+"):
            return datetime.now(UTC) + timedelta(seconds=float(text))
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        found = None
    if found is None or found.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time with a zone, such as 2026-11-22T07:00:00Z, or +SECONDS from now"
        )
    return found
