"""The admin's pages as a test asks for them, and rows to look at."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from markets.models import (
    ID_BITS,
    Account,
    Asset,
    Market,
    Order,
    Trade,
)

NOON = 1_795_348_800_000_000  # 2026-11-22 12:00 UTC


def an_order(market: Market, account: Account, number: int = 1, **columns: Any) -> Order:
    """A buy order of 2 at 100.50, resting unless it is said otherwise."""
    values: dict[str, Any] = {
        "id": (market.pk << ID_BITS) + number,
        "client_order_id": f"order-{number}",
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
        "post_only": False,
        "self_trade_prevention": "cancel_newest",
        "price": 10_050_000_000,
        "quantity": 200_000_000,
        "remaining": 200_000_000,
        "filled": 0,
        "canceled": 0,
        "prevented": 0,
        "notional": 0,
        "fee": 0,
        "status": "open",
        "sequence": number,
        "priority": number,
        "created_at": NOON + number,
        "updated_at": NOON + number,
    } | columns
    return Order.objects.create(market=market, account=account, **values)


def a_trade(market: Market, taker: Order, maker: Order, number: int = 9) -> Trade:
    """A buy of 1.5 at 100.50, the taker's fee in BTC, the maker's rebate in USD."""
    return Trade.objects.create(
        id=(market.pk << ID_BITS) + number,
        market=market,
        sequence=number,
        price=10_050_000_000,
        quantity=150_000_000,
        amount=15_075_000_000,
        taker_side="buy",
        taker_order=taker,
        maker_order=maker,
        taker_account=taker.account,
        maker_account=maker.account,
        taker_fee=300_000,
        maker_fee=-7_500_000,
        taker_fee_rate=2000,
        maker_fee_rate=-500,
        timestamp=NOON,
    )


def page(client: Client, name: str, *args: object, query: str = "") -> str:
    """A page of the admin, which must be there."""
    response = client.get(reverse(f"admin:markets_{name}", args=args) + query)
    assert response.status_code == 200, response
    return response.content.decode()


def listed(client: Client, model: str, query: str = "") -> list[int]:
    """The keys of the rows that a list shows."""
    response = client.get(reverse(f"admin:markets_{model}_changelist") + query)
    assert response.status_code == 200, response
    return [row.pk for row in response.context["cl"].result_list]


def said(response: Any) -> str:
    """What the operator was told."""
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def logged() -> list[str]:
    """The admin log, oldest first."""
    return [
        f"{entry.user} {entry.object_repr}: {entry.get_change_message()}"
        for entry in LogEntry.objects.order_by("pk")
    ]


def errors_of(response: Any) -> dict[str, list[str]]:
    """What the form refused, by field."""
    assert response.status_code == 200, "the form was taken"
    errors: dict[str, list[str]] = response.context["adminform"].form.errors
    return {name: list(messages) for name, messages in errors.items()}


def status_url(market: Market, status: str) -> str:
    """The page that asks before a market gets that status."""
    return reverse("admin:markets_market_status", args=[status]) + f"?market={market.pk}"


def market_form(**changes: Any) -> dict[str, Any]:
    """What the form of a new market sends."""
    return {
        "base_symbol": "ETH",
        "quote_symbol": "USD",
        "first_status": "open",
        "tick_size": "0.01",
        "lot_size": "0.001",
        "min_quantity": "",
        "max_quantity": "1000",
        "min_notional": "0",
        "maker_fee_rate": "0",
        "taker_fee_rate": "0",
        "price_band": "",
        "volatility_auction_s": "0",
        "update_interval_ms": "0",
        "snapshot_interval_s": "60",
    } | changes


def confirmed(client: Client, asked: Any, note: str = "why") -> Any:
    """What comes of a page that asks once more, with what it carries, if it is one."""
    question = None if asked.context is None else asked.context.get("question")
    if question is None:
        return asked
    return client.post(asked.request["PATH_INFO"], dict(question.hidden) | {"note": note})


def transfer(client: Client, account: Account, verb: str, **fields: Any) -> Any:
    """Send the form that moves USD."""
    url = reverse("admin:markets_account_transfer", args=[account.pk, verb])
    asset = Asset.objects.get(symbol="USD")
    return client.post(url, {"asset": asset.pk, "note": "why", **fields})
