"""What is traded, and by which rules: assets, markets, their hours, fee tiers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from markets.fields import ExactDecimalField
from markets.matching.spec import MAX_VOLATILITY_AUCTION, MarketSpec
from markets.matching.types import MarketState, MarketStatus

MAX_DECIMALS: Final = 12
DEFAULT_DECIMALS: Final = 8
ID_BITS: Final = 40
"""A market's ids start at its key << ID_BITS: a trillion sequences each."""
RATE_DECIMALS: Final = 6
MAX_AUCTION_MINUTES: Final = 24 * 60 - 1

SPECIFICATION: Final = (
    "tick_size",
    "lot_size",
    "min_quantity",
    "max_quantity",
    "min_notional",
    "maker_fee_rate",
    "taker_fee_rate",
    "price_band",
    "volatility_auction_s",
)
"""Columns of a market that its engine works by."""
STATUS_CHOICES = [(status.value, status.value) for status in MarketStatus]
ASSET_SYMBOL: Final = "[A-Z0-9]{1,12}"
asset_symbol = RegexValidator(rf"\A{ASSET_SYMBOL}\Z", "1 to 12 of A-Z and 0-9")
dialect_name = RegexValidator(r"\A[A-Z0-9._-]{1,20}\Z", "1 to 20 of A-Z, 0-9 and - _ .")
weekdays = RegexValidator(r"\A(?!.*(.).*\1)[1-7]{1,7}\Z", "digits from 1 (Monday) to 7 (Sunday)")


class Asset(models.Model):
    """Something that is traded or paid with. Its decimals never change."""

    symbol = models.CharField(max_length=12, unique=True, validators=[asset_symbol])
    decimals = models.PositiveSmallIntegerField(
        default=DEFAULT_DECIMALS,
        validators=[MaxValueValidator(MAX_DECIMALS)],
        help_text="Places after the point of its smallest unit; can never change.",
    )

    class Meta:
        ordering = ["symbol"]

    def __str__(self) -> str:
        return self.symbol


def _decimal(**options: Any) -> Any:
    return ExactDecimalField(max_digits=30, decimal_places=MAX_DECIMALS, **options)


def _ratio(**options: Any) -> Any:
    return ExactDecimalField(max_digits=7, decimal_places=RATE_DECIMALS, **options)


class Market(models.Model):
    """A market's rules, and how far its engine has come. Rates are ratios: 0.001 is 0.1 %."""

    symbol = models.CharField(max_length=25, unique=True, editable=False)
    base = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    quote = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    tick_size = _decimal(help_text="Prices are whole multiples of it.")
    lot_size = _decimal(help_text="Quantities are whole multiples of it.")
    min_quantity = _decimal(null=True, blank=True, help_text="Empty: one lot.")
    max_quantity = _decimal(default=Decimal(1_000_000_000))
    min_notional = _decimal(default=Decimal(0), validators=[MinValueValidator(Decimal(0))])
    maker_fee_rate = _ratio(
        default=Decimal(0), help_text="Negative: a rebate, at most the taker fee."
    )
    taker_fee_rate = _ratio(default=Decimal(0))
    price_band = _ratio(
        null=True,
        blank=True,
        help_text="How far from the reference price (the last trade's) orders may trade, as a ratio: "
        "0.1 is 10 %. Empty: anywhere.",
    )
    volatility_auction_s = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(MAX_VOLATILITY_AUCTION)],
        help_text="Seconds of auction in place of a trade beyond the price band; 0: no auction, the "
        "order's rest is canceled.",
    )
    update_interval_ms = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(10_000)],
        help_text="Book updates are merged over this many milliseconds; 0: one an engine batch.",
    )
    snapshot_interval_s = models.PositiveIntegerField(
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="Every so many seconds followers get a whole book, unasked.",
    )

    dialect_symbol = models.CharField(
        max_length=20,
        null=True,
        blank=True,
        unique=True,
        validators=[dialect_name],
        help_text="What bots of the Binance dialect call it. Empty: its symbol without the hyphen.",
    )

    status = models.CharField(max_length=8, choices=STATUS_CHOICES, default="open", editable=False)
    last_sequence = models.BigIntegerField(default=0, editable=False)
    last_price = models.BigIntegerField(null=True, editable=False)
    auction_ends_at = models.BigIntegerField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["symbol"]

    def __str__(self) -> str:
        return self.symbol

    def last_timestamp(self) -> int:
        """The engine's clock with its last batch, in microseconds; 0: there was none."""
        last = self.batches.filter(sequence=self.last_sequence).order_by("sequence")
        return last.values_list("timestamp", flat=True).first() or 0

    def state(self) -> MarketState:
        """What its engine starts from."""
        return MarketState(
            MarketStatus(self.status), self.last_sequence, self.last_price, self.auction_ends_at
        )

    def spec(self, fee_account: int) -> MarketSpec:
        """Its rules in units. Raises ValueError, saying what is wrong, if they make no sense."""
        lot = _units("lot_size", self.lot_size, self.base)
        minimum, band = self.min_quantity, self.price_band
        return MarketSpec(
            symbol=self.symbol,
            base=self.base.symbol,
            quote=self.quote.symbol,
            base_decimals=self.base.decimals,
            quote_decimals=self.quote.decimals,
            tick_size=_units("tick_size", self.tick_size, self.quote),
            lot_size=lot,
            min_quantity=lot if minimum is None else _units("min_quantity", minimum, self.base),
            max_quantity=_units("max_quantity", self.max_quantity, self.base),
            min_notional=_units("min_notional", self.min_notional, self.quote),
            maker_fee_rate=millionths("maker_fee_rate", self.maker_fee_rate),
            taker_fee_rate=millionths("taker_fee_rate", self.taker_fee_rate),
            price_band=band if band is None else millionths("price_band", band),
            volatility_auction=int(self.volatility_auction_s),
            fee_account=fee_account,
            id_base=self.pk << ID_BITS,
        )


def _units(name: str, value: Decimal, asset: Asset) -> int:
    scaled = value.scaleb(asset.decimals)
    if scaled != int(scaled):
        raise ValueError(
            f"{name} {value.normalize():f}: {asset.symbol} has {asset.decimals} decimals"
        )
    return int(scaled)


def millionths(name: str, value: Decimal) -> int:
    """A ratio as the engine counts it. Raises ValueError for more decimals than it has."""
    scaled = value.scaleb(RATE_DECIMALS)
    if scaled != int(scaled):
        raise ValueError(f"{name} has at most {RATE_DECIMALS} decimals")
    return int(scaled)


class MarketSchedule(models.Model):
    """The hours of a market: on some days of the week it opens and closes at a time of its own zone.

    A close before the opening is the next day's. Each change is a command that the market's engine
    carries out in its sequence; `fired_until` is how far the schedule was turned into commands.
    """

    CLOSING = [("closed", "closed: open orders are canceled"), ("halted", "halted: they stay")]

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="schedules")
    enabled = models.BooleanField(default=True)
    days = models.CharField(
        max_length=7,
        default="12345",
        validators=[weekdays],
        help_text="The days on which it opens: 1 is Monday, 7 Sunday.",
    )
    opens_at = models.TimeField()
    closes_at = models.TimeField()
    time_zone = models.CharField(max_length=64, default="UTC", help_text="Such as Europe/Berlin.")
    opening_auction_minutes = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(MAX_AUCTION_MINUTES)],
        help_text="Orders are collected so long before the opening, and trade at one price.",
    )
    closing_auction_minutes = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(MAX_AUCTION_MINUTES)],
        help_text="The last so many minutes are an auction, too.",
    )
    closing_status = models.CharField(max_length=8, choices=CLOSING, default="closed")
    fired_until = models.DateTimeField(auto_now_add=True, editable=False)

    class Meta:
        ordering = ["market", "opens_at"]

    def __str__(self) -> str:
        return f"{self.market} {self.opens_at:%H:%M} to {self.closes_at:%H:%M} {self.time_zone}"

    def clean(self) -> None:
        """A zone that there is, and times that leave time to trade."""
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = "no such time zone; they are named like Europe/Berlin"
            raise ValidationError({"time_zone": message}) from error
        if self.opens_at is not None and self.opens_at == self.closes_at:
            raise ValidationError({"closes_at": "it must close at another time than it opens"})


class FeeTier(models.Model):
    """What accounts pay in all markets of a quote asset from a volume of 30 days in it on."""

    quote = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="fee_tiers")
    name = models.CharField(max_length=32)
    min_volume = _decimal(
        validators=[MinValueValidator(Decimal(0))],
        help_text="Traded in 30 days, in the quote asset, as maker and taker.",
    )
    maker_fee_rate = _ratio(help_text="Negative: a rebate, at most what any taker pays.")
    taker_fee_rate = _ratio()

    class Meta:
        ordering = ["quote", "min_volume"]
        constraints = [
            models.UniqueConstraint(fields=["quote", "min_volume"], name="one_tier_per_volume"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.quote})"
