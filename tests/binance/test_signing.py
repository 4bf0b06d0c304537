"""Requests are signed by HMAC-SHA256 or Ed25519 over the bytes as they came, and are neither old nor early.

The examples are those that the API's documents and RFC 8032 print.
"""

from __future__ import annotations

import base64
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from markets.accounts import Principal
from markets.binance.errors import DialectError
from markets.binance.parameters import Parameters
from markets.binance.signing import check_http, check_socket, without_signature
from markets.models import Account
from markets.signing_keys import (
    NoPublicKey,
    SigningKey,
    ed25519_verify,
    hmac_verify,
    public_key_of,
)

SECRET = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
TIME = 1_499_827_319_559
NOW = TIME * 1000
FIRST = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC"
REST = f"quantity=1&price=0.1&recvWindow=5000&timestamp={TIME}"
OF_BOTH_JOINED_BY_AN_AMPERSAND = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
OF_QUERY_AND_BODY = "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77"
HMAC = SigningKey(Principal(Account()), "hmac", partial(hmac_verify, SECRET))

RFC_8032 = [
    # secret key, message, signature: tests 1 to 3 of section 7.1
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


def verify(query: str, body: str = "", *, key: SigningKey = HMAC, now: int = NOW) -> None:
    params = Parameters.of_http(query, body)
    check_http(key, params, query.encode(), body.encode(), now)


def code_of(query: str, body: str = "", **options: Any) -> int:
    with pytest.raises(DialectError) as caught:
        verify(query, body, **options)
    return caught.value.said.code


def signed(form: str) -> str:
    import hashlib
    import hmac

    return f"{form}&signature={hmac.new(SECRET, form.encode(), hashlib.sha256).hexdigest()}"


# The documented examples


def test_the_documented_example_in_the_query() -> None:
    verify(f"{FIRST}&{REST}&signature={OF_BOTH_JOINED_BY_AN_AMPERSAND}")


def test_the_documented_example_in_the_body() -> None:
    verify("", f"{FIRST}&{REST}&signature={OF_BOTH_JOINED_BY_AN_AMPERSAND}")


def test_the_documented_example_in_both_with_nothing_between_them() -> None:
    verify(FIRST, f"{REST}&signature={OF_QUERY_AND_BODY}")
    assert code_of(FIRST, f"{REST}&signature={OF_BOTH_JOINED_BY_AN_AMPERSAND}") == -1022


def test_the_digits_may_be_of_either_case() -> None:
    verify(f"{FIRST}&{REST}&signature={OF_BOTH_JOINED_BY_AN_AMPERSAND.upper()}")


@pytest.mark.parametrize(("secret", "message", "signature"), RFC_8032)
def test_the_examples_of_ed25519(secret: str, message: str, signature: str) -> None:
    public = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)).public_key()
    text = base64.b64encode(bytes.fromhex(signature)).decode()

    assert ed25519_verify(public, bytes.fromhex(message), text)
    assert not ed25519_verify(public, bytes.fromhex(message) + b"x", text)


# What is signed


def test_the_signature_may_stand_anywhere_and_the_order_is_free() -> None:
    form = f"timestamp={TIME}&symbol=A&side=BUY"
    signature = signed(form).rpartition("&")[2]

    for query in (f"{signature}&{form}", form.replace("&symbol", f"&{signature}&symbol")):
        verify(query)


def test_clients_that_sign_before_they_encode_are_understood() -> None:
    plain = f'symbols=["A","B"]&timestamp={TIME}'
    signature = signed(plain).rpartition("&")[2]

    verify(f"symbols=%5B%22A%22%2C%22B%22%5D&timestamp={TIME}&{signature}")


def test_an_ed25519_signature_comes_percent_encoded_or_not() -> None:
    private = Ed25519PrivateKey.generate()
    key = SigningKey(HMAC.who, "ed25519", partial(ed25519_verify, private.public_key()))
    for number in range(20):  # some have a plus sign
        form = f"a={number}&timestamp={TIME}"
        text = base64.b64encode(private.sign(form.encode())).decode()
        encoded = text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")

        verify(f"{form}&signature={encoded}", key=key)
        verify(f"{form}&signature={text}", key=key)


def test_on_a_socket_the_parameters_are_signed_by_name() -> None:
    given = {"timestamp": str(TIME), "symbol": "A", "apiKey": "k", "returnRateLimits": "false"}
    form = f"apiKey=k&returnRateLimits=false&symbol=A&timestamp={TIME}"
    signature = signed(form).rpartition("=")[2]

    check_socket(HMAC, {**given, "signature": signature}, NOW)
    with pytest.raises(DialectError):
        check_socket(HMAC, {**given, "symbol": "B", "signature": signature}, NOW)


def test_on_a_socket_values_may_be_signed_percent_encoded() -> None:
    given = {"newClientOrderId": "a:b/c", "timestamp": str(TIME), "apiKey": "k"}

    for name in ("a:b/c", "a%3Ab%2Fc"):
        signature = signed(f"apiKey=k&newClientOrderId={name}&timestamp={TIME}").rpartition("=")[2]
        check_socket(HMAC, {**given, "signature": signature}, NOW)
        with pytest.raises(DialectError):
            check_socket(HMAC, {**given, "newClientOrderId": "a:b/d", "signature": signature}, NOW)


@given(st.binary(max_size=60), st.text(alphabet="0123456789abcdef", min_size=1, max_size=8))
def test_only_the_signature_is_taken_out(before: bytes, digits: str) -> None:
    before = before.replace(b"signature=", b"")
    pair = f"signature={digits}".encode()

    assert without_signature(before) == before
    assert without_signature(before + b"&" + pair) == before


# What is wrong


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (f"timestamp={TIME}", -1102),
        (f"timestamp={TIME}&signature=", -1102),
        (signed("symbol=A"), -1102),
        (signed("symbol=A&timestamp="), -1102),
        (signed("symbol=A&timestamp=abc"), -1102),
        (signed("timestamp=-5"), -1102),
        (f"timestamp={TIME}&signature=00", -1022),
        (f"timestamp={TIME}&signature=%C3%A9", -1022),
        (signed(f"timestamp={TIME}").replace("timestamp=1", "timestamp=2"), -1022),
        (signed(f"timestamp={TIME}&recvWindow=60001"), -1131),
        (signed(f"timestamp={TIME}&recvWindow=x"), -1102),
        (signed(f"timestamp={TIME}&recvWindow=-1"), -1102),
    ],
)
def test_what_is_missing_or_wrong(query: str, code: int) -> None:
    assert code_of(query) == code


@pytest.mark.parametrize(
    ("window", "late", "is_taken"),
    [
        ("", 5_000_000, True),
        ("", 5_000_001, False),
        ("&recvWindow=1000", 1_000_000, True),
        ("&recvWindow=1000", 1_000_001, False),
        ("&recvWindow=1000.5", 1_000_500, True),
        ("&recvWindow=1000.5", 1_000_501, False),
        ("&recvWindow=60000", 60_000_000, True),
        ("", -999_999, True),
        ("", -1_000_000, False),
    ],
)
def test_a_request_is_neither_old_nor_early(window: str, late: int, is_taken: bool) -> None:
    query = signed(f"timestamp={TIME}{window}")

    if is_taken:
        verify(query, now=NOW + late)
    else:
        assert code_of(query, now=NOW + late) == -1021


def test_a_time_of_sixteen_digits_is_in_microseconds() -> None:
    verify(signed(f"timestamp={NOW + 7}"))
    assert code_of(signed(f"timestamp={NOW + 7}"), now=NOW + 5_000_008) == -1021


def test_the_two_texts_of_a_wrong_time() -> None:
    texts = []
    for now in (NOW + 10**8, NOW - 10**8):
        with pytest.raises(DialectError) as caught:
            verify(signed(f"timestamp={TIME}"), now=now)
        texts.append(caught.value.said.msg)

    assert texts == [
        "Timestamp for this request is outside of the recvWindow.",
        "Timestamp for this request was 1000ms ahead of the server's time.",
    ]


# Public keys


def test_a_public_key_is_pem_or_base64_of_its_bytes_or_der() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = Ed25519PrivateKey.generate().public_key()
    raw = public.public_bytes_raw()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    for text in (pem, f"\n{pem}", base64.b64encode(raw).decode(), base64.b64encode(der).decode()):
        assert public_key_of(text).public_bytes_raw() == raw


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "é",
        "-----BEGIN PUBLIC KEY-----",
        "AAAA",
        "A" * 2000,
        "-----BEGIN PRIVATE KEY-----\nx",
    ],
)
def test_what_is_no_public_key(text: str) -> None:
    with pytest.raises(NoPublicKey):
        public_key_of(text)
