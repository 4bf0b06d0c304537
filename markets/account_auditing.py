"""Proof from the rows alone that one account's books are right. Reads one moment; the exchange may go on.

Rules:
- Each check says what was looked at, what was found and what it should be, also when it is right.
- It costs what the account did, not what the exchange did. Beyond MAX_FILLS fills it is refused: the audit of
  everything (`manage.py audit`) has no bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Max, Min, Q, Sum

from markets import models
from markets.auditing import CHUNK, held_by
from markets.database import one_moment
from markets.history import fee_account_id
from markets.matching.types import OrderState, format_units
from markets.models import LIVE_ORDERS, Account
from markets.rows import ORDER_FIELDS, order_state

MAX_FILLS: Final = 500_000
"""Trades of an account, as taker and as maker each, that are read while somebody waits."""
MAX_OPEN_ORDERS: Final = 20_000
"""Open orders of an account whose fills are looked up one by one."""
MAX_NAMED: Final = 5
FILL_COLUMNS: Final = (
    "market_id",
    "taker_side",
    "quantity",
    "amount",
    "taker_fee",
    "maker_fee",
)

Amounts = defaultdict[int, int]
"""By asset (its key), in units."""


class NotAudited(ValueError):
    """The account did too much for an audit that somebody waits for, or has a part in everybody's trades."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so."""

    what: str
    found: str
    right: str

    @property
    def passed(self) -> bool:
        """Whether it is so."""
        return self.found == self.right


def audit_account(account: Account) -> list[Check]:
    """Check all that an account has and did. Raises NotAudited."""
    if account.pk == fee_account_id():
        raise NotAudited(f"{account} has a part in every trade: run manage.py audit")
    with one_moment():
        assets = {asset.pk: asset for asset in models.Asset.objects.all()}
        live = _live_orders(account)
        total = _transferred(account)
        for asset, amount in _traded(account).items():
            total[asset] += amount
        held = _held(live)
        return [
            *_check_balances(account, assets, total, held),
            *_check_orders(live),
            _check_events(account),
            *_check_frozen(account, live),
        ]


def _transferred(account: Account) -> Amounts:
    """What came in, less what went out."""
    total: Amounts = defaultdict(int)
    rows = models.Transfer.objects.filter(account=account).values_list("asset_id", "amount")
    for asset, amount in rows.iterator(CHUNK):
        total[asset] += amount
    return total


def _traded(account: Account) -> Amounts:
    """What fills brought and cost, fees taken off."""
    markets = {row.pk: row for row in models.Market.objects.all()}
    total: Amounts = defaultdict(int)
    for as_taker in (True, False):
        rows = models.Trade.objects.filter(
            **{"taker_account" if as_taker else "maker_account": account}
        )
        if rows.order_by()[: MAX_FILLS + 1].count() > MAX_FILLS:
            raise NotAudited(
                f"{account} has more than {MAX_FILLS:,} fills as {'taker' if as_taker else 'maker'}: "
                "run manage.py audit"
            )
        for market_id, side, quantity, amount, taker_fee, maker_fee in rows.values_list(
            *FILL_COLUMNS
        ).iterator(CHUNK):
            market = markets[market_id]
            fee = taker_fee if as_taker else maker_fee
            if (side == "buy") is as_taker:
                total[market.base_id] += quantity - fee
                total[market.quote_id] -= amount
            else:
                total[market.base_id] -= quantity
                total[market.quote_id] += amount - fee
    return total


def _live_orders(account: Account) -> dict[models.Market, list[OrderState]]:
    rows = models.Order.objects.filter(LIVE_ORDERS, account=account).order_by("created_at", "id")
    found = list(rows.values_list("market_id", *ORDER_FIELDS)[: MAX_OPEN_ORDERS + 1])
    if len(found) > MAX_OPEN_ORDERS:
        raise NotAudited(
            f"{account} has more than {MAX_OPEN_ORDERS:,} open orders: run manage.py audit"
        )
    markets = models.Market.objects.select_related("base", "quote").in_bulk(
        {row[0] for row in found}
    )
    live: dict[models.Market, list[OrderState]] = {}
    for market, *row in found:
        live.setdefault(markets[market], []).append(order_state(tuple(row)))
    return live


def _held(live: dict[models.Market, list[OrderState]]) -> Amounts:
    total: Amounts = defaultdict(int)
    for market, orders in live.items():
        for (_, asset), amount in held_by(market.spec(fee_account=0), orders).items():
            total[market.quote_id if asset == "quote" else market.base_id] += amount
    return total


# The checks


def _check_balances(
    account: Account, assets: dict[int, models.Asset], total: Amounts, held: Amounts
) -> Iterator[Check]:
    balances = {row.asset_id: row for row in models.Balance.objects.filter(account=account)}
    for key in sorted(balances.keys() | total.keys() | held.keys()):
        asset, row = assets[key], balances.get(key)
        available, holds = (0, 0) if row is None else (row.available, row.held)

        def text(units: int, asset: models.Asset = asset) -> str:
            return f"{format_units(units, asset.decimals)} {asset}"

        yield Check(
            f"{asset}: what it has is what came in, less what went out, and what its fills brought",
            text(available + holds),
            text(total[key]),
        )
        yield Check(f"{asset}: held is what its open orders need", text(holds), text(held[key]))
        yield Check(
            f"{asset}: no more is spent than there is",
            "0 or more" if available >= 0 else text(available),
            "0 or more",
        )


def _check_orders(live: dict[models.Market, list[OrderState]]) -> Iterator[Check]:
    orders = [order for of_market in live.values() for order in of_market]
    odd = [
        order.id
        for order in orders
        if order.quantity != order.filled + order.remaining + order.canceled + order.prevented
    ]
    count = f"{len(orders):,} open orders"
    yield Check(
        f"{count}: quantity is filled + remaining + canceled + prevented", _ids(odd), _ids([])
    )
    traded = _fills_of([order.id for order in orders if order.filled])
    odd = [order.id for order in orders if order.filled != traded.get(order.id, 0)]
    yield Check(f"{count}: what is filled is what its trades say", _ids(odd), _ids([]))


def _fills_of(orders: list[int]) -> dict[int, int]:
    """What each order traded, by its trades."""
    found: dict[int, int] = {}
    for start in range(0, len(orders), CHUNK // 4):
        some = orders[start : start + CHUNK // 4]
        for role in ("taker_order", "maker_order"):
            rows = models.Trade.objects.filter(**{f"{role}__in": some}).order_by()
            for order, quantity in rows.values_list(role).annotate(Sum("quantity")):
                found[order] = found.get(order, 0) + quantity
    return found


def _check_events(account: Account) -> Check:
    """Private events are numbered from 1 without gaps: as many as the last one's number."""
    rows = models.AccountEvents.objects.filter(account=account)
    sums = rows.aggregate(
        count=Count("pk"),
        first=Min("first_sequence"),
        last=Max("last_sequence"),
        covered=Sum("last_sequence") - Sum("first_sequence"),
    )
    sequence = Account.objects.values_list("event_sequence", flat=True).get(pk=account.pk)
    if not sums["count"]:
        return Check(
            "private events are numbered without gaps", "1 to 0: 0", f"1 to {sequence}: {sequence}"
        )
    covered = sums["covered"] + sums["count"]
    return Check(
        "private events are numbered without gaps",
        f"{sums['first']} to {sums['last']}: {covered}",
        f"1 to {sequence}: {sequence}",
    )


def _check_frozen(account: Account, live: dict[models.Market, list[OrderState]]) -> Iterator[Check]:
    """A frozen account has no open order where the engine has heard of it."""
    if not models.FrozenAccount.objects.filter(account=account).exists():
        return
    waits = Q(kind="set_frozen", done=False, params__account=account.pk)
    deaf = set(models.OperatorCommand.objects.filter(waits).values_list("market_id", flat=True))
    odd = [order.id for market, orders in live.items() if market.pk not in deaf for order in orders]
    yield Check("it is frozen: no order is open where the engine knows", _ids(odd), _ids([]))


def _ids(orders: list[int]) -> str:
    if not orders:
        return "all are so"
    more = f" and {len(orders) - MAX_NAMED} more" if len(orders) > MAX_NAMED else ""
    return f"not {', '.join(map(str, orders[:MAX_NAMED]))}{more}"
