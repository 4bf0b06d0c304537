"""A backup of a live exchange is whole: restored elsewhere it audits clean, and engines go on from there."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from clients import ExchangeClient
from tests.cluster.services import own_database
from tests.cluster.test_rolling_restart import MARKETS, ORDERS_AFTER, ORDERS_BEFORE, prepare
from tests.drivers.cluster import (
    ClusterProcess,
    manage,
    need_program,
    own_redis,
)
from tests.drivers.load import Load
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


def test_a_dump_of_a_live_exchange_is_restored_elsewhere(tmp_path: Path) -> None:
    pg_dump, pg_restore = need_program("pg_dump"), need_program("pg_restore")
    dump = tmp_path / "exchange.dump"
    with (
        own_database("live") as database,
        own_database("restored", empty=True) as other_database,
        own_redis() as address,
        own_redis() as other_address,
    ):
        live, restored = tmp_path / "live", tmp_path / "restored"
        with ClusterProcess(live, DATABASE_URL=database, REDIS_URL=address) as cluster:
            keys = prepare(live, cluster.environment)
            cluster.start()
            load = Load(cluster.urls, keys, MARKETS, seed=3)
            load.start()
            wait_until(lambda: len(load.acknowledged) > ORDERS_BEFORE, "orders are answered")

            known = dict(load.acknowledged)
            run(pg_dump, "--format=custom", f"--file={dump}", f"--dbname={database}")
            count = len(load.acknowledged)
            wait_until(lambda: len(load.acknowledged) > count + ORDERS_AFTER, "the load goes on")
            load.stop()

            run(pg_restore, "--exit-on-error", "--no-owner", f"--dbname={other_database}", dump)

        with ClusterProcess(
            restored, DATABASE_URL=other_database, REDIS_URL=other_address
        ) as cluster:
            audited = manage(cluster.environment, "audit")
            assert audited.returncode == 0, audited.stderr
            cluster.start()
            there = asyncio.run(orders(cluster.urls[0], keys))
            assert set(known) <= set(there), "an order that was answered before is missing"
            assert len(there) < len(load.acknowledged), "the load went on after the dump"
            asyncio.run(ask_again(cluster.urls[0], load, set(there)))

        audited = manage(cluster.environment, "audit")
        assert audited.returncode == 0, audited.stderr


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


async def orders(url: str, keys: list[str]) -> list[str]:
    found = []
    for key in keys:
        async with ExchangeClient(url, key) as exchange:
            found += [order.client_order_id for order in await exchange.orders(limit=None)]
    assert len(found) == len(set(found))
    return [name for name in found if name is not None]


async def ask_again(url: str, load: Load, there: set[str]) -> None:
    """Whoever asks again gets the order that is there, and a new one for one that was lost."""
    kept = next(name for name in load.acknowledged if name in there)
    lost = next(name for name in load.acknowledged if name not in there)
    for name in (kept, lost):
        key, order = load.acknowledged[name]
        async with ExchangeClient(url, key) as exchange:
            again = await exchange.submit_order(
                order.market, order.side, order.quantity, price=order.price, client_order_id=name
            )
        assert again.client_order_id == name
        if name == kept:
            assert again.id == order.id
