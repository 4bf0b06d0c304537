"""Who holds balances and sends orders: accounts, their money, their keys, what they are told."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from markets.fields import AmountField
from markets.models.markets import Asset, FeeTier

FEE_ACCOUNT_NAME: Final = "exchange-fees"


class Account(models.Model):
    """Somebody who holds balances and sends orders; self-trade prevention works per account."""

    name = models.CharField(max_length=64, unique=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    given_fee_tiers = models.ManyToManyField(
        FeeTier,
        blank=True,
        related_name="+",
        help_text="Fee tiers that it has whatever its volume, at most one of each quote asset.",
    )
    event_sequence = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class FrozenAccount(models.Model):
    """An account whose orders no market takes until an operator unfreezes it.

    Engines read these when they start, and hear of what changes by a command in their sequence.
    """

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, primary_key=True, related_name="frozen"
    )
    since = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=150)
    reason = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.account} since {self.since:%Y-%m-%d %H:%M}"


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
        indexes = [
            models.Index(fields=["account", "-created_at", "-id"], name="transfers_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.account}"


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


class KeyKind(models.TextChoices):
    """How a program says who it is."""

    BEARER = "bearer", "bearer: the key is sent with each request"
    HMAC = "hmac", "hmac: requests are signed with a secret that both sides have"
    ED25519 = "ed25519", "ed25519: requests are signed; only you have the private key"


class ApiKey(models.Model):
    """A program's way in. What is secret is shown once.

    - `bearer`: the key itself is the secret, and only its hash is kept.
    - `hmac`: the key (`key_id`) names the secret that signs, which is kept encrypted: it is needed to verify.
    - `ed25519`: the key (`key_id`) names the public key that verifies; nothing here is secret.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=8, choices=KeyKind.choices, default=KeyKind.BEARER)
    key_id = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    sealed_secret = models.TextField(blank=True, editable=False)
    public_key = models.CharField(max_length=64, blank=True, editable=False)
    prefix = models.CharField(max_length=12, db_index=True)
    hashed = models.CharField(max_length=64, unique=True, editable=False)
    can_read = models.BooleanField(default=True)
    can_trade = models.BooleanField(default=True)
    allowed_ips = models.JSONField(
        default=list,
        blank=True,
        help_text="Addresses and networks from which alone it may be used; none: from anywhere.",
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.account}"
