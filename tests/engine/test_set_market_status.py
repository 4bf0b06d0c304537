"""`manage.py set_market_status`: another process asks, the engine does it, the command says what came of it.

Exit code 0: it is so. 1: refused, or a mistake in the command. 3: no engine has done it yet.
"""

from __future__ import annotations

import getpass
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command

from markets import operators
from markets.matching.types import SECOND
from markets.models import Batch, Market, OperatorCommand
from tests.drivers.exchange import ExchangeDriver
from tests.drivers.root import ROOT
from tests.drivers.server import ServerProcess


def run(*arguments: str, **options: Any) -> str:
    """What the command prints when all is well."""
    printed = StringIO()
    call_command("set_market_status", *arguments, stdout=printed, **options)
    return printed.getvalue().strip()


def test_a_market_is_halted_with_who_and_why(exchange: ExchangeDriver, market: str) -> None:
    alice = exchange.new_trader(USD=1000)

    printed = run(market.lower(), "halted", note="feed is down")

    assert printed == f"{market} halted: done at sequence {exchange.sequence(market)}"
    assert alice.submit(market, "buy", "1", price="1").json()["code"] == "market_not_open"
    command = OperatorCommand.objects.get(market__symbol=market)
    assert (command.requested_by, command.note) == (getpass.getuser(), "feed is down")


def test_a_market_that_is_so_already_is_left_alone(exchange: ExchangeDriver, market: str) -> None:
    assert run(market, "open") == f"{market} open: done: it was so already"
    assert exchange.sequence(market) == 0


def test_an_auction_lasts_so_many_seconds_or_until_somebody_opens_the_market(
    exchange: ExchangeDriver, market: str
) -> None:
    run(market, "auction", seconds=600)
    row = Market.objects.get(symbol=market)
    began = Batch.objects.get(market=row).timestamp
    assert (row.status, row.auction_ends_at) == ("auction", began + 600 * SECOND)

    run(market, "halted")
    run(market, "auction")

    row.refresh_from_db()
    assert (row.status, row.auction_ends_at) == ("auction", None)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (["NO-USD", "open"], {}, "there is no market 'NO-USD'"),
        (
            ["QUIET-USD", "paused"],
            {},
            "'paused' is no status; there are: open, halted, auction, closed",
        ),
        (
            ["QUIET-USD", "open"],
            {"seconds": 5},
            "--seconds: only an auction lasts so many seconds",
        ),
        (
            ["QUIET-USD", "auction"],
            {"seconds": 0},
            "--seconds: an auction lasts 1 to 86400 seconds",
        ),
        (
            ["QUIET-USD", "open"],
            {"note": 201 * "x"},
            "--note is at most 200 characters long",
        ),
    ],
)
def test_a_mistake_is_one_line_and_asks_for_nothing(
    db: None, arguments: list[str], options: dict[str, Any], message: str
) -> None:
    operators.create_market("QUIET", "USD", tick_size=Decimal(1), lot_size=Decimal(1))

    with pytest.raises(CommandError) as mistake:
        run(*arguments, **options)

    assert str(mistake.value) == message
    assert not OperatorCommand.objects.filter(market__symbol="QUIET-USD").exists()


def test_without_an_engine_the_wish_waits_and_the_exit_code_says_so(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    operators.create_market("QUIET", "USD", tick_size=Decimal(1), lot_size=Decimal(1))

    with pytest.raises(SystemExit) as waits:
        call_command("set_market_status", "QUIET-USD", "halted", wait=0)

    assert waits.value.code == 3
    assert capsys.readouterr().out.startswith("QUIET-USD halted: waiting: no engine is running")
    assert not OperatorCommand.objects.get(market__symbol="QUIET-USD").done


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path)
    server.manage("create_market", "BTC-USD", "--tick-size", "1", "--lot-size", "1")
    yield server
    if server.running:
        server.kill()


def manage(server: ServerProcess, *arguments: str) -> tuple[int, str]:
    """A management command's exit code and what it says in its last line."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, (done.stdout or done.stderr).strip().splitlines()[-1]


@pytest.mark.slow
@pytest.mark.long
def test_it_works_while_the_exchange_runs_in_another_process(server: ServerProcess) -> None:
    waiting = manage(server, "set_market_status", "BTC-USD", "auction", "--wait", "0")
    assert waiting == (
        3,
        "BTC-USD auction: waiting: no engine is running; it is done when the market's engine starts",
    )
    keys = [
        server.open_account(name, "--deposit", "USD=1000", "--deposit", "BTC=10")
        for name in ("alice", "bob")
    ]
    server.start()
    with httpx.Client(base_url=f"{server.url}/api/v1/", timeout=30) as http:

        def place(key: str, side: str, price: str) -> str:
            order = {"market": "BTC-USD", "side": side, "quantity": "2", "price": price}
            answer = http.post("orders", json=order, headers={"Authorization": f"Bearer {key}"})
            return str(answer.json().get("code") or answer.json()["status"])

        assert [place(keys[0], "sell", "99"), place(keys[1], "buy", "101")] == ["open", "open"]

        code, said = manage(server, "set_market_status", "BTC-USD", "open", "--note", "go")

        assert (code, said.partition(" at ")[0]) == (0, "BTC-USD open: done")
        assert len(http.get("markets/BTC-USD/trades").json()) == 1
        closed = manage(server, "set_market_status", "BTC-USD", "closed")
        assert (closed[0], closed[1].partition(" at ")[0]) == (0, "BTC-USD closed: done")
        again = manage(server, "set_market_status", "BTC-USD", "closed")
        assert again == (0, "BTC-USD closed: done: it was so already")
        assert place(keys[0], "sell", "99") == "market_not_open"
    unknown = manage(server, "set_market_status", "ETH-USD", "open")
    assert unknown == (1, "CommandError: there is no market 'ETH-USD'")
    assert server.stop() == 0
    server.manage("audit")


@pytest.mark.slow
@pytest.mark.long
def test_a_market_is_made_as_it_shall_start_and_given_hours(server: ServerProcess) -> None:
    made = server.manage(
        *("create_market", "ETH-USD", "--tick-size", "0.01", "--lot-size", "0.001"),
        *("--price-band", "0.1", "--volatility-auction", "60", "--status", "halted"),
    )
    assert made == (
        "asset ETH: 8 decimals\n"
        "market ETH-USD: halted, tick size 0.01, lot size 0.001, price band 0.1, "
        "volatility auction 60 s\n"
    )
    assert manage(server, "set_schedule", "ETH-USD")[1] == "ETH-USD: no hours; it stays as it is"

    said = server.manage(
        *("set_schedule", "ETH-USD", "--opens", "09:00", "--closes", "17:30"),
        *("--time-zone", "Europe/Berlin", "--opening-auction", "10"),
    ).splitlines()

    in_words = "Mon to Fri 09:00 to 17:30 Europe/Berlin, opening auction 10 min before, then closed"
    assert said[0] == f"ETH-USD: {in_words}"
    assert said[1].startswith("next: ")
    off = server.manage("set_schedule", "ETH-USD", "--off").splitlines()
    assert off == [f"ETH-USD: {in_words}, off"]
    assert manage(server, "set_schedule", "ETH-USD", "--days", "99") == (
        1,
        "CommandError: --days: digits from 1 (Monday) to 7 (Sunday)",
    )
