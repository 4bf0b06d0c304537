"""Keys that sign: what they let in, what they keep secret, and that their limits hold in the dialect too."""

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.utils import timezone

from markets import key_secrets, signing_keys
from markets.accounts import hash_of_key
from markets.key_limits import read_networks
from markets.known_keys import revoke
from markets.models import ApiKey
from tests.binance.conftest import bot_of
from tests.drivers.bot import Bot, refused
from tests.drivers.exchange import ExchangeDriver, Trader

REJECTED = (401, -2015, "Invalid API-key, IP, or permissions for action.")
ORDER: dict[str, Any] = {
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "price": "1",
    "quantity": "1",
}


@pytest.fixture
def trader(exchange: ExchangeDriver, market: str) -> Trader:
    """Somebody with money and no keys that sign."""
    return exchange.traders(market, 1)[0]


def bot_with(trader: Trader, **limits: Any) -> Bot:
    _, key, secret = signing_keys.make_hmac_key(trader.account, **limits)
    return Bot(trader.exchange.url, key, secret)


# Who is let in


def test_without_a_key_or_with_one_that_is_none(alice: Bot, symbol: str) -> None:
    form = alice.signed({"symbol": symbol})
    said = (401, -2014, "API-key format invalid.")

    assert refused(alice.http.get(f"/api/v3/account?{form}")) == said
    for key in ("", "with space", "é".encode(), "a" * 200):
        headers = {"X-MBX-APIKEY": key}
        assert refused(alice.http.get(f"/api/v3/account?{form}", headers=headers)) == said  # type: ignore[arg-type]


def test_a_key_that_nobody_has(alice: Bot) -> None:
    unknown = Bot(str(alice.http.base_url), "a" * 64, alice.secret)

    assert refused(unknown.send("GET", "account")) == REJECTED


def test_another_secret(alice: Bot) -> None:
    wrong = Bot(str(alice.http.base_url), alice.key, "b" * 64)

    assert refused(wrong.send("GET", "account")) == (
        400,
        -1022,
        "Signature for this request is not valid.",
    )


def test_a_bearer_key_does_not_sign_and_a_signing_key_is_no_bearer(
    trader: Trader, alice: Bot
) -> None:
    assert trader.key is not None
    bearer = Bot(trader.exchange.url, trader.key.replace("_", ""), trader.key)
    assert refused(bearer.send("GET", "account"))[1] in (-2014, -2015)

    for secret in (alice.key, alice.secret):
        headers = {"Authorization": f"Bearer {secret}"}
        assert trader.exchange.http.get("balances", headers=headers).status_code == 401


def test_a_request_that_is_late(alice: Bot) -> None:
    late = int(time.time() * 1000) - 6000

    assert refused(alice.send("GET", "account", timestamp=late))[1] == -1021
    assert alice.ask("account", timestamp=late, recvWindow=60_000)["accountType"] == "SPOT"


@pytest.mark.parametrize(
    ("limits", "may_read", "may_trade"),
    [
        ({"can_trade": False}, True, False),
        ({"can_read": False}, False, True),
        ({"allowed_ips": read_networks(["192.0.2.0/24"])}, False, False),
        ({"allowed_ips": read_networks(["127.0.0.0/8"])}, True, True),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, False, False),
        ({"expires_at": timezone.now() + timedelta(days=1)}, True, True),
    ],
)
def test_what_a_key_is_limited_to_holds(
    trader: Trader, symbol: str, limits: dict[str, Any], may_read: bool, may_trade: bool
) -> None:
    bot = bot_with(trader, **limits)

    answers = [bot.send("GET", "account"), bot.send("POST", "order", symbol=symbol, **ORDER)]

    for answer, may in zip(answers, (may_read, may_trade), strict=True):
        if may:
            assert answer.status_code == 200
        else:
            assert refused(answer) == REJECTED


def test_a_key_revoked_here_ends_at_once(trader: Trader) -> None:
    bot = bot_of(trader)
    bot.ask("account")

    revoke([ApiKey.objects.get(key_id=bot.key)])

    assert refused(bot.send("GET", "account")) == REJECTED


def test_a_user_who_is_locked_out(trader: Trader) -> None:
    bot = bot_of(trader)
    user = trader.account.user
    assert user is not None
    user.is_active = False
    user.save()

    assert refused(bot.send("GET", "account")) == REJECTED


# Ed25519


def test_an_ed25519_key_lets_in_by_its_signature(trader: Trader, symbol: str) -> None:
    private = Ed25519PrivateKey.generate()
    public = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    _, key = signing_keys.make_ed25519_key(trader.account, public)
    headers = {"X-MBX-APIKEY": key}

    def asked(form: str, signer: Ed25519PrivateKey) -> Any:
        signature = base64.b64encode(signer.sign(form.encode())).decode()
        url = f"/api/v3/account?{form}&signature={quote(signature, safe='')}"
        return Bot(trader.exchange.url).http.get(url, headers=headers)

    form = f"timestamp={int(time.time() * 1000)}"
    assert asked(form, private).json()["uid"] == trader.account.pk
    assert refused(asked(form, Ed25519PrivateKey.generate()))[1] == -1022


# What is kept


def test_an_hmac_secret_is_kept_encrypted_and_an_ed25519_key_has_none(trader: Trader) -> None:
    row, key, secret = signing_keys.make_hmac_key(trader.account)
    public = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
    other, _ = signing_keys.make_ed25519_key(trader.account, public)

    kept = ApiKey.objects.values().get(pk=row.pk)
    assert secret not in str(kept)
    assert kept["hashed"] == hash_of_key(key)
    assert key_secrets.unseal(row.sealed_secret) == secret
    assert (other.sealed_secret, other.public_key) == ("", public)


def test_the_sealing_key_is_rotated(trader: Trader, settings: Any) -> None:
    settings.SEALING_KEYS = ["old"]
    row, _, secret = signing_keys.make_hmac_key(trader.account)

    settings.SEALING_KEYS = ["new", "old"]
    said = StringIO()
    call_command("reseal_api_keys", stdout=said, stderr=StringIO())

    settings.SEALING_KEYS = ["new"]
    row.refresh_from_db()
    assert key_secrets.unseal(row.sealed_secret) == secret
    assert said.getvalue().endswith("resealed\n")


def test_a_secret_that_cannot_be_opened_lets_nobody_in(trader: Trader) -> None:
    bot = bot_of(trader)
    ApiKey.objects.filter(key_id=bot.key).update(sealed_secret="rubbish")

    assert refused(bot.send("GET", "account")) == REJECTED


# Making them


def test_the_api_makes_every_kind(trader: Trader) -> None:
    public = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()

    hmac = trader.post("api-keys", kind="hmac", name="bot", scopes=["read"])
    ed25519 = trader.post("api-keys", kind="ed25519", public_key=public)
    bearer = trader.post("api-keys")

    assert (hmac["key"], len(hmac["secret"])) == (hmac["key_id"], 64)
    assert Bot(trader.exchange.url, hmac["key"], hmac["secret"]).ask("account")["canTrade"] is False
    assert (ed25519["kind"], ed25519["secret"]) == ("ed25519", None)
    assert (bearer["kind"], bearer["key_id"], bearer["secret"]) == ("bearer", None, None)
    listed = trader.http.get("api-keys").json()
    assert {key["id"]: key["key_id"] for key in listed}[hmac["id"]] == hmac["key"]
    assert hmac["secret"] not in json.dumps(listed)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "rsa"}, "kind"),
        ({"kind": "ed25519"}, "public_key"),
        ({"kind": "ed25519", "public_key": "AAAA"}, "public_key"),
        ({"kind": "hmac", "public_key": "AAAA"}, "public_key"),
    ],
)
def test_a_key_that_cannot_be_made(trader: Trader, body: dict[str, str], field: str) -> None:
    response = trader.http.post("api-keys", json=body)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_the_command_makes_one(trader: Trader) -> None:
    said = StringIO()

    call_command("open_account", trader.name, "--api-key", "--key-kind", "hmac", stdout=said)

    printed = json.loads(said.getvalue())
    bot = Bot(trader.exchange.url, printed["key"], printed["secret"])
    assert bot.ask("account")["uid"] == trader.account.pk
