"""REDIS_URL and REDIS_SENTINELS become the channel layer's hosts: one, several, by Sentinel, by TLS."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from channels_redis.utils import create_pool
from redis.asyncio.connection import SSLConnection
from redis.asyncio.sentinel import SentinelConnectionPool, SentinelManagedSSLConnection

from exchange_site.redis_hosts import LIMITS, redis_hosts

ROOT = Path(__file__).resolve().parents[1]


def test_one_address_is_one_redis_that_nobody_waits_for_long() -> None:
    assert redis_hosts("redis://:secret@10.0.0.1:6380/2") == [
        {"address": "redis://:secret@10.0.0.1:6380/2", **LIMITS}
    ]


def test_addresses_with_commas_are_several_redis() -> None:
    hosts = redis_hosts("redis://one:6379/0, redis://two:6379/0,unix:///run/redis.sock?db=1")

    assert [host["address"] for host in hosts] == [
        "redis://one:6379/0",
        "redis://two:6379/0",
        "unix:///run/redis.sock?db=1",
    ]


def test_tls_and_what_the_address_asks_for_reach_the_connection() -> None:
    (host,) = redis_hosts("rediss://one:6380/0?ssl_ca_certs=/etc/ca.pem&ssl_check_hostname=false")

    pool = create_pool(host)

    assert pool.connection_class is SSLConnection
    assert pool.connection_kwargs["ssl_ca_certs"] == "/etc/ca.pem"
    assert pool.connection_kwargs["ssl_check_hostname"] is False
    assert pool.connection_kwargs["socket_timeout"] == LIMITS["socket_timeout"]


def test_with_sentinels_an_address_names_a_master() -> None:
    hosts = redis_hosts("rediss://me:secret@Main/3,redis://Other", "s1:26380,s2", "hush")

    pools = [create_pool(host) for host in hosts]

    assert [host["master_name"] for host in hosts] == ["Main", "Other"]
    assert hosts[0]["sentinels"] == [("s1", 26380), ("s2", 26379)]
    assert hosts[0]["sentinel_kwargs"]["password"] == "hush"
    assert all(isinstance(pool, SentinelConnectionPool) for pool in pools)
    assert pools[0].connection_class is SentinelManagedSSLConnection
    assert pools[0].connection_kwargs["username"] == "me"
    assert pools[0].connection_kwargs["password"] == "secret"
    assert pools[0].connection_kwargs["db"] == 3
    assert "db" not in pools[1].connection_kwargs


@pytest.mark.parametrize(
    ("urls", "sentinels", "why"),
    [
        ("http://one", "", "must start with"),
        ("redis://one,", "", "must start with"),
        ("redis://one:6379/0?socket_timeout=long", "", "socket_timeout"),
        ("redis://one:6379,redis://one:6379", "", "twice"),
        ("redis://main:6379", "s1", "without a port"),
        ("unix:///run/redis.sock", "s1", "addresses only"),
        ("redis://main", "s1:port", "REDIS_SENTINELS"),
    ],
)
def test_an_impossible_address_is_refused(urls: str, sentinels: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        redis_hosts(urls, sentinels)


def test_an_impossible_address_stops_the_start_with_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": "redis://main:1", "REDIS_SENTINELS": "s1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.strip() == (
        "settings: with REDIS_SENTINELS the host of REDIS_URL is a master's name, without a port"
    )
