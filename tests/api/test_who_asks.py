"""Who asks: programs by `Authorization: Bearer <key>`, pages by session with CSRF, others not at all."""

import base64
from collections.abc import Iterator

import httpx
import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.api.shapes import refusal
from tests.drivers.exchange import ExchangeDriver, Trader

pytestmark = pytest.mark.usefixtures("both_lanes")

PRIVATE = [
    ("GET", "orders"),
    ("POST", "orders"),
    ("DELETE", "orders"),
    ("POST", "orders/batch"),
    ("POST", "orders/cancel-after"),
    ("GET", "orders/1"),
    ("PATCH", "orders/1"),
    ("DELETE", "orders/1"),
    ("GET", "orders/by-client-id/x"),
    ("PATCH", "orders/by-client-id/x"),
    ("DELETE", "orders/by-client-id/x"),
    ("GET", "fills"),
    ("GET", "balances"),
    ("POST", "faucet"),
    ("GET", "api-keys"),
    ("POST", "api-keys"),
    ("DELETE", "api-keys/1"),
]


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_nothing_private_without_a_key(exchange: ExchangeDriver, method: str, path: str) -> None:
    response = exchange.http.request(method, path)

    assert refusal(response) == (401, "not_authenticated", [])
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer nonsense",
        "Bearer two words",
        "Bearer " + "x" * 5000,
        "bearer ex_",
        "Token abc",
        "Basic " + base64.b64encode(b"alice:alice").decode(),
        "nonsense",
        "Bearer\tx",
        "Bearer é".encode().decode("latin-1"),
    ],
)
def test_a_malformed_authorization_is_not_authenticated(
    exchange: ExchangeDriver, header: str
) -> None:
    response = exchange.http.get("balances", headers={b"Authorization": header.encode("latin-1")})

    assert refusal(response) == (401, "not_authenticated", [])


def test_the_scheme_may_be_in_any_case(exchange: ExchangeDriver, alice: Trader) -> None:
    headers = {"Authorization": f"bEARER {alice.key}"}

    assert exchange.http.get("balances", headers=headers).status_code == 200


# Sessions


@pytest.fixture
def page(exchange: ExchangeDriver, alice: Trader) -> Iterator[httpx.Client]:
    """A browser in which alice is logged in."""
    user = alice.account.user
    assert user is not None
    with browser_of(exchange, user) as browser:
        yield browser


def browser_of(exchange: ExchangeDriver, user: User) -> httpx.Client:
    django = Client()
    django.force_login(user)
    csrf = httpx.get(f"{exchange.url}/login/").cookies["csrftoken"]
    cookies = {"sessionid": django.cookies["sessionid"].value, "csrftoken": csrf}
    return httpx.Client(base_url=f"{exchange.url}/api/v1/", cookies=cookies, timeout=30)


def test_a_page_reads_by_its_session(page: httpx.Client, alice: Trader) -> None:
    assert page.get("balances").json() == alice.http.get("balances").json()


def test_a_page_writes_with_a_csrf_token_only(page: httpx.Client, market: str) -> None:
    order = {"market": market, "side": "buy", "quantity": "1", "price": "1"}

    assert refusal(page.post("orders", json=order)) == (403, "permission_denied", [])
    wrong = {"X-CSRFToken": "x" * 64}
    assert refusal(page.post("orders", json=order, headers=wrong)) == (403, "permission_denied", [])
    right = {"X-CSRFToken": page.cookies["csrftoken"]}
    made = page.post("orders", json=order, headers=right)
    assert made.status_code == 201
    path = f"orders/{made.json()['id']}"
    assert refusal(page.patch(path, json={"price": "2"})) == (403, "permission_denied", [])
    assert refusal(page.delete(path)) == (403, "permission_denied", [])
    assert refusal(page.delete("orders")) == (403, "permission_denied", [])
    assert page.delete(path, headers=right).status_code == 200


def test_a_user_without_an_account_has_nothing_to_see(exchange: ExchangeDriver) -> None:
    operator, _ = User.objects.get_or_create(username="operator-only")
    with browser_of(exchange, operator) as browser:
        assert refusal(browser.get("balances")) == (403, "permission_denied", [])


def test_a_session_of_somebody_who_is_locked_out_is_over(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()
    user = alice.account.user
    assert user is not None
    with browser_of(exchange, user) as browser:
        assert browser.get("balances").status_code == 200

        user.is_active = False
        user.save()

        assert refusal(browser.get("balances")) == (401, "not_authenticated", [])
        # Nothing of market data changes for them.
        assert browser.get("time").status_code == 200


def test_a_wrong_key_is_refused_beside_a_good_session(page: httpx.Client) -> None:
    response = page.get("balances", headers={"Authorization": "Bearer nonsense"})

    assert refusal(response) == (401, "not_authenticated", [])


# Other accounts


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_another_accounts_order_is_not_there(exchange: ExchangeDriver, method: str) -> None:
    market = exchange.new_market()
    alice, mallory = exchange.traders(market)
    order = alice.place(market, "buy", "1", price="10", client_order_id="mine")
    body = {"json": {"price": "11"}} if method == "PATCH" else {}

    for path in (f"orders/{order['id']}", "orders/by-client-id/mine"):
        assert refusal(mallory.http.request(method, path, **body)) == (404, "not_found", [])  # type: ignore[arg-type]

    assert alice.order(order["id"]) == {k: v for k, v in order.items() if k != "fills"}
    nobody = int(order["id"]) + 1
    unknown = mallory.http.request(method, f"orders/{nobody}", **body)  # type: ignore[arg-type]
    theirs = mallory.http.request(method, f"orders/{order['id']}", **body)  # type: ignore[arg-type]
    assert theirs.json() == unknown.json(), "nobody learns that there is such an order"


def test_a_list_is_of_ones_own(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    mallory = exchange.new_trader()
    alice.place(market, "buy", "1", price="10")
    sold = bob.place(market, "sell", "1", price="10")

    for path in ("orders", f"orders?market={market}", "fills", f"fills?order={sold['id']}"):
        assert mallory.http.get(path).json()["results"] == []
    assert mallory.http.delete("orders").json() == {"canceled": []}
    assert mallory.http.get("balances").json() == []
