"""The rows: what is true of the exchange. Everything else is derived and can be forgotten.

Rules:
- Prices, quantities and amounts are integers in units (see `markets.matching.types`), so a row means
  the same whatever a market's tick size is today.
- Orders, trades, balances, batches, private events and a market's sequence are written by
  `markets.store` alone, in one transaction a batch; deposits and withdrawals by `markets.accounts`.
- An order's id and a trade's id are the market's `id_base` + its sequence: no row is ever renumbered.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import BooleanField, F, Func, Q

from markets.fields import AmountField, ExactDecimalField
from markets.matching.spec import MarketSpec
from markets.matching.types import MarketState, MarketStatus, OrderStatus

MAX_DECIMALS: Final = 12
DEFAULT_DECIMALS: Final = 8
ID_BITS: Final = 40
"""A market's ids start at its key << ID_BITS: a trillion sequences each."""
FEE_ACCOUNT_NAME: Final = "exchange-fees"

SPECIFICATION: Final = (
    "tick_size",
    "lot_size",
    "min_quantity",
    "max_quantity",
    "min_notional",
    "maker_fee_rate",
    "taker_fee_rate",
)
"""Columns of a market that its engine works by."""
RESTING: Final = Func(
    F("status"),
    template="%(expressions)s IN ('open', 'partially_filled')",
    output_field=BooleanField(),
)
"""Condition on orders, written as their partial indexes are: SQLite uses those for literals only."""
STATUS_CHOICES = [(status.value, status.value) for status in MarketStatus]
ASSET_SYMBOL: Final = "[A-Z0-9]{1,12}"
asset_symbol = RegexValidator(rf"\A{ASSET_SYMBOL}\Z", "1 to 12 of A-Z and 0-9")


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


class Account(models.Model):
    """Somebody who holds balances and sends orders; self-trade prevention works per account."""

    name = models.CharField(max_length=64, unique=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    event_sequence = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


def _decimal(**options: Any) -> Any:
    return ExactDecimalField(max_digits=30, decimal_places=MAX_DECIMALS, **options)


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
    maker_fee_rate = ExactDecimalField(
        max_digits=7,
        decimal_places=6,
        default=Decimal(0),
        help_text="Negative: a rebate, at most the taker fee.",
    )
    taker_fee_rate = ExactDecimalField(max_digits=7, decimal_places=6, default=Decimal(0))
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

    status = models.CharField(max_length=8, choices=STATUS_CHOICES, default="open", editable=False)
    last_sequence = models.BigIntegerField(default=0, editable=False)
    last_price = models.BigIntegerField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["symbol"]

    def __str__(self) -> str:
        return self.symbol

    def state(self) -> MarketState:
        """What its engine starts from."""
        return MarketState(MarketStatus(self.status), self.last_sequence, self.last_price)

    def spec(self, fee_account: int) -> MarketSpec:
        """Its rules in units. Raises ValueError, saying what is wrong, if they make no sense."""
        lot = _units("lot_size", self.lot_size, self.base)
        minimum = self.min_quantity
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
            maker_fee_rate=_rate("maker_fee_rate", self.maker_fee_rate),
            taker_fee_rate=_rate("taker_fee_rate", self.taker_fee_rate),
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


def _rate(name: str, value: Decimal) -> int:
    scaled = value.scaleb(6)
    if scaled != int(scaled):
        raise ValueError(f"{name} has at most 6 decimals")
    return int(scaled)


class Balance(models.Model):
    """What an account owns of an asset: free to spend, and held by its open orders."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="balances")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    available = AmountField(default=0)
    held = AmountField(default=0)
    overdraft = models.BooleanField(
        default=False, help_text="May go below 0: the fee account, which pays makers' rebates."
    )

    class Meta:
        ordering = ["account", "asset"]
        constraints = [
            models.UniqueConstraint(fields=["account", "asset"], name="one_balance_per_asset"),
            models.CheckConstraint(
                condition=Q(available__gte=0) | Q(overdraft=True), name="available_not_negative"
            ),
            models.CheckConstraint(condition=Q(held__gte=0), name="held_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.asset}"


class Transfer(models.Model):
    """Money that came in or went out: deposits and faucet positive, withdrawals negative."""

    KINDS = [(kind, kind) for kind in ("deposit", "withdrawal", "faucet")]

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="transfers")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=KINDS)
    amount = AmountField()
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} of {self.account}"


class Order(models.Model):
    """An order as the last batch that touched it left it. Ends as `filled` or `canceled`."""

    id = models.BigIntegerField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="orders")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="orders")
    client_order_id = models.CharField(max_length=64, null=True)
    side = models.CharField(max_length=4)
    type = models.CharField(max_length=10)
    time_in_force = models.CharField(max_length=3)
    post_only = models.BooleanField()
    self_trade_prevention = models.CharField(max_length=13)
    price = models.BigIntegerField(null=True)
    quantity = models.BigIntegerField()
    remaining = models.BigIntegerField()
    filled = models.BigIntegerField()
    canceled = models.BigIntegerField()
    prevented = models.BigIntegerField()
    notional = AmountField()
    fee = AmountField()
    status = models.CharField(max_length=16)
    reason = models.CharField(max_length=32, null=True)
    sequence = models.BigIntegerField()
    priority = models.BigIntegerField()
    created_at = models.BigIntegerField()
    updated_at = models.BigIntegerField()
    request = models.CharField(max_length=16, blank=True)

    OPEN_STATUSES = (OrderStatus.OPEN.value, OrderStatus.PARTIALLY_FILLED.value)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "client_order_id"],
                condition=Q(client_order_id__isnull=False),
                name="one_order_per_client_order_id",
            ),
            models.CheckConstraint(
                condition=Q(quantity=F("filled") + F("remaining") + F("canceled") + F("prevented")),
                name="quantity_is_accounted_for",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-created_at", "-id"], name="orders_of_account"),
            models.Index(
                fields=["market", "priority"],
                condition=Q(status__in=["open", "partially_filled"]),
                name="open_orders_of_market",
            ),
            models.Index(
                fields=["account"],
                condition=Q(status__in=["open", "partially_filled"]),
                name="open_orders_of_account",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Trade(models.Model):
    """One match: a fill for each of its two orders."""

    id = models.BigIntegerField(primary_key=True)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="trades")
    sequence = models.BigIntegerField()
    price = models.BigIntegerField()
    quantity = models.BigIntegerField()
    amount = AmountField()
    taker_side = models.CharField(max_length=4)
    taker_order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    maker_order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    taker_account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    maker_account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    taker_fee = AmountField()
    maker_fee = AmountField()
    timestamp = models.BigIntegerField()

    class Meta:
        ordering = ["-timestamp", "-id"]
        indexes = [
            models.Index(fields=["market", "-sequence"], name="trades_of_market"),
            models.Index(fields=["market", "timestamp"], name="trades_by_time"),
            models.Index(fields=["taker_account", "-timestamp", "-id"], name="fills_as_taker"),
            models.Index(fields=["maker_account", "-timestamp", "-id"], name="fills_as_maker"),
            models.Index(fields=["taker_order"], name="fills_of_taker_order"),
            models.Index(fields=["maker_order"], name="fills_of_maker_order"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Batch(models.Model):
    """One transaction of an engine: the sequences it used, and what the book was then."""

    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="batches")
    prev_sequence = models.BigIntegerField()
    sequence = models.BigIntegerField()
    orders = models.IntegerField(help_text="New orders.")
    trades = models.IntegerField()
    checksum = models.BigIntegerField()
    timestamp = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "batches"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["market", "sequence"], name="one_batch_per_sequence"),
        ]

    def __str__(self) -> str:
        return f"{self.market} {self.prev_sequence} to {self.sequence}"


class AccountEvents(models.Model):
    """What an account was told of one batch: private messages `first_sequence` to `last_sequence`."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    first_sequence = models.BigIntegerField()
    last_sequence = models.BigIntegerField()
    payload = models.TextField()

    class Meta:
        verbose_name_plural = "account events"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "last_sequence"], name="one_event_per_sequence"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.first_sequence} to {self.last_sequence}"


class OperatorCommand(models.Model):
    """What an operator wants of a market's engine; carried out once, in a batch of its own sequence."""

    KINDS = [(kind, kind) for kind in ("set_status", "configure")]

    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="operator_commands")
    kind = models.CharField(max_length=10, choices=KINDS)
    params = models.JSONField(default=dict)
    requested_by = models.CharField(max_length=150)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    done = models.BooleanField(default=False)
    sequence = models.BigIntegerField(null=True)
    refusal = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(done=False), name="operator_commands_to_do"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.market}"


class ApiKey(models.Model):
    """A program's way in. The secret is shown once and kept as a hash only."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=64, blank=True)
    prefix = models.CharField(max_length=12, db_index=True)
    hashed = models.CharField(max_length=64, unique=True, editable=False)
    can_read = models.BooleanField(default=True)
    can_trade = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.account}"
