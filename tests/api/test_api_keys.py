"""API keys: the secret is shown once, a key does what its scopes say, and a revoked one nothing at all."""

from typing import Any

import pytest

from markets import serializers as shapes
from markets.accounts import MAX_API_KEYS
from markets.models import ApiKey
from tests.api.shapes import check, refusal
from tests.drivers.exchange import ExchangeDriver, Trader

pytestmark = pytest.mark.usefixtures("both_lanes")


def make_key(trader: Trader, **body: Any) -> tuple[dict[str, Any], Trader]:
    """A key made over the API, and the account with it."""
    response = trader.http.post("api-keys", json=body)
    assert response.status_code == 201, response.text
    made = response.json()
    check(made, shapes.MadeApiKeyShape())
    return made, Trader(trader.exchange, trader.name, made["key"])


def test_the_secret_is_shown_once(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()

    made, again = make_key(alice, name="bot", scopes=["read", "trade"])

    listed = again.http.get("api-keys")
    check(listed.json(), shapes.ApiKeyShape(many=True))
    assert made["key"] not in listed.text
    shown = next(key for key in listed.json() if key["id"] == made["id"])
    assert (shown["name"], shown["scopes"]) == ("bot", ["read", "trade"])
    assert made["key"].startswith(shown["prefix"])
    assert made["key"] not in str(list(ApiKey.objects.filter(pk=made["id"]).values()))


def test_a_key_may_do_what_its_scopes_say(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice = exchange.new_trader(USD=1000)
    order = alice.place(market, "buy", "1", price="10")
    _, reader = make_key(alice, scopes=["read"])
    _, writer = make_key(alice, scopes=["trade"])
    denied: tuple[int, str, list[str]] = (403, "permission_denied", [])

    assert reader.order(order["id"])["status"] == "open"
    for path in ("orders", "fills", "balances", "api-keys"):
        assert reader.http.get(path).status_code == 200
        assert refusal(writer.http.get(path)) == denied
    assert refusal(writer.http.get(f"orders/{order['id']}")) == denied
    assert refusal(reader.submit(market, "buy", "1", price="10")) == denied
    assert refusal(reader.http.post("orders/batch", json={"orders": [{}]})) == denied
    assert refusal(reader.http.post("orders/cancel-after", json={"timeout_seconds": 1})) == denied
    assert refusal(reader.http.patch(f"orders/{order['id']}", json={"price": "9"})) == denied
    assert refusal(reader.http.delete(f"orders/{order['id']}")) == denied
    assert refusal(reader.http.delete("orders")) == denied
    assert refusal(reader.http.post("api-keys", json={"scopes": ["read"]})) == denied
    assert refusal(reader.http.delete(f"api-keys/{reader.key_row.pk}")) == denied
    assert refusal(reader.http.post("faucet")) == denied
    writer.place(market, "buy", "1", price="10")
    assert writer.http.delete(f"orders/{order['id']}").status_code == 200


def test_a_key_cannot_make_one_that_may_do_more(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()
    _, writer = make_key(alice, scopes=["trade"])

    assert refusal(writer.http.post("api-keys", json={})) == (403, "permission_denied", [])
    assert refusal(writer.http.post("api-keys", json={"scopes": ["read"]})) == (
        (403, "permission_denied", [])
    )
    assert make_key(writer, scopes=["trade"])[0]["scopes"] == ["trade"]


def test_a_revoked_key_does_nothing_any_more(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()
    made, other = make_key(alice)
    assert other.http.get("balances").status_code == 200

    response = alice.http.delete(f"api-keys/{made['id']}")

    assert response.status_code == 200
    check(response.json(), shapes.ApiKeyShape())
    assert refusal(other.http.get("balances")) == (401, "not_authenticated", [])
    assert refusal(alice.http.delete(f"api-keys/{made['id']}")) == (404, "not_found", [])
    assert made["id"] not in [key["id"] for key in alice.http.get("api-keys").json()]


def test_a_key_may_revoke_itself(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()

    assert alice.http.delete(f"api-keys/{alice.key_row.pk}").status_code == 200

    assert refusal(alice.http.get("balances")) == (401, "not_authenticated", [])


def test_the_key_of_somebody_who_is_locked_out_does_nothing(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()
    user = alice.account.user
    assert user is not None

    user.is_active = False
    user.save()

    assert refusal(alice.http.get("balances")) == (401, "not_authenticated", [])


def test_another_accounts_key_is_not_there(exchange: ExchangeDriver) -> None:
    alice, mallory = exchange.new_trader(), exchange.new_trader()
    key = alice.key_row

    assert refusal(mallory.http.delete(f"api-keys/{key.pk}")) == (404, "not_found", [])
    assert str(key.pk) not in [row["id"] for row in mallory.http.get("api-keys").json()]
    assert alice.http.get("balances").status_code == 200


@pytest.mark.parametrize("key_id", ["abc", "0", "-1", "9" * 40, "٣", "1.0", "%00", "%ff"])
def test_an_id_that_is_none_is_not_found(alice: Trader, key_id: str) -> None:
    assert refusal(alice.http.delete(f"api-keys/{key_id}")) == (404, "not_found", [])


def test_an_account_has_so_many_keys_and_no_more(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()
    row = alice.key_row
    ApiKey.objects.bulk_create(
        ApiKey(account=row.account, prefix="full", hashed=f"{row.hashed[:32]}{number}")
        for number in range(MAX_API_KEYS - 1)
    )

    assert refusal(alice.http.post("api-keys", json={})) == (409, "conflict", [])
    alice.http.delete(f"api-keys/{ApiKey.objects.filter(account=row.account, prefix='full')[0].pk}")
    make_key(alice)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": "read"}, "scopes"),
        ({"scopes": ["admin"]}, "scopes.0"),
        ({"scopes": [["read"]]}, "scopes.0"),
        ({"scopes": ["read", "trade", "read"]}, "scopes"),
        ({"scopes": None}, "scopes"),
        ({"name": "x" * 65}, "name"),
        ({"name": "nul\x00"}, "name"),
        ({"name": {"first": "bot"}}, "name"),
        ({"name": None}, "name"),
        ({"key": "mine"}, "key"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused_by_name(
    alice: Trader, body: dict[str, Any], field: str
) -> None:
    assert refusal(alice.http.post("api-keys", json=body)) == (400, "invalid_request", [field])
