"""`/ws/v1/trading`: REST's verbs over one connection, many in flight, each answered by its req_id."""

from typing import Any

import httpx
import pytest
from django.test import Client
from websockets.exceptions import ConnectionClosed, InvalidStatus

from markets import serializers as shapes
from markets.consumers import trading as consumer
from markets.models import ApiKey, Order
from tests.api.shapes import check
from tests.drivers.exchange import ExchangeDriver, Trader


def session_of(trader: Trader) -> dict[str, str]:
    """The headers of a page in which the trader is logged in."""
    user = trader.account.user
    assert user is not None
    client = Client()
    client.force_login(user)
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}


# Who is it


def test_login_by_message(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()

    with exchange.trading_socket() as socket:
        early = socket.refused("cancel_all")
        assert (early["code"], "login" in early["message"]) == ("not_authenticated", True)
        assert socket.refused("login", key="nonsense")["code"] == "not_authenticated"
        assert socket.ask("login", key=alice.key) == {"account": alice.name}
        assert socket.ask("cancel_all") == {"canceled": []}
        assert socket.ask("login", key=alice.key) == {"account": alice.name}


def test_a_connection_belongs_to_one_account(exchange: ExchangeDriver) -> None:
    alice, bob = exchange.new_trader(), exchange.new_trader()

    with alice.socket() as socket:
        assert socket.refused("login", key=bob.key)["code"] == "not_authenticated"
        assert socket.ask("login", key=alice.key) == {"account": alice.name}


def test_a_wrong_key_in_the_header_refuses_the_connection(exchange: ExchangeDriver) -> None:
    for headers in ({"Authorization": "Bearer nonsense"}, {"Authorization": "Basic abc"}):
        with pytest.raises(InvalidStatus) as refused:
            exchange.trading_socket(additional_headers=headers)
        assert refused.value.response.status_code == 401
        assert b'"not_authenticated"' in (refused.value.response.body or b"")


def test_a_page_is_known_by_its_session(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader(USD=10)

    with exchange.trading_socket(
        additional_headers=session_of(alice), origin=exchange.url
    ) as socket:
        socket.ask("subscribe", channel="balances")
        assert socket.next("balances", "snapshot")["balances"][0]["total"] == "10"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "x:[y"])
@pytest.mark.parametrize("path", ["trading", "market-data"])
def test_a_page_of_another_site_may_not_connect(
    exchange: ExchangeDriver, path: str, origin: str
) -> None:
    alice = exchange.new_trader()
    connect = exchange.trading_socket if path == "trading" else exchange.market_data

    with pytest.raises(InvalidStatus) as refused:
        connect(additional_headers=session_of(alice), origin=origin)

    assert refused.value.response.status_code == 403
    assert b'"permission_denied"' in (refused.value.response.body or b"")


def test_there_is_no_other_socket(exchange: ExchangeDriver) -> None:
    from tests.drivers.sockets import Socket

    for path in ("/ws/v1/nope", "/ws/v1/", "/wss", "/stream/other", "/", "/api/v1/orders"):
        with pytest.raises(InvalidStatus) as refused:
            Socket(exchange.ws_url + path)
        assert refused.value.response.status_code == 404


@pytest.mark.parametrize("how", ["revoked", "locked out", "logged out"])
def test_who_may_no_longer_is_disconnected(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(consumer, "RECHECK_INTERVAL", 0.05)
    alice = exchange.new_trader()
    headers = session_of(alice)
    user = alice.account.user
    assert user is not None

    socket = alice.socket() if how == "revoked" else None
    with socket or exchange.trading_socket(additional_headers=headers) as socket:
        socket.ask("cancel_all")
        match how:
            case "revoked":
                alice.http.delete(f"api-keys/{alice.key_row.pk}")
            case "locked out":
                user.is_active = False
                user.save()
            case _:
                cookies = dict([headers["Cookie"].split("=")])
                page = httpx.get(f"{exchange.url}/login/")
                csrf = page.cookies["csrftoken"]
                httpx.post(
                    f"{exchange.url}/logout/",
                    cookies={**cookies, "csrftoken": csrf},
                    headers={"X-CSRFToken": csrf},
                )

        with pytest.raises(ConnectionClosed) as closed:
            socket.receive()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_a_key_may_do_what_its_scopes_say(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()
    reader, writer = alice.another_key("read"), alice.another_key("trade")
    orders = ["submit_order", "submit_orders", "amend_order", "cancel_order"]

    with reader.socket() as socket:
        for method in [*orders, "cancel_all", "cancel_all_after"]:
            assert socket.refused(method)["code"] == "permission_denied"
        socket.ask("subscribe", channel="orders")
    with writer.socket() as socket:
        assert socket.refused("subscribe", channel="orders")["code"] == "permission_denied"
        assert socket.ask("cancel_all") == {"canceled": []}


# The verbs


def test_every_verb_answers_what_rest_answers(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    bob.place(market, "sell", "1", price="10")

    with alice.socket() as socket:
        order = {"market": market, "side": "buy", "quantity": "2", "price": "10"}
        placed = socket.ask("submit_order", **order, client_order_id="first")
        again = socket.ask("submit_order", **order, client_order_id="first")
        amended = socket.ask("amend_order", client_order_id="first", price="9")
        canceled = socket.ask("cancel_order", id=placed["id"])
        batch = socket.ask("submit_orders", orders=[order, {**order, "quantity": "0"}])
        everything = socket.ask("cancel_all", market=market, side="buy")

    check(placed, shapes.OrderWithFillsShape())
    check(amended, shapes.OrderWithFillsShape())
    check(canceled, shapes.OrderShape())
    check(batch, shapes.BatchResultsShape())
    assert (placed["status"], len(placed["fills"])) == ("partially_filled", 1)
    assert again == placed
    assert (amended["price"], canceled["status"]) == ("9", "canceled")
    assert [result["status"] for result in batch["results"]] == [201, 422]
    assert everything == {"canceled": [batch["results"][0]["order"]["id"]]}
    assert alice.order(placed["id"]) == canceled


def test_a_refusal_has_rests_code_and_fields(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, bob = exchange.traders(market)
    resting = bob.place(market, "sell", "1", price="10")

    with alice.socket() as socket:
        order = {"market": market, "side": "buy", "quantity": "1", "price": "10"}
        filled = socket.ask("submit_order", **order)
        ended = socket.refused("cancel_order", id=filled["id"])
        theirs = socket.refused("cancel_order", id=resting["id"])
        taking = socket.refused("submit_order", **{**order, "quantity": "0"})
        unknown = socket.refused("submit_order", **{**order, "market": "NO-SUCH"})
        late = socket.refused("submit_order", **order, deadline="2020-01-01T00:00:00Z")

    assert (ended["code"], ended["order"]["status"]) == ("order_not_open", "filled")
    assert theirs["code"] == "not_found"
    assert (taking["code"], list(taking["errors"])) == ("invalid_order", ["quantity"])
    assert (unknown["code"], list(unknown["errors"])) == ("not_found", ["market"])
    assert late["code"] == "deadline_passed"


def test_many_requests_are_in_flight_and_answered_by_their_ids(exchange: ExchangeDriver) -> None:
    market, other = exchange.new_market(), exchange.new_market()
    alice, _ = exchange.traders(market)

    with alice.socket() as socket:
        sent = [
            (
                price,
                socket.send(
                    "submit_order",
                    market=market if price % 2 else other,
                    side="buy",
                    quantity="1",
                    price=str(price),
                ),
            )
            for price in range(1, 201)
        ]
        answers = {price: socket.answer(req_id) for price, req_id in sent}

    assert all(answer["success"] for answer in answers.values())
    assert all(answer["result"]["price"] == str(price) for price, answer in answers.items())
    odd = [answer["result"]["sequence"] for price, answer in answers.items() if price % 2]
    assert odd == sorted(odd), "orders reach a market in the order in which they were sent"


def test_a_req_id_is_echoed_as_it_was(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()

    with alice.socket() as socket:
        for req_id in ("0", '"a text"', "-7", "9007199254740993", "null"):
            answer = socket.say(f'{{"method": "cancel_all", "req_id": {req_id}}}')
            assert (answer["success"], answer["method"]) == (True, "cancel_all")
            assert answer["req_id"] == {"null": None, '"a text"': "a text"}.get(
                req_id, req_id if req_id.startswith('"') else _whole(req_id)
            )


def _whole(text: str) -> int | None:
    return None if text == "null" else int(text)


def test_an_order_is_durable_though_its_client_left_at_once(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)

    with alice.socket() as socket:
        socket.send(
            "submit_order",
            market=market,
            side="buy",
            quantity="1",
            price="1",
            client_order_id="bye",
        )
        socket.ask("ping")

    exchange.wait_until(
        lambda: Order.objects.filter(account=alice.account, client_order_id="bye").exists(),
        "the order is there",
    )
    again = alice.submit(market, "buy", "1", price="1", client_order_id="bye")
    assert again.status_code == 200


def test_last_use_of_a_key_is_noted(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()

    with alice.socket() as socket:
        socket.ask("ping")

    assert ApiKey.objects.get(pk=alice.key_row.pk).last_used_at is not None


# Another account's orders


@pytest.mark.parametrize("method", ["amend_order", "cancel_order"])
def test_another_accounts_order_is_not_there(exchange: ExchangeDriver, method: str) -> None:
    market = exchange.new_market()
    alice, mallory = exchange.traders(market)
    order = alice.place(market, "buy", "1", price="10", client_order_id="mine")
    changes: dict[str, Any] = {"price": "11"} if method == "amend_order" else {}

    with mallory.socket() as socket:
        theirs = socket.refused(method, id=order["id"], **changes)
        nobodys = socket.refused(method, id=str(int(order["id"]) + 1), **changes)
        by_name = socket.refused(method, client_order_id="mine", **changes)

    assert theirs == nobodys == by_name
    assert theirs["code"] == "not_found"
    assert alice.order(order["id"])["status"] == "open"
