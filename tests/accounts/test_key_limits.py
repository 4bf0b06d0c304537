"""What an API key is limited to: addresses of both kinds, and a moment from which on it is worth nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from markets import accounts
from markets.key_limits import KeyLimits, network_text, read_networks
from markets.models import Account, ApiKey
from markets.problems import Problem
from tests.accounts.conftest import person
from tests.accounts.pages import see, seen

TOMORROW = datetime.now(UTC) + timedelta(days=1)

PUBLIC_KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
"""That of RFC 8032's first example."""


def limits(*networks: str, until: datetime | None = None) -> KeyLimits:
    made = KeyLimits.made(until, read_networks(networks))
    assert made is not None
    return made


def refusal(of: KeyLimits, address: str) -> str | None:
    try:
        of.check(address)
    except Problem as problem:
        return problem.code
    return None


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
        ("0.0.0.0/0", "8.8.8.8", "2001:db8::1"),
        ("2001:db8::/48", "2001:db8:0:ffff::1", "2001:db8:1::1"),
        ("2001:db8::1", "2001:db8:0::1", "2001:db8::2"),
        ("192.0.2.7", "::ffff:192.0.2.7", "::ffff:192.0.2.8"),
        ("::/0", "2001:db8::1", "192.0.2.7"),
    ],
)
def test_a_key_is_good_from_its_networks_only(network: str, inside: str, outside: str) -> None:
    assert refusal(limits(network), inside) is None
    assert refusal(limits(network), outside) == "permission_denied"


@pytest.mark.parametrize("address", ["", "unknown", "None", "localhost", "1.2.3", "x" * 1000])
def test_where_nobody_knows_the_address_it_is_not_good(address: str) -> None:
    assert refusal(limits("0.0.0.0/0", "::/0"), address) == "permission_denied"


def test_an_expired_key_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    key = limits("192.0.2.0/24", until=TOMORROW)
    moment = TOMORROW.timestamp()

    assert refusal(key, "192.0.2.1") is None
    monkeypatch.setattr("markets.key_limits.time.time", lambda: moment)
    assert refusal(key, "192.0.2.1") == "not_authenticated"
    assert refusal(key, "198.51.100.1") == "not_authenticated", "whoever asks"


def test_most_keys_have_no_limits_to_look_at() -> None:
    assert KeyLimits.made(None, []) is None


def test_networks_are_written_canonically_and_once() -> None:
    written = [" 192.0.2.7/32", "192.0.2.7", "2001:DB8:0:0::/32", "10.0.0.0/255.0.0.0"]

    assert [network_text(network) for network in read_networks(written)] == [
        "192.0.2.7",
        "2001:db8::/32",
        "10.0.0.0/8",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nonsense"], "is no address and no network"),
        (["10.0.0.1/8"], "the network is 10.0.0.0/8"),
        (["300.1.1.1"], "is no address"),
        (["192.0.2.0/33"], "is no address"),
        (["fe80::1%eth0"], "is no address"),
        ([""], "is no address"),
        (["١.٢.٣.٤"], "is no address"),
        (["1" * 1000], "is no address"),
        ([f"10.0.0.{number}" for number in range(21)], "at most 20"),
    ],
)
def test_what_is_no_network_is_refused_by_name(words: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_networks(words)


@pytest.mark.parametrize(
    ("networks", "until", "covered"),
    [
        (["10.1.0.0/16"], TOMORROW, True),
        (["10.1.2.3", "2001:db8::5"], TOMORROW - timedelta(hours=1), True),
        ([], TOMORROW, False),
        (["10.1.0.0/16"], None, False),
        (["10.1.0.0/16"], TOMORROW + timedelta(seconds=1), False),
        (["11.0.0.0/8"], TOMORROW, False),
        (["0.0.0.0/0"], TOMORROW, False),
        (["::/0"], TOMORROW, False),
    ],
)
def test_a_key_gives_another_no_more_than_it_has(
    networks: list[str], until: datetime | None, covered: bool
) -> None:
    own = limits("10.0.0.0/8", "2001:db8::/32", until=TOMORROW)

    assert own.covers(read_networks(networks), until) is covered


# The page


def make(browser: Client, **form: Any) -> Any:
    return browser.post("/account/api-keys/", {"scopes": ["read"], **form})


def test_a_key_is_made_and_shown_once(in_browser: Client, alice: Account) -> None:
    assert "no keys" in see(in_browser, "/account/api-keys/").words

    response = make(
        in_browser,
        name="bot",
        scopes=["read", "trade"],
        allowed_ips="192.0.2.0/24, 2001:db8::1",
        expires_at="2099-01-02T03:04",
    )

    secret = response.context["made"].key
    assert secret in response.content.decode()
    seen(response)
    key = ApiKey.objects.get(account=alice)
    assert (key.name, key.can_read, key.can_trade) == ("bot", True, True)
    assert key.allowed_ips == ["192.0.2.0/24", "2001:db8::1"]
    assert key.expires_at == datetime(2099, 1, 2, 3, 4, tzinfo=UTC)
    who = accounts.principal_of_key(secret)
    assert who is not None
    assert who.account == alice
    again = in_browser.get("/account/api-keys/").content.decode()
    assert secret not in again
    assert "2099-01-02 03:04" in again
    assert "192.0.2.0/24, 2001:db8::1" in again


@pytest.mark.parametrize(("kind", "public_key"), [("hmac", ""), ("ed25519", PUBLIC_KEY)])
def test_a_key_that_signs_is_made(
    in_browser: Client, alice: Account, kind: str, public_key: str
) -> None:
    response = make(in_browser, name="bot", scopes=["read"], kind=kind, public_key=public_key)

    made = response.context["made"]
    seen(response)
    page = response.content.decode()
    assert made.key in page
    assert (made.secret is not None) is (kind == "hmac")
    again = in_browser.get("/account/api-keys/").content.decode()
    assert made.key in again, "it is no secret"
    if made.secret is not None:
        assert made.secret in page
        assert made.secret not in again
    assert accounts.principal_of_key(made.key) is None, "it is no bearer key"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"kind": "rsa"}, "Select a valid choice"),
        ({"kind": "ed25519"}, "must be an Ed25519 public key"),
        ({"kind": "ed25519", "public_key": "AAAA"}, "must be an Ed25519 public key"),
        ({"kind": "hmac", "public_key": PUBLIC_KEY}, "goes with kind ed25519 only"),
        ({"scopes": []}, "required"),
        ({"scopes": ["admin"]}, "Select a valid choice"),
        ({"name": "x" * 65}, "64"),
        ({"name": "nul\x00"}, "Null"),
        ({"allowed_ips": "nonsense"}, "no address and no network"),
        ({"allowed_ips": "x" * 2001}, "2000"),
        ({"expires_at": "2020-01-01T00:00"}, "has passed"),
        ({"expires_at": "tomorrow"}, "valid date"),
        ({"expires_at": "9999-99-99T00:00"}, "valid date"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(
    in_browser: Client, alice: Account, form: dict[str, Any], said: str
) -> None:
    assert said in seen(make(in_browser, **form)).words
    assert not alice.api_keys.exists()


def test_a_key_is_revoked_by_its_owner_alone(in_browser: Client, alice: Account) -> None:
    key, secret = accounts.make_api_key(alice)
    other, _ = accounts.make_api_key(person("mallory"))

    assert in_browser.post(f"/account/api-keys/{other.pk}/revoke/").status_code == 404
    assert in_browser.get(f"/account/api-keys/{key.pk}/revoke/").status_code == 405
    assert in_browser.post(f"/account/api-keys/{10**30}/revoke/").status_code == 404
    page = in_browser.post(f"/account/api-keys/{key.pk}/revoke/", follow=True)

    assert "is revoked" in page.content.decode()
    assert accounts.principal_of_key(secret) is None
    assert in_browser.post(f"/account/api-keys/{key.pk}/revoke/").status_code == 404


def test_an_expired_key_is_shown_as_such(in_browser: Client, alice: Account) -> None:
    accounts.make_api_key(alice, expires_at=timezone.now() - timedelta(seconds=1))

    assert "expired" in see(in_browser, "/account/api-keys/").words


def test_there_are_so_many_keys_and_no_more(in_browser: Client, alice: Account) -> None:
    ApiKey.objects.bulk_create(
        ApiKey(account=alice, prefix="full", hashed=f"{number:064}")
        for number in range(accounts.MAX_API_KEYS)
    )

    assert "at most 50" in seen(make(in_browser)).words
