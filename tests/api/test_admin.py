"""The admin: what an operator sees and may do, all of it in the admin log.

Most of it without an engine, where wishes wait as rows; the last part with the exchange running.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from markets import accounts, operators, process
from markets.admin import markets as market_pages
from markets.matching.types import MarketStatus
from markets.models import (
    ID_BITS,
    Account,
    ApiKey,
    Asset,
    Balance,
    Batch,
    Market,
    OperatorCommand,
    Order,
    Trade,
    Transfer,
)
from tests.drivers.exchange import ExchangeDriver

NOON = 1_795_348_800_000_000  # 2026-11-22 12:00 UTC


@pytest.fixture
def empty(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No rows, until the test's transaction is rolled back, and no engines to tell."""
    monkeypatch.setattr(process, "_current", None)
    monkeypatch.setattr(market_pages, "ANSWER_SECONDS", 0.0)
    ours: list[Any] = [LogEntry, *reversed(list(apps.get_app_config("markets").get_models()))]
    for model in ours:
        model._base_manager.all()._raw_delete("default")


@pytest.fixture
def operator(empty: None) -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("olga"))
    return client


@pytest.fixture
def market(empty: None) -> Market:
    return operators.create_market(
        "BTC", "USD", tick_size=Decimal("0.01"), lot_size=Decimal("0.0001")
    ).market


@pytest.fixture
def alice(empty: None) -> Account:
    return accounts.open_account("alice")


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


# Who may come in


def test_only_staff_comes_in(market: Market) -> None:
    visitor = Client()
    visitor.force_login(User.objects.create_user("vera"))

    response = visitor.get(reverse("admin:markets_market_changelist"))

    assert response.status_code == 302
    assert "/admin/login/" in response["Location"]


def test_staff_without_the_permission_moves_no_money_and_stops_no_market(
    market: Market, alice: Account
) -> None:
    clerk = Client()
    clerk.force_login(User.objects.create_user("carl", is_staff=True))
    pages = [
        reverse("admin:markets_account_transfer", args=[alice.pk, "deposit"]),
        operators_url(market, "halted"),
        reverse("admin:markets_order_cancel"),
    ]

    statuses = [clerk.post(url, {"note": "why", "amount": "1"}).status_code for url in pages]

    assert statuses == [403, 403, 403]
    assert not Transfer.objects.exists()
    assert not OperatorCommand.objects.exists()


def operators_url(market: Market, status: str) -> str:
    return reverse("admin:markets_market_status", args=[status]) + f"?market={market.pk}"


# New markets


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
        "update_interval_ms": "0",
        "snapshot_interval_s": "60",
    } | changes


def errors_of(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200, "the form was taken"
    errors: dict[str, list[str]] = response.context["adminform"].form.errors
    return {name: list(messages) for name, messages in errors.items()}


def add_market(client: Client, **changes: Any) -> Any:
    return client.post(reverse("admin:markets_market_add"), market_form(**changes))


def test_a_market_is_made_with_its_assets_and_the_balances_that_fees_go_to(
    operator: Client,
) -> None:
    response = add_market(operator, base_symbol="eth", first_status="halted")

    assert response.status_code == 302
    market = Market.objects.get(symbol="ETH-USD")
    assert (market.status, market.last_sequence) == ("halted", 0)
    fees = Balance.objects.filter(account=accounts.fee_account())
    assert {str(row.asset): row.overdraft for row in fees} == {"ETH": True, "USD": True}
    assert logged() == [
        "olga ETH: Made for the market ETH-USD.",
        "olga USD: Made for the market ETH-USD.",
        "olga ETH-USD: Added.",
    ]


def test_new_assets_have_8_decimals_or_as_many_as_tick_times_lot_needs(operator: Client) -> None:
    add_market(operator, tick_size="0.00001", lot_size="0.000001", max_quantity="1000")

    assert Asset.objects.get(symbol="ETH").decimals == 8
    assert Asset.objects.get(symbol="USD").decimals == 11


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"base_symbol": "not an asset"}, "base_symbol"),
        ({"quote_symbol": "ETH"}, "quote_symbol"),
        ({"tick_size": "0"}, "tick_size"),
        ({"tick_size": "-0.01"}, "tick_size"),
        ({"tick_size": "soon"}, "tick_size"),
        ({"tick_size": "NaN"}, "tick_size"),
        ({"tick_size": "0.00000001", "lot_size": "0.00000001"}, "tick_size"),
        ({"lot_size": "0.0000000000001"}, "lot_size"),
        ({"lot_size": ""}, "lot_size"),
        ({"min_quantity": "2000"}, "min_quantity"),
        ({"max_quantity": "999999999999999"}, "max_quantity"),
        ({"min_notional": "-1"}, "min_notional"),
        ({"taker_fee_rate": "1"}, "taker_fee_rate"),
        ({"maker_fee_rate": "-0.001"}, "maker_fee_rate"),
        ({"update_interval_ms": "10001"}, "update_interval_ms"),
    ],
)
def test_a_market_that_makes_no_sense_is_refused_at_the_field(
    operator: Client, changes: dict[str, str], field: str
) -> None:
    response = add_market(operator, **changes)

    assert list(errors_of(response)) == [field]
    assert not Market.objects.exists()
    assert not Asset.objects.exists()


def test_an_existing_asset_with_too_few_decimals_is_refused(operator: Client) -> None:
    Asset.objects.create(symbol="USD", decimals=2)

    errors = errors_of(add_market(operator))

    assert errors == {
        "tick_size": [
            "tick_size × lot_size must be a whole number of USD's smallest unit (2 decimals)"
        ]
    }


def test_there_is_one_market_of_two_assets(operator: Client, market: Market) -> None:
    errors = errors_of(add_market(operator, base_symbol="BTC"))

    assert errors == {"base_symbol": ["there is a market BTC-USD already"]}


# A market's rules


def change_market(client: Client, market: Market, **changes: Any) -> Any:
    """Send the market's own form back with changes."""
    url = reverse("admin:markets_market_change", args=[market.pk])
    form = client.get(url).context["adminform"].form
    values = {name: form.get_initial_for_field(form.fields[name], name) for name in form.fields}
    widgets = {name: field.widget for name, field in form.fields.items()}
    sent = {name: widgets[name].format_value(value) or "" for name, value in values.items()}
    return client.post(url, sent | changes)


def test_new_rules_are_a_command_for_the_engine_and_no_write(
    operator: Client, market: Market, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = change_market(
            operator, market, tick_size="0.05", min_quantity="0.001", note="coarser book"
        )

    command = OperatorCommand.objects.get()
    assert (command.kind, command.params, command.requested_by, command.note, command.done) == (
        "configure",
        {"tick_size": "0.05", "min_quantity": "0.001"},
        "olga",
        "coarser book",
        False,
    )
    assert Market.objects.get() == market
    assert Market.objects.get().tick_size == Decimal("0.01")
    assert logged() == [
        "olga BTC-USD: Asked for tick_size = 0.05, min_quantity = 0.001: coarser book"
    ]
    assert said(response) == (
        "BTC-USD: waiting: no engine is running; it is done when the market's engine starts"
    )


def test_a_form_sent_back_as_it_came_changes_nothing(operator: Client, market: Market) -> None:
    response = change_market(operator, market)

    assert not OperatorCommand.objects.exists()
    assert said(response) == "Nothing was changed."
    assert logged() == []


@pytest.mark.parametrize("step", ["tick_size", "lot_size"])
def test_tick_and_lot_cannot_change_under_open_orders(
    operator: Client, market: Market, alice: Account, step: str
) -> None:
    an_order(market, alice)

    errors = errors_of(change_market(operator, market, **{step: "0.1"}))

    assert errors == {
        step: [f"{step} cannot change under open orders: cancel them or close the market"]
    }
    assert not OperatorCommand.objects.exists()


def test_fees_may_change_under_open_orders(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice)

    change_market(operator, market, taker_fee_rate="0.002")

    assert OperatorCommand.objects.get().params == {"taker_fee_rate": "0.002"}


def test_tick_and_lot_may_change_when_all_orders_have_ended(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice, status="canceled", remaining=0, canceled=200_000_000)

    change_market(operator, market, tick_size="0.1")

    assert OperatorCommand.objects.get().params == {"tick_size": "0.1"}


def test_rules_that_make_no_sense_are_refused_at_the_field(
    operator: Client, market: Market
) -> None:
    assert list(errors_of(change_market(operator, market, min_quantity="0"))) == ["min_quantity"]
    assert list(errors_of(change_market(operator, market, taker_fee_rate="-1"))) == [
        "taker_fee_rate"
    ]


def test_what_only_readers_use_is_written_at_once_and_nothing_else(
    operator: Client, market: Market
) -> None:
    Market.objects.update(last_sequence=41)  # the engine went on since the form was opened

    change_market(operator, market, update_interval_ms="250")

    market.refresh_from_db()
    assert (market.update_interval_ms, market.last_sequence) == (250, 41)
    assert not OperatorCommand.objects.exists()


def test_a_market_s_page_shows_how_far_its_engine_is(
    operator: Client, market: Market, alice: Account
) -> None:
    Market.objects.update(last_sequence=73_101, last_price=10_050_000_000, status="halted")
    Batch.objects.create(
        market=market,
        prev_sequence=73_099,
        sequence=73_101,
        orders=2,
        trades=0,
        checksum=2719417658,
        timestamp=NOON,
    )
    an_order(market, alice)

    shown = page(operator, "market_change", market.pk)
    in_list = page(operator, "market_changelist")

    assert "73099 to 73101 at 2026-11-22 12:00:00.000000 UTC, book checksum 2719417658" in shown
    for text in ("73101", "100.5 USD", "halted"):
        assert text in shown
        assert text in in_list


def test_nobody_deletes_a_market(operator: Client, market: Market) -> None:
    response = operator.post(
        reverse("admin:markets_market_delete", args=[market.pk]), {"post": "yes"}
    )

    assert response.status_code == 403


# Open, halt, close


@pytest.mark.parametrize("status", ["halted", "closed"])
def test_a_market_is_halted_or_closed_by_a_command_with_who_and_why(
    operator: Client, market: Market, status: str
) -> None:
    response = operator.post(operators_url(market, status), {"note": "feed is down"})

    command = OperatorCommand.objects.get()
    assert (command.kind, command.params) == ("set_status", {"status": status})
    assert (command.requested_by, command.note) == ("olga", "feed is down")
    verb = {"halted": "halt", "closed": "close"}[status]
    assert logged() == [f"olga BTC-USD: Asked to {verb}: feed is down"]
    assert "BTC-USD: waiting: no engine is running" in said(response)
    assert Market.objects.get().status == "open", "the engine writes it, nobody else"


def test_halting_and_closing_need_a_reason_opening_does_not(
    operator: Client, market: Market
) -> None:
    for status in ("halted", "closed"):
        assert (
            "This field is required"
            in operator.post(operators_url(market, status), {"note": " "}).content.decode()
        )
    operator.post(operators_url(market, "open"), {"note": ""})

    assert [command.params["status"] for command in OperatorCommand.objects.all()] == ["open"]


def test_closing_asks_first_and_says_how_many_orders_it_cancels(
    operator: Client, market: Market, alice: Account
) -> None:
    an_order(market, alice)

    asked = operator.get(operators_url(market, "closed")).content.decode()

    assert "Every open order is canceled" in asked
    assert "Open orders now: 1." in asked
    assert not OperatorCommand.objects.exists()


def test_several_markets_are_halted_together(operator: Client, market: Market) -> None:
    other = operators.create_market("ETH", "USD", tick_size=Decimal(1), lot_size=Decimal(1)).market
    url = reverse("admin:markets_market_changelist")

    asked = operator.post(
        url, {"action": "halt_selected", "_selected_action": [market.pk, other.pk]}
    )
    operator.post(asked["Location"], {"note": "maintenance"})

    commands = OperatorCommand.objects.order_by("market__symbol")
    assert [(str(row.market), row.params) for row in commands] == [
        ("BTC-USD", {"status": "halted"}),
        ("ETH-USD", {"status": "halted"}),
    ]


def test_the_operator_is_told_what_the_engine_made_of_it(market: Market) -> None:
    def outcome(**columns: Any) -> str:
        return operators.outcome_of(OperatorCommand(market=market, kind="set_status", **columns))

    assert outcome(done=True, sequence=7) == "done at sequence 7"
    assert outcome(done=True) == "done: it was so already"
    assert outcome(done=True, refusal="not now") == "refused: not now"
    assert outcome().startswith("waiting: no engine is running")


def test_an_unknown_status_or_market_is_not_found(operator: Client, market: Market) -> None:
    unknown_market = reverse("admin:markets_market_status", args=["open"]) + "?market=77"

    assert operator.get(operators_url(market, "auction")).status_code == 404
    assert operator.get(unknown_market).status_code == 404


# Assets


def test_an_asset_is_added_once_and_never_changes(operator: Client) -> None:
    operator.post(reverse("admin:markets_asset_add"), {"symbol": "EUR", "decimals": "2"})
    asset = Asset.objects.get(symbol="EUR")

    url = reverse("admin:markets_asset_change", args=[asset.pk])
    response = operator.post(url, {"symbol": "EUR", "decimals": "8"})

    assert response.status_code == 403
    assert Asset.objects.get().decimals == 2


def test_an_asset_is_deleted_only_while_nothing_uses_it(
    operator: Client, market: Market, alice: Account
) -> None:
    unused = Asset.objects.create(symbol="OLD")

    def delete(asset: Asset) -> int:
        url = reverse("admin:markets_asset_delete", args=[asset.pk])
        return operator.post(url, {"post": "yes"}).status_code

    assert delete(market.base) == 403
    assert delete(unused) == 302
    assert not Asset.objects.filter(symbol="OLD").exists()


# Accounts and money


def transfer(client: Client, account: Account, verb: str, **fields: Any) -> Any:
    url = reverse("admin:markets_account_transfer", args=[account.pk, verb])
    asset = Asset.objects.get(symbol="USD")
    return client.post(url, {"asset": asset.pk, "note": "", **fields})


def test_a_deposit_adds_to_the_balance_and_is_in_the_log(
    operator: Client, market: Market, alice: Account
) -> None:
    response = transfer(operator, alice, "deposit", amount="1000.5", note="wire 4711")

    assert accounts.balances(alice) == [
        {"asset": "USD", "total": "1000.5", "held": "0", "available": "1000.5"}
    ]
    assert logged() == ["olga alice: Deposited 1000.5 USD: wire 4711"]
    assert said(response) == "Deposited 1000.5 USD; 1000.5 USD available now."
    assert Transfer.objects.get().note == "wire 4711"


def test_a_withdrawal_takes_available_money_and_is_in_the_log(
    operator: Client, market: Market, alice: Account
) -> None:
    transfer(operator, alice, "deposit", amount="10")

    transfer(operator, alice, "withdraw", amount="4", note="paid out")

    assert accounts.balances(alice)[0]["available"] == "6"
    assert logged()[1:] == ["olga alice: Withdrew 4 USD: paid out"]


@pytest.mark.parametrize("amount", ["0", "-1", "1e3", "1,000", "0.123456789", "NaN", "", "٣"])
def test_an_amount_that_is_none_is_refused_at_the_field(
    operator: Client, market: Market, alice: Account, amount: str
) -> None:
    response = transfer(operator, alice, "deposit", amount=amount)

    assert response.status_code == 200
    assert "amount" in response.context["question"].form.errors
    assert not Transfer.objects.exists()
    assert logged() == []


def test_more_than_what_is_available_is_not_withdrawn(
    operator: Client, market: Market, alice: Account
) -> None:
    transfer(operator, alice, "deposit", amount="10")
    Balance.objects.filter(account=alice).update(available="400000000", held="600000000")

    response = transfer(operator, alice, "withdraw", amount="4.00000001")

    assert "alice has 4 USD available" in response.content.decode()
    assert Transfer.objects.count() == 1
    assert len(logged()) == 1


def test_an_account_s_page_shows_its_money_as_decimals(
    operator: Client, market: Market, alice: Account
) -> None:
    transfer(operator, alice, "deposit", amount="12.5", note="opening")
    an_order(market, alice)

    shown = page(operator, "account_change", alice.pk)

    assert "12.5" in shown
    assert "1250000000" not in shown
    assert "opening" in shown


def test_an_account_cannot_be_edited_or_deleted(operator: Client, alice: Account) -> None:
    Account.objects.update(event_sequence=5)

    changed = operator.post(
        reverse("admin:markets_account_change", args=[alice.pk]), {"name": "mallory"}
    )
    deleted = operator.post(
        reverse("admin:markets_account_delete", args=[alice.pk]), {"post": "yes"}
    )

    assert (changed.status_code, deleted.status_code) == (403, 403)
    assert Account.objects.get(name="alice").event_sequence == 5


def add_account(client: Client, name: str, password: str = "") -> Any:
    return client.post(reverse("admin:markets_account_add"), {"name": name, "password": password})


def test_an_account_is_opened_with_a_user_who_can_log_in(operator: Client) -> None:
    response = add_account(operator, "bob", "a-long-passphrase")

    account = Account.objects.get(name="bob")
    assert response.status_code == 302
    assert account.user is not None
    assert account.user.check_password("a-long-passphrase")
    assert logged() == ["olga bob: Added."]


def test_an_account_without_a_password_is_for_programs(operator: Client) -> None:
    add_account(operator, "robot")

    user = Account.objects.get(name="robot").user
    assert user is not None
    assert not user.has_usable_password()


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [
        ("alice", "", "name"),
        ("exchange-fees", "", "name"),
        ("not a name", "", "name"),
        ("bob", "12345", "password"),
        ("olga", "another-passphrase", "password"),
    ],
)
def test_an_account_that_cannot_be_opened_is_refused_at_the_field(
    operator: Client, alice: Account, name: str, password: str, field: str
) -> None:
    response = add_account(operator, name, password)

    assert list(errors_of(response)) == [field]
    assert not User.objects.get(username="olga").has_usable_password()


def test_an_api_key_is_revoked_and_its_hash_is_never_shown(
    operator: Client, alice: Account
) -> None:
    key, secret = accounts.make_api_key(alice, "bot")
    url = reverse("admin:markets_apikey_changelist")

    shown = page(operator, "apikey_changelist") + page(operator, "apikey_change", key.pk)
    operator.post(url, {"action": "revoke_selected", "_selected_action": [key.pk]})

    assert key.prefix in shown
    assert key.hashed not in shown
    assert accounts.principal_of_key(secret) is None
    assert logged() == [f"olga {key}: Revoked {key.prefix}… of alice."]


def test_a_revoked_key_keeps_its_first_time(operator: Client, alice: Account) -> None:
    key, _ = accounts.make_api_key(alice, "bot")
    url = reverse("admin:markets_apikey_changelist")
    revoke = {"action": "revoke_selected", "_selected_action": [key.pk]}

    operator.post(url, revoke)
    first = ApiKey.objects.get().revoked_at
    operator.post(url, revoke)

    assert first is not None
    assert ApiKey.objects.get().revoked_at == first
    assert len(logged()) == 1


# Orders and trades


@pytest.mark.parametrize("model", ["order", "trade", "batch", "transfer", "operatorcommand"])
def test_what_is_truth_is_read_only(
    operator: Client, market: Market, alice: Account, model: str
) -> None:
    order = an_order(market, alice)
    trade = a_trade(market, order, order)
    accounts.deposit(alice, market.quote, 5)
    operators.set_market_status(market, MarketStatus.HALTED, "olga")
    Batch.objects.create(
        market=market, prev_sequence=0, sequence=1, orders=1, trades=0, checksum=0, timestamp=NOON
    )
    row = {
        "order": order,
        "trade": trade,
        "batch": Batch.objects.get(),
        "transfer": Transfer.objects.get(),
        "operatorcommand": OperatorCommand.objects.get(),
    }[model]
    change = reverse(f"admin:markets_{model}_change", args=[row.pk])

    assert listed(operator, model) == [row.pk]
    assert operator.get(change).status_code == 200
    assert operator.post(change, {"quantity": "1"}).status_code == 403
    assert operator.get(reverse(f"admin:markets_{model}_add")).status_code == 403
    delete = reverse(f"admin:markets_{model}_delete", args=[row.pk])
    assert operator.post(delete, {"post": "yes"}).status_code == 403


def test_an_order_is_shown_in_decimals_and_readable_time(
    operator: Client, market: Market, alice: Account
) -> None:
    order = an_order(
        market,
        alice,
        filled=150_000_000,
        remaining=50_000_000,
        notional=15_075_000_000,
        fee=300_000,
        status="partially_filled",
    )
    trade = a_trade(market, order, order)

    in_list = page(operator, "order_changelist")
    shown = page(operator, "order_change", order.pk)

    for text in ("100.5", "1.5", "2026-11-22 12:00:00.000001 UTC"):
        assert text in in_list
        assert text in shown
    assert "0.5" in shown, "what remains"
    assert "0.003" in shown, "its fee"
    assert reverse("admin:markets_trade_change", args=[trade.pk]) in shown
    assert "10050000000" not in in_list + shown


def test_a_trade_is_shown_in_decimals_with_both_fees(
    operator: Client, market: Market, alice: Account
) -> None:
    order = an_order(market, alice)
    trade = a_trade(market, order, order)

    shown = page(operator, "trade_change", trade.pk)

    for text in ("100.5", "1.5", "150.75", "0.003 BTC", "-0.075 USD"):
        assert text in shown


def test_orders_are_found_by_id_client_order_id_and_account(
    operator: Client, market: Market, alice: Account
) -> None:
    bob = accounts.open_account("bob")
    first, second = an_order(market, alice, 1), an_order(market, bob, 2)

    assert listed(operator, "order", f"?q={first.pk}") == [first.pk]
    assert listed(operator, "order", "?q=order-2") == [second.pk]
    assert listed(operator, "order", "?q=alice") == [first.pk]
    assert listed(operator, "order", "?q=nobody") == []
    assert listed(operator, "order", "?q=99999999999999999999999") == []
    assert listed(operator, "order") == [second.pk, first.pk]


def test_trades_are_found_by_id_order_and_account(
    operator: Client, market: Market, alice: Account
) -> None:
    bob = accounts.open_account("bob")
    taker, maker = an_order(market, alice, 1), an_order(market, bob, 2, side="sell")
    trade = a_trade(market, taker, maker)

    for term in (trade.pk, taker.pk, maker.pk, "alice", "bob"):
        assert listed(operator, "trade", f"?q={term}") == [trade.pk]
    assert listed(operator, "trade", "?q=carol") == []


def test_orders_are_filtered_by_market_side_status_and_type(
    operator: Client, market: Market, alice: Account
) -> None:
    other = operators.create_market("ETH", "USD", tick_size=Decimal(1), lot_size=Decimal(1)).market
    buy = an_order(market, alice, 1)
    sell = an_order(market, alice, 2, side="sell", status="partially_filled")
    ended = an_order(
        other, alice, 3, type="market", status="canceled", remaining=0, canceled=200_000_000
    )

    assert listed(operator, "order", f"?market={market.pk}") == [sell.pk, buy.pk]
    assert listed(operator, "order", f"?market={other.pk}") == [ended.pk]
    assert listed(operator, "order", "?side=sell") == [sell.pk]
    assert listed(operator, "order", "?status=resting") == [sell.pk, buy.pk]
    assert listed(operator, "order", "?status=canceled") == [ended.pk]
    assert listed(operator, "order", "?type=market") == [ended.pk]
    assert listed(operator, "order", "?market=none") == []


def test_orders_of_all_markets_are_listed_newest_first(
    operator: Client, market: Market, alice: Account
) -> None:
    other = operators.create_market("ETH", "USD", tick_size=Decimal(1), lot_size=Decimal(1)).market
    orders = [an_order([other, market][number % 2], alice, number) for number in range(6)]

    assert listed(operator, "order") == [order.pk for order in reversed(orders)]


def test_a_list_counts_no_more_than_its_bound(
    operator: Client, market: Market, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        an_order(market, alice, number)
    monkeypatch.setattr("markets.admin.pages.MAX_COUNTED", 3)

    response = operator.get(reverse("admin:markets_order_changelist"))

    assert response.context["cl"].paginator.count == 3
    assert response.context["cl"].full_result_count is None


def test_a_list_of_orders_asks_as_many_queries_for_fifty_as_for_one(
    operator: Client, market: Market, alice: Account, django_assert_num_queries: Any
) -> None:
    url = reverse("admin:markets_order_changelist")
    an_order(market, alice, 1)
    with CaptureQueriesContext(connection) as for_one:
        operator.get(url)
    for number in range(2, 51):
        an_order(market, alice, number)

    with django_assert_num_queries(len(for_one)):
        operator.get(url)


def test_open_orders_are_counted_by_their_index(market: Market, alice: Account) -> None:
    an_order(market, alice)
    rows = Order.objects.filter(operators.RESTING, market=market)
    if connection.vendor != "sqlite":
        pytest.skip("a table of one row is read whole on PostgreSQL")

    assert "open_orders_of_market" in rows.explain()
    assert operators.open_orders_of(market) == 1


def test_an_order_that_has_ended_is_not_canceled(
    operator: Client, market: Market, alice: Account
) -> None:
    order = an_order(market, alice, status="filled", remaining=0, filled=200_000_000)

    response = operator.get(reverse("admin:markets_order_cancel") + f"?order={order.pk}")

    assert said(response) == "No such order is open."
    assert "Cancel…" not in page(operator, "order_change", order.pk)


def test_canceling_asks_first_and_needs_a_reason(
    operator: Client, market: Market, alice: Account
) -> None:
    order = an_order(market, alice)
    url = reverse("admin:markets_order_changelist")

    asked = operator.post(url, {"action": "cancel_selected", "_selected_action": [order.pk]})
    shown = operator.get(asked["Location"]).content.decode()
    refused = operator.post(asked["Location"], {"note": ""}).content.decode()

    assert f"{order.pk}: alice buy 2 of BTC-USD at 100.5" in shown
    assert "This field is required" in refused


# The records


def test_a_batch_is_found_by_any_of_its_sequences(operator: Client, market: Market) -> None:
    batches = [
        Batch.objects.create(
            market=market,
            prev_sequence=start,
            sequence=start + 10,
            orders=1,
            trades=0,
            checksum=0,
            timestamp=NOON,
        )
        for start in (0, 10, 20)
    ]

    assert listed(operator, "batch", "?q=15") == [batches[1].pk]
    assert listed(operator, "batch", "?q=20") == [batches[1].pk]
    assert listed(operator, "batch", "?q=31") == []
    assert listed(operator, "batch", "?q=soon") == []


def test_the_log_is_listed_and_nobody_deletes_it(
    operator: Client, market: Market, alice: Account
) -> None:
    transfer(operator, alice, "deposit", amount="10", note="wire 4711")
    entry = LogEntry.objects.get()

    shown = operator.get(reverse("admin:admin_logentry_changelist")).content.decode()
    deleted = operator.post(
        reverse("admin:admin_logentry_delete", args=[entry.pk]), {"post": "yes"}
    )
    olga = User.objects.get(username="olga")
    operator.post(reverse("admin:auth_user_delete", args=[olga.pk]), {"post": "yes"})

    assert "Deposited 10 USD: wire 4711" in shown
    assert deleted.status_code == 403
    assert LogEntry.objects.filter(pk=entry.pk).exists(), "not with its user either"


def test_every_page_of_the_admin_is_there(operator: Client, market: Market, alice: Account) -> None:
    an_order(market, alice)

    index = operator.get(reverse("admin:index")).content.decode()

    assert "Exchange operations" in index
    for model in ("asset", "market", "account", "order", "trade", "batch", "apikey"):
        page(operator, f"{model}_changelist")
    for model in ("asset", "market", "account"):
        page(operator, f"{model}_add")


def test_orders_are_canceled_by_a_running_exchange_only(market: Market, alice: Account) -> None:
    with pytest.raises(operators.NotCanceled, match="running exchange"):
        operators.cancel_order(an_order(market, alice), "olga")


# With engines running


@pytest.fixture
def browser(exchange: ExchangeDriver) -> Iterator[httpx.Client]:
    """An operator's browser at the running exchange."""
    User.objects.filter(username="otto").delete()
    otto = User.objects.create_superuser("otto")
    session = Client()
    session.force_login(otto)
    with httpx.Client(base_url=exchange.url, follow_redirects=True, timeout=30) as browser:
        browser.cookies.set("sessionid", session.cookies["sessionid"].value)
        yield browser


def send(browser: httpx.Client, url: str, **fields: str) -> str:
    """Open a page, and send its form: what it says then."""
    asked = browser.get(url)
    assert asked.status_code == 200, asked.text
    token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    answered = browser.post(url, data=token | fields)
    assert answered.status_code == 200, answered.text
    said = re.findall(r'<li class="(?:success|warning|error)">(.*?)</li>', answered.text)
    return " ".join(said) or answered.text


def test_an_engine_halts_at_once_and_opens_again(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    symbol = exchange.new_market()
    market = Market.objects.get(symbol=symbol)
    alice, _ = exchange.traders(symbol)
    alice.place(symbol, "buy", "5", price="100")

    said = send(browser, operators_url(market, "halted"), note="feed is down")

    assert said == f"{symbol}: done at sequence {exchange.sequence(symbol)}"
    assert alice.submit(symbol, "buy", "1", price="100").json()["code"] == "market_not_open"
    send(browser, operators_url(market, "open"), note="")
    alice.place(symbol, "buy", "1", price="100")


def test_an_engine_that_closes_cancels_all_orders(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    symbol = exchange.new_market()
    market = Market.objects.get(symbol=symbol)
    alice, bob = exchange.traders(symbol)
    for trader in (alice, bob):
        trader.place(symbol, "buy", "5", price="100")

    send(browser, operators_url(market, "closed"), note="delisted")

    assert operators.open_orders_of(market) == 0
    assert alice.balance("USD") == ("1000000000", "0")


def test_an_engine_takes_new_rules(exchange: ExchangeDriver, browser: httpx.Client) -> None:
    symbol = exchange.new_market()
    market = Market.objects.get(symbol=symbol)

    said = send(browser, change_of(market), **rules_of(market) | {"tick_size": "5"})

    assert said == f"{symbol}: done at sequence {exchange.sequence(symbol)}"
    assert Market.objects.get(symbol=symbol).tick_size == 5
    alice, _ = exchange.traders(symbol)
    assert alice.submit(symbol, "buy", "1", price="101").json()["code"] == "invalid_order"


def change_of(market: Market) -> str:
    return reverse("admin:markets_market_change", args=[market.pk])


def rules_of(market: Market) -> dict[str, str]:
    """What the form of an unchanged market sends."""
    names = (*operators.SPECIFICATION, "update_interval_ms", "snapshot_interval_s")
    values = {name: getattr(market, name) for name in names}
    return {
        name: operators.plain(Decimal(value)) for name, value in values.items() if value is not None
    }


def test_an_engine_refuses_another_tick_for_an_order_that_came_meanwhile(
    exchange: ExchangeDriver,
) -> None:
    symbol = exchange.new_market()
    market = Market.objects.get(symbol=symbol)
    alice, _ = exchange.traders(symbol)
    alice.place(symbol, "buy", "5", price="100")

    # As the form writes it when no order rested at the time.
    command = OperatorCommand.objects.create(
        market=market, kind="configure", params={"tick_size": "5"}, requested_by="otto"
    )

    assert operators.wait_for(command, 20)
    assert operators.outcome_of(command) == (
        "refused: tick_size cannot change under open orders: cancel them or close the market"
    )
    assert Market.objects.get(symbol=symbol).tick_size == 1


def test_an_operator_cancels_somebody_s_order(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    symbol = exchange.new_market()
    alice, _ = exchange.traders(symbol)
    order = alice.place(symbol, "buy", "5", price="100")
    url = reverse("admin:markets_order_cancel") + f"?order={order['id']}"

    said = send(browser, url, note="fat finger")

    assert said == f"Order {order['id']}: canceled."
    now = alice.http.get(f"orders/{order['id']}").json()
    assert (now["status"], now["reason"]) == ("canceled", "canceled_by_operator")
    assert alice.balance("USD") == ("1000000000", "0")
    assert logged()[-1] == f"otto {order['id']}: Cancel: fat finger (canceled)."


def test_a_market_made_in_the_admin_is_served(
    exchange: ExchangeDriver, browser: httpx.Client
) -> None:
    sent = market_form(base_symbol="MADEHERE", lot_size="1", tick_size="1")

    send(browser, reverse("admin:markets_market_add"), **sent)

    exchange.wait_until(
        lambda: exchange.http.get("markets/MADEHERE-USD/book").status_code == 200, "it is served"
    )
