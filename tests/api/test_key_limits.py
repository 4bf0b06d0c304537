"""A key's limits hold wherever it is used: through Django, in the lean lane, on the trading socket."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from markets import accounts
from markets import serializers as shapes
from markets.consumers.trading import CLOSE_LOGGED_OUT
from markets.key_limits import read_networks
from markets.models import ApiKey
from tests.api.shapes import check, refusal
from tests.drivers.exchange import ExchangeDriver, Trader
from tests.drivers.sockets import Socket

pytestmark = pytest.mark.usefixtures("both_lanes")

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.9"
SOON = datetime.now(UTC) + timedelta(days=1)


def limited(trader: Trader, *networks: str, until: datetime | None = None) -> Trader:
    """The same account with a key that is limited so."""
    _, secret = accounts.make_api_key(
        trader.account, allowed_ips=read_networks(networks), expires_at=until
    )
    return Trader(trader.exchange, trader.name, secret)


def read_on(socket: Socket) -> None:
    """Read whatever comes, for as long as it does."""
    while True:
        socket.receive()


def expire(trader: Trader) -> None:
    ApiKey.objects.filter(pk=trader.key_row.pk).update(expires_at=datetime.now(UTC))


def from_elsewhere(trader: Trader) -> httpx.Client:
    """The same key, from another address of this machine."""
    transport = httpx.HTTPTransport(local_address=ELSEWHERE)
    return httpx.Client(
        base_url=trader.http.base_url, headers=trader.http.headers, transport=transport, timeout=30
    )


def test_a_key_is_good_from_its_addresses_only(exchange: ExchangeDriver) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    order = {"market": market, "side": "buy", "quantity": "1", "price": "10"}
    bot = limited(alice, HERE)

    made = bot.place(market, "buy", "1", price="10")
    with from_elsewhere(bot) as elsewhere:
        answers = [
            elsewhere.get("balances"),
            elsewhere.post("orders", json=order),
            elsewhere.post("orders/batch", json={"orders": [order]}),
            elsewhere.patch(f"orders/{made['id']}", json={"price": "11"}),
            elsewhere.delete(f"orders/{made['id']}"),
        ]

    assert [refusal(answer) for answer in answers] == [(403, "permission_denied", [])] * 5
    assert ELSEWHERE in answers[1].json()["detail"]
    assert len(bot.http.get("orders?status=open").json()["results"]) == 1


def test_an_expired_key_is_refused_also_where_it_was_known(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = exchange.new_market()
    alice, _ = exchange.traders(market)
    bot = limited(alice, until=SOON)
    bot.place(market, "buy", "1", price="10")

    monkeypatch.setattr("markets.key_limits.time.time", lambda: SOON.timestamp() + 1)
    answers = [bot.http.get("balances"), bot.submit(market, "buy", "1", price="10")]

    assert [refusal(answer) for answer in answers] == [(401, "not_authenticated", [])] * 2
    assert {answer.json()["detail"] for answer in answers} == {"the API key has expired"}
    assert all("WWW-Authenticate" in answer.headers for answer in answers)


def test_a_socket_lets_no_key_in_from_elsewhere(exchange: ExchangeDriver) -> None:
    bot = limited(exchange.new_trader(), "192.0.2.0/24")

    with pytest.raises(InvalidStatus) as refused, bot.socket():
        pass
    assert refused.value.response.status_code == 403
    with exchange.trading_socket() as socket:
        error = socket.refused("login", key=bot.key)
    assert error["code"] == "permission_denied"
    assert HERE in error["message"]


def test_a_socket_lets_no_expired_key_in(exchange: ExchangeDriver) -> None:
    bot = limited(exchange.new_trader(), until=SOON)
    expire(bot)

    with pytest.raises(InvalidStatus) as refused, bot.socket():
        pass
    assert refused.value.response.status_code == 401
    with exchange.trading_socket() as socket:
        assert socket.refused("login", key=bot.key)["code"] == "not_authenticated"


def test_a_socket_is_closed_at_the_moment_its_key_expires(exchange: ExchangeDriver) -> None:
    bot = limited(exchange.new_trader(), until=datetime.now(UTC) + timedelta(seconds=1))

    with bot.socket() as socket:
        socket.ask("subscribe", channel="balances")
        with pytest.raises(ConnectionClosed) as closed:
            read_on(socket)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == CLOSE_LOGGED_OUT


# Over the API


def test_limits_are_given_and_shown(exchange: ExchangeDriver) -> None:
    alice = exchange.new_trader()

    made = alice.post(
        "api-keys",
        allowed_ips=["192.0.2.7/32", "2001:DB8::/32"],
        expires_at="2099-01-02T03:04:05+01:00",
    )

    check(made, shapes.MadeApiKeyShape())
    assert made["allowed_ips"] == ["192.0.2.7", "2001:db8::/32"]
    assert made["expires_at"] == "2099-01-02T02:04:05.000000Z"
    [listed] = [key for key in alice.http.get("api-keys").json() if key["id"] == made["id"]]
    assert listed == {name: value for name, value in made.items() if name not in ("key", "secret")}


def test_without_limits_there_are_none(exchange: ExchangeDriver) -> None:
    made = exchange.new_trader().post("api-keys", expires_at=None)

    assert (made["allowed_ips"], made["expires_at"]) == ([], None)


def test_a_key_makes_none_that_may_do_more(exchange: ExchangeDriver) -> None:
    bot = limited(exchange.new_trader(), "127.0.0.0/8", until=SOON)

    inherited = bot.post("api-keys")
    sooner = (SOON - timedelta(hours=1)).isoformat()
    narrower = bot.post("api-keys", allowed_ips=[HERE], expires_at=sooner)

    assert narrower["allowed_ips"] == [HERE]
    assert inherited["allowed_ips"] == ["127.0.0.0/8"]
    assert inherited["expires_at"] is not None
    wider: dict[str, Any]
    for wider in ({"allowed_ips": []}, {"allowed_ips": ["0.0.0.0/0"]}, {"expires_at": None}):
        assert refusal(bot.http.post("api-keys", json=wider)) == (403, "permission_denied", [])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"allowed_ips": "192.0.2.7"}, "allowed_ips"),
        ({"allowed_ips": ["nonsense"]}, "allowed_ips"),
        ({"allowed_ips": ["10.0.0.1/8"]}, "allowed_ips"),
        ({"allowed_ips": [1]}, "allowed_ips"),
        ({"allowed_ips": [["10.0.0.1"]]}, "allowed_ips.0"),
        ({"allowed_ips": ["10.0.0.1"] * 21}, "allowed_ips"),
        ({"allowed_ips": ["x" * 50]}, "allowed_ips.0"),
        ({"allowed_ips": None}, "allowed_ips"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2099-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-23:00"}, "expires_at"),
        ({"expires_at": 5}, "expires_at"),
        ({"expires_at": {}}, "expires_at"),
    ],
)
def test_limits_that_make_no_sense_are_refused_by_name(
    alice: Trader, body: dict[str, Any], field: str
) -> None:
    assert refusal(alice.http.post("api-keys", json=body)) == (400, "invalid_request", [field])
