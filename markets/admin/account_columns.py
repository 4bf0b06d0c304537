"""What the admin shows of an account: its money, its orders, what it pays, when its switch goes off."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from django.contrib import admin
from django.db.models import Count, F, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from markets import fee_tiers, operators
from markets.admin.order_columns import contract_order, price_in_words
from markets.admin.pages import (
    NONE,
    AnyInline,
    change_url,
    link_to,
    links,
    list_url,
    rate_in_words,
    readable,
)
from markets.admin.transfers import amount_of
from markets.matching.types import LIVE, OrderStatus, Side, format_units
from markets.models import (
    LIVE_ORDERS,
    Account,
    AccountFees,
    ApiKey,
    Asset,
    Balance,
    CancelAfter,
    Market,
    OperatorCommand,
    Order,
    Trade,
    Transfer,
)

TRANSFERS_SHOWN: Final = 20
LOOKED_AT: Final = 500
"""The newest orders, among which the ones that ended last are shown."""
ENDED_SHOWN: Final = 10
OPEN_SHOWN: Final = 20
FILLS_SHOWN: Final = 20
KEYS_SHOWN: Final = 20


class BalanceInline(AnyInline):
    """What an account has, as decimals."""

    model = Balance
    template = "admin/markets/balances.html"
    fields = ("asset", "decimal_total", "decimal_held", "decimal_available")
    readonly_fields = fields
    extra = 0
    verbose_name_plural = "balances"
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Balance]:
        """With their assets."""
        return super().get_queryset(request).select_related("account", "asset")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: money comes in by deposits."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    @admin.display(description="total")
    def decimal_total(self, balance: Balance) -> str:
        """All that it owns."""
        return format_units(balance.available + balance.held, balance.asset.decimals)

    @admin.display(description="held")
    def decimal_held(self, balance: Balance) -> str:
        """What its open orders hold."""
        return format_units(balance.held, balance.asset.decimals)

    @admin.display(description="available")
    def decimal_available(self, balance: Balance) -> str:
        """What it can spend or withdraw."""
        return format_units(balance.available, balance.asset.decimals)


@admin.display(description="user")
def user_link(account: Account) -> SafeString | str:
    """Who logs in to it, and when that was last."""
    user = account.user
    if user is None:
        return NONE
    last = (
        "never logged in" if user.last_login is None else f"last {readable(user.last_login)[:19]}"
    )
    return format_html("{} ({}{})", link_to(user), last, "" if user.is_active else ", not active")


@admin.display(description="frozen")
def frozen(account: Account) -> SafeString | str:
    """Since when, by whom and why; and where it waits for an engine."""
    row = operators.frozen_of(account)
    if row is None:
        return "no"
    waits = OperatorCommand.objects.filter(
        kind="set_frozen", done=False, params__account=account.pk
    )
    deaf = ", ".join(waits.order_by("market__symbol").values_list("market__symbol", flat=True))
    return format_html(
        '<b class="frozen">since {} by {}: {}</b>{}',
        readable(row.since)[:19],
        row.by,
        row.reason,
        f"; waits for an engine in {deaf}" if deaf else "",
    )


@admin.display(description="frozen")
def frozen_in_list(account: Account) -> SafeString | str:
    """Whether it is, of a row that was read with it."""
    return format_html('<b class="frozen">{}</b>', "frozen") if hasattr(account, "frozen") else NONE


class FrozenFilter(admin.SimpleListFilter):
    """Those that are frozen."""

    title = parameter_name = "frozen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Frozen or not."""
        return [("1", "yes"), ("0", "no")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Account]) -> QuerySet[Account]:
        """By whether there is a row that says so."""
        if self.value() not in ("0", "1"):
            return queryset
        return queryset.filter(frozen__isnull=self.value() == "0")


@admin.display(description="API keys")
def api_keys(account: Account) -> SafeString | str:
    """Those that are not revoked, the last used first."""
    keys = account.api_keys.filter(revoked_at=None)
    rows = [
        (
            change_url(key),
            key.prefix,
            key.name or "without a name",
            ", ".join(word for word in ("read", "trade") if getattr(key, f"can_{word}"))
            or "nothing",
            "never used" if key.last_used_at is None else f"used {readable(key.last_used_at)[:16]}",
        )
        for key in keys.order_by(F("last_used_at").desc(nulls_last=True), "-pk")[:KEYS_SHOWN]
    ]
    line = '<div><a href="{}">{}…</a> {}: may {}; {}</div>'
    return format_html_join("", line, rows) or "none"


@admin.display(description="newest of them")
def newest_open(account: Account) -> SafeString | str:
    """The newest of its open orders, linked."""
    live = Order.objects.filter(LIVE_ORDERS, account=account)
    live = live.select_related("market__base", "market__quote")
    rows = []
    for order in live.order_by("-created_at", "-id")[:OPEN_SHOWN]:
        shown = contract_order(order)
        words = (
            f"{order.side} {shown['remaining_quantity']} of {order.market} {price_in_words(order)}"
        )
        rows.append(
            (readable(order.created_at)[:19], change_url(order), order.pk, words, order.status)
        )
    return format_html_join("", '<div>{} <a href="{}">{}</a> {}, {}</div>', rows) or "none"


@admin.display(description="latest fills")
def latest_fills(account: Account) -> SafeString | str:
    """Its newest trades, as taker and maker."""
    trades: dict[int, tuple[Trade, str]] = {}
    for role in ("maker", "taker"):
        mine = Trade.objects.filter(**{f"{role}_account": account})
        mine = mine.select_related("market__base", "market__quote")
        for trade in mine.order_by("-timestamp", "-id")[:FILLS_SHOWN]:
            trades[trade.pk] = (trade, role)
    newest = sorted(trades.values(), key=lambda each: (each[0].timestamp, each[0].pk), reverse=True)
    rows = []
    for trade, role in newest[:FILLS_SHOWN]:
        bought = (trade.taker_side == Side.BUY) is (role == "taker")
        market = trade.market
        quantity = format_units(trade.quantity, market.base.decimals)
        price = format_units(trade.price, market.quote.decimals)
        rows.append(
            (
                readable(trade.timestamp)[:19],
                change_url(trade),
                trade.pk,
                f"{'bought' if bought else 'sold'} {quantity} of {market} at {price} as {role}",
            )
        )
    return format_html_join("", '<div>{} <a href="{}">{}</a> {}</div>', rows) or "none"


@admin.display(description="open orders")
def open_orders(account: Account) -> str:
    """How many of its orders rest, and how many stops wait."""
    live = Order.objects.filter(LIVE_ORDERS, account=account).order_by()
    counts = dict(live.values_list("status").annotate(Count("pk")))
    waiting = counts.get(OrderStatus.UNTRIGGERED, 0)
    total = str(sum(counts.values()))
    return f"{total}, {waiting} of them waiting stops" if waiting else total


@admin.display(description="lists")
def lists(account: Account) -> SafeString:
    """Where its rows are."""
    query = f"?q={account.name}"
    return links(
        [
            ("orders", list_url(Order, query)),
            ("open orders", list_url(Order, f"{query}&status=live")),
            ("ended orders", list_url(Order, f"{query}&status=ended")),
            ("trades", list_url(Trade, query)),
            ("transfers", list_url(Transfer, query)),
            ("API keys", list_url(ApiKey, query)),
        ]
    )


@admin.display(description="dead man's switch")
def dead_mans_switch(account: Account) -> SafeString | str:
    """When its orders are canceled unless it is set anew."""
    switches = CancelAfter.objects.filter(account=account).order_by("at", "market__symbol")
    times = groupby(switches.values_list("at", "market__symbol"), key=lambda row: row[0])
    rows = [(readable(at), ", ".join(symbol for _, symbol in of_time)) for at, of_time in times]
    return format_html_join("", "<div>armed until {} in {}</div>", rows) or "not armed"


@admin.display(description="ended last")
def ended_orders(account: Account) -> SafeString | str:
    """Those of its newest orders that ended last, and why."""
    newest = account.orders.select_related("market").order_by("-created_at", "-id")[:LOOKED_AT]
    ended = [order for order in newest if order.status not in LIVE]
    ended.sort(key=lambda order: (order.updated_at, order.pk), reverse=True)
    rows = [
        (
            readable(order.updated_at),
            change_url(order),
            order.pk,
            order.side,
            order.market,
            order.status,
            f": {order.reason}" if order.reason else "",
        )
        for order in ended[:ENDED_SHOWN]
    ]
    return format_html_join("", '<div>{} <a href="{}">{}</a> {} {} {}{}</div>', rows) or "none"


@admin.display(description="given fee tiers")
def given_tiers(account: Account) -> SafeString | str:
    """What goes before its volume."""
    tiers = account.given_fee_tiers.select_related("quote")
    return format_html_join(", ", "{}", ((link_to(tier),) for tier in tiers)) or "none"


@admin.display(description="volume of 30 days")
def volumes(account: Account) -> SafeString | str:
    """What its tier goes by, as maker and taker."""
    traded = fee_tiers.volumes_of(account)
    quotes = Asset.objects.filter(pk__in=Market.objects.values("quote"))
    rows = [(format_units(traded[quote.pk], quote.decimals), quote) for quote in quotes]
    return format_html_join("", "<div>{} {}</div>", rows) or "none"


@admin.display(description="fee rates")
def fee_rates(account: Account) -> SafeString | str:
    """What it pays where it has rates of its own."""
    own = AccountFees.objects.filter(account=account).select_related("market")
    rows = [
        (row.market, rate_in_words(row.maker_fee_rate), rate_in_words(row.taker_fee_rate))
        for row in own.order_by("market__symbol")
    ]
    lines = format_html_join("", "<div>{}: maker {}, taker {}</div>", rows)
    others = Market.objects.count() - len(rows)
    if not others:
        return lines or "none: there is no market"
    rest = "in the other markets" if rows else "in all markets"
    return format_html("{}<div>{} the market's own rates</div>", lines, rest)


@admin.display(description="latest transfers")
def latest_transfers(account: Account) -> SafeString | str:
    """The last money that came in or went out."""
    transfers = account.transfers.select_related("asset")[:TRANSFERS_SHOWN]
    rows = [
        (readable(row.created_at), row.kind, amount_of(row), row.asset, row.note)
        for row in transfers
    ]
    return format_html_join("", "<div>{} {} <b>{}</b> {} {}</div>", rows) or "none"
