"""`manage.py create_market BTC-USD --tick-size 0.01 --lot-size 0.00001`: a market, and its assets if new."""

from __future__ import annotations

import argparse
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from markets import operators
from markets.database import need_migrated
from markets.matching.types import MarketStatus
from markets.messages.public import plain


def decimal(text: str) -> Decimal:
    """A plain decimal of the command line."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is not a decimal number") from None
    if not number.is_finite():
        raise argparse.ArgumentTypeError(f"{text!r} is not a decimal number")
    return number


class Command(BaseCommand):
    """Make a market; a running exchange serves it within two seconds."""

    help = "Create a market. Its assets are made on the way; a running exchange serves it at once."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """The market's rules."""
        parser.add_argument("symbol", help="BASE-QUOTE, such as BTC-USD")
        parser.add_argument("--tick-size", type=decimal, required=True, help="smallest price step")
        parser.add_argument(
            "--lot-size", type=decimal, required=True, help="smallest quantity step"
        )
        parser.add_argument("--min-quantity", type=decimal, help="default: one lot")
        parser.add_argument("--max-quantity", type=decimal)
        parser.add_argument("--min-notional", type=decimal, help="least price × quantity")
        parser.add_argument(
            "--maker-fee", type=decimal, help="a ratio: 0.001 is 0.1 %%; negative: rebate"
        )
        parser.add_argument("--taker-fee", type=decimal, help="a ratio: 0.002 is 0.2 %%")
        parser.add_argument(
            "--price-band",
            type=decimal,
            help="how far from the last price orders may trade, a ratio: 0.1 is 10 %%; default: anywhere",
        )
        parser.add_argument(
            "--volatility-auction",
            type=int,
            metavar="SECONDS",
            help="an auction in place of a trade beyond the price band; default: the rest is canceled",
        )
        parser.add_argument(
            "--status",
            default=MarketStatus.OPEN.value,
            choices=[status.value for status in MarketStatus],
            help="what it starts as; default: open",
        )
        parser.add_argument(
            "--update-interval-ms", type=int, help="merge book updates over this time"
        )
        parser.add_argument("--snapshot-interval-s", type=int, help="a whole book every so often")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make it, and say what was made."""
        need_migrated()
        base, separator, quote = options["symbol"].upper().partition("-")
        if not separator:
            raise CommandError(f"{options['symbol']!r} is not BASE-QUOTE, such as BTC-USD")
        columns = {
            "tick_size": options["tick_size"],
            "lot_size": options["lot_size"],
            "min_quantity": options["min_quantity"],
            "max_quantity": options["max_quantity"],
            "min_notional": options["min_notional"],
            "maker_fee_rate": options["maker_fee"],
            "taker_fee_rate": options["taker_fee"],
            "price_band": options["price_band"],
            "volatility_auction_s": options["volatility_auction"],
            "status": options["status"],
            "update_interval_ms": options["update_interval_ms"],
            "snapshot_interval_s": options["snapshot_interval_s"],
        }
        given = {name: value for name, value in columns.items() if value is not None}
        try:
            made = operators.create_market(base, quote, **given)
        except operators.MarketRefused as error:
            raise CommandError(str(error)) from error
        for asset in made.new_assets:
            self.stdout.write(f"asset {asset.symbol}: {asset.decimals} decimals")
        market = made.market
        says = [
            market.status,
            f"tick size {plain(market.tick_size)}",
            f"lot size {plain(market.lot_size)}",
        ]
        if market.price_band is not None:
            says.append(f"price band {plain(market.price_band)}")
        if market.volatility_auction_s:
            says.append(f"volatility auction {market.volatility_auction_s} s")
        self.stdout.write(f"market {market.symbol}: {', '.join(says)}")
