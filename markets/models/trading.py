"""What engines write, and what operators ask of them.

Rules:
- Orders and trades have no index that no query needs: each costs every order that is placed. A market's
  orders and trades are one range of ids, in the order of their sequences (`of_market`).
- They have no order by default: who wants one says so, and a test looks whether an index has it.
"""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import BooleanField, F, Func, Q

from markets.fields import AmountField, IdField
from markets.models.accounts import Account
from markets.models.markets import ID_BITS, Market

LIVE_ORDERS: Final = Func(
    F("status"),
    template="%(expressions)s IN ('untriggered', 'open', 'partially_filled')",
    output_field=BooleanField(),
)
"""Condition on orders, written as their partial indexes are: SQLite uses those for literals only."""


def of_market(market: int) -> Q:
    """Condition on orders or trades: those of a market, by its key."""
    return Q(pk__gte=market << ID_BITS, pk__lt=(market + 1) << ID_BITS)


LIVE_STATUSES: Final = ["untriggered", "open", "partially_filled"]


class Order(models.Model):
    """An order as the last batch that touched it left it. Ends as `filled`, `canceled` or `expired`."""

    id = IdField(primary_key=True)
    market = models.ForeignKey(
        Market, on_delete=models.PROTECT, related_name="orders", db_index=False
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="orders", db_index=False
    )
    client_order_id = models.CharField(max_length=64, null=True)
    side = models.CharField(max_length=4)
    type = models.CharField(max_length=17)
    time_in_force = models.CharField(max_length=3)
    post_only = models.BooleanField()
    self_trade_prevention = models.CharField(max_length=13)
    price = models.BigIntegerField(null=True)
    stop_price = models.BigIntegerField(null=True)
    quantity = models.BigIntegerField()
    quote_quantity = models.BigIntegerField(null=True)
    max_slippage = models.IntegerField(null=True)
    display_quantity = models.BigIntegerField(null=True)
    expires_at = models.BigIntegerField(null=True)
    remaining = models.BigIntegerField()
    hidden = models.BigIntegerField(default=0)
    filled = models.BigIntegerField()
    canceled = models.BigIntegerField()
    prevented = models.BigIntegerField()
    notional = AmountField()
    fee = AmountField()
    status = models.CharField(max_length=16)
    reason = models.CharField(max_length=32, null=True)
    group = models.BigIntegerField(null=True, db_column="group_id")
    role = models.CharField(max_length=16, null=True)
    connection = models.CharField(max_length=64, null=True)
    sequence = models.BigIntegerField()
    priority = models.BigIntegerField()
    created_at = models.BigIntegerField()
    updated_at = models.BigIntegerField()
    request = models.CharField(max_length=16, blank=True)

    class Meta:
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
                condition=Q(status__in=LIVE_STATUSES),
                name="open_orders_of_market",
            ),
            models.Index(
                fields=["account", "created_at", "id"],
                condition=Q(status__in=LIVE_STATUSES),
                name="open_orders_of_account",
            ),
            models.Index(
                fields=["group"], condition=Q(group__isnull=False), name="orders_of_group"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class OrderListName(models.Model):
    """What a client of the dialect called a group of orders."""

    group = models.BigIntegerField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=36)

    class Meta:
        indexes = [models.Index(fields=["account", "name"], name="order_lists_by_name")]

    def __str__(self) -> str:
        return self.name


class Trade(models.Model):
    """One match: a fill for each of its two orders."""

    id = IdField(primary_key=True)
    market = models.ForeignKey(
        Market, on_delete=models.PROTECT, related_name="trades", db_index=False
    )
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
    taker_fee_rate = models.IntegerField(null=True)
    maker_fee_rate = models.IntegerField(null=True)
    timestamp = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["taker_account", "-timestamp", "-id"], name="fills_as_taker"),
            models.Index(fields=["maker_account", "-timestamp", "-id"], name="fills_as_maker"),
            models.Index(fields=["taker_order"], name="fills_of_taker_order"),
            models.Index(fields=["maker_order"], name="fills_of_maker_order"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Tally(models.Model):
    """How far a market's trades are added up in its candles and volumes: to this sequence."""

    market = models.OneToOneField(
        Market, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    sequence = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return f"{self.market} to {self.sequence}"


class Candle(models.Model):
    """A market's trades of one interval, as far as they are added up; `start` in seconds since 1970."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="+", db_index=False)
    seconds = models.IntegerField()
    start = models.BigIntegerField()
    open = models.BigIntegerField()
    high = models.BigIntegerField()
    low = models.BigIntegerField()
    close = models.BigIntegerField()
    volume = AmountField()
    quote_volume = AmountField()
    trade_count = models.BigIntegerField()
    taker_buy_volume = AmountField(default=0)
    taker_buy_quote_volume = AmountField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["market", "seconds", "start"], name="one_candle_per_interval"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.market} {self.seconds} s from {self.start}"


class DayVolume(models.Model):
    """What an account traded in a market on a day (of UTC, counted from 1970), as far as it is added up."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.IntegerField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    amount = AmountField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["market", "day", "account"], name="one_volume_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.market} day {self.day}"


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


class CancelAfter(models.Model):
    """An account's dead man's switch in a market: when its orders are canceled, unless it is set anew."""

    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="cancel_after")
    at = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "cancel after"
        constraints = [
            models.UniqueConstraint(fields=["market", "account"], name="one_switch_per_market"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.market}"


class AccountFees(models.Model):
    """An account's own fee rates in a market, in millionths; without a row it pays the market's."""

    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="fees")
    maker_fee_rate = models.IntegerField()
    taker_fee_rate = models.IntegerField()

    class Meta:
        verbose_name_plural = "account fees"
        constraints = [
            models.UniqueConstraint(fields=["market", "account"], name="one_fee_per_market"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.market}"


class OperatorCommand(models.Model):
    """What an operator wants of a market's engine; carried out once, in a batch of its own sequence."""

    KINDS = [(kind, kind) for kind in ("set_status", "configure", "set_fee_rates", "set_frozen")]

    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="operator_commands")
    kind = models.CharField(max_length=13, choices=KINDS)
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
