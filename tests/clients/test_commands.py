"""The commands do what they say, and say in one line what went wrong.

Exit code 0: done; 1: the exchange says no; 2: the command was not understood.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable

import pytest

from clients import ExchangeClient
from clients.__main__ import COMMANDS, UNLISTED, main, parser
from tests.clients.stand_in import StandIn

NOBODY = "http://127.0.0.1:9"

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def run(exchange: StandIn, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command against the stand-in; gives its exit code, stdout and stderr."""

    async def run(*argv: str, key: str | None = "alice") -> tuple[int, str, str]:
        options = ["--url", exchange.url, *(["--key", key] if key else [])]
        code = await asyncio.to_thread(main, [argv[0], *options, *argv[1:]])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EXCHANGE_URL", "EXCHANGE_KEY", "EXCHANGE_SELL_KEY", "EXCHANGE_DEMO_KEYS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert "--url" in out
    assert "--key" in out


def test_the_list_of_commands_leaves_out_what_only_programs_start() -> None:
    shown = parser().format_help()

    assert all((f"    {name} " in shown) == (name not in UNLISTED) for name in COMMANDS)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["submit", "BTC-USD", "buy", "1e5"], "'1e5' is not a plain decimal number"),
        (["submit", "BTC-USD", "hold", "1"], "invalid choice: 'hold'"),
        (["submit", "BTC-USD", "buy", "-1"], "quantity: it must be above 0"),
        (["watch", "BTC-USD", "--depth", "0"], "'0' is not a whole number above 0"),
        (["watch", "--url", "example.org", "BTC-USD"], "must begin with http:// or https://"),
        (["replay", "file", "--speed", "fast"], "'fast' is neither a number above 0 nor max"),
        (["cancel-after", "100000"], "'100000' is not a whole number from 0 to 86400"),
        (["submit", "B-U", "buy", "1", "--deadline", "2026-11-22T07:00:00"], "no time with a zone"),
        (["submit", "B-U", "buy", "1", "--expires-at", "+soon"], "'+soon' is no time with a zone"),
        (["oco", "B-U", "sell", "1", "110"], "arguments are required: stop_price"),
        (["submit", "B-U", "buy", "1", "2", "3"], "unrecognized arguments: 3"),
        ([], "arguments are required"),
    ],
)
def test_what_is_not_understood_is_said(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["balances"], 2, "this needs an API key: give --key or set EXCHANGE_KEY"),
        (["cancel", "--key", "k"], 2, "give the order's id, --client-order-id or --all"),
        (["amend", "7", "--key", "k"], 2, "give --price, --quantity, --stop-price or several"),
        (["cancel", "7", "--side", "buy", "--key", "k"], 2, "--market and --side go with --all"),
        (["submit", "B-U", "buy", "--key", "k"], 2, "give either a quantity or --quote-quantity"),
        (
            ["bracket", "B-U", "buy", "1", "--key", "k"],
            2,
            "give --take-profit, --stop-loss or both",
        ),
        (
            ["bracket", "B-U", "buy", "1", "--take-profit", "2", "--stop-loss-limit", "1"],
            2,
            "-client-order-id need --stop-loss",
        ),
        (
            [
                "bracket",
                "B-U",
                "buy",
                "1",
                "--stop-loss",
                "1",
                "--take-profit-client-order-id",
                "p",
            ],
            2,
            "--take-profit-client-order-id and -slippage need --take-profit",
        ),
        (
            ["oco", "B-U", "sell", "1", "110", "90", "--take-profit-slippage", "0.1"],
            2,
            "--take-profit-slippage needs --take-profit",
        ),
        (["demo"], 2, "set EXCHANGE_DEMO_KEYS to a JSON object"),
        (["replay", "no-such-file"], 1, "no-such-file cannot be read"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    argv: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == code

    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "argv",
    [
        ["watch", "BTC-USD"],
        ["book", "BTC-USD"],
        ["balances", "--key", "k"],
        ["submit", "--key", "k", "BTC-USD", "buy", "1", "1"],
    ],
)
def test_an_exchange_that_is_not_there_is_one_line(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*argv, "--url", NOBODY]) == 1

    err = capsys.readouterr().err
    assert err.startswith(f"error: cannot connect to {NOBODY}")
    assert err.count("\n") == 1


async def test_a_bad_key_and_an_unknown_market_are_one_line_each(run: Run) -> None:
    code, _, err = await run("balances", key="bad")
    assert (code, err.count("\n")) == (1, 1)
    assert "not_authenticated: This key is not known." in err

    code, _, err = await run("watch", "DOGE-USD")
    assert (code, err) == (1, "error: not_found: There is no market DOGE-USD.\n")


async def test_fills_and_balances(run: Run, alice: ExchangeClient, bob: ExchangeClient) -> None:
    await alice.submit_order("BTC-USD", "sell", 1, price="100.5")
    await bob.submit_order("BTC-USD", "buy", 1, price="100.5")

    _, out, _ = await run("fills")
    assert out.splitlines()[1].split()[2:6] == ["BTC-USD", "sell", "1", "100.5"]
    assert "fee_rate" in out

    _, out, _ = await run("balances", "--json")
    assert json.loads(out)[0]["asset"] == "USD"


async def test_book_and_watch_show_a_verified_book(run: Run, alice: ExchangeClient) -> None:
    for side, price, quantity in (
        ("buy", "100", "1.5"),
        ("buy", "99.5", "2"),
        ("sell", "101", "0.25"),
    ):
        await alice.submit_order("BTC-USD", side, quantity, price=price)
    ladder = [
        "BTC-USD #3 checksum 2719417658 verified",
        "  ask            101 x 0.25",
        "  --- spread 1",
        "  bid            100 x 1.5",
        "  bid           99.5 x 2",
    ]

    _, book, _ = await run("book", "BTC-USD", key=None)
    _, watched, _ = await run("watch", "BTC-USD", "--once", key=None)
    _, data, _ = await run("book", "BTC-USD", "--json", "--depth", "1", key=None)

    assert book.splitlines() == ladder
    assert watched.splitlines() == ladder
    assert json.loads(data)["bids"] == [["100", "1.5"]]


async def test_book_and_watch_say_what_an_auction_would_come_to(
    exchange: StandIn, run: Run, alice: ExchangeClient
) -> None:
    auction = {
        "indicative_price": "101",
        "indicative_volume": "1",
        "surplus": "0.5",
        "surplus_side": "buy",
        "ends_at": None,
    }
    await exchange.set_status("BTC-USD", "auction", **auction)
    await alice.submit_order("BTC-USD", "buy", "1.5", price=102)
    await alice.submit_order("BTC-USD", "sell", 1, price=100)

    _, book, _ = await run("book", "BTC-USD", key=None)
    _, watched, _ = await run("watch", "BTC-USD", "--once", key=None)
    _, data, _ = await run("book", "BTC-USD", "--json", key=None)

    assert book.splitlines() == watched.splitlines()
    assert book.splitlines()[0].endswith(
        "verified, auction: indicative 101 x 1, surplus 0.5 to buy"
    )
    assert book.splitlines()[2] == "  --- overlap 2"
    assert (json.loads(data)["status"], json.loads(data)["auction"]) == ("auction", auction)


async def test_watch_prints_a_line_a_change_and_says_when_it_is_out_of_step(
    exchange: StandIn, alice: ExchangeClient
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "clients", "watch", "BTC-USD", "--plain", "--url", exchange.url),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines: list[str] = []

    async def until(words: str) -> None:
        while not lines or words not in lines[-1]:
            lines.append((await process.stdout.readline()).decode())  # type: ignore[union-attr]
            assert lines[-1], "it ended"

    await asyncio.wait_for(until("#0"), 20)
    await alice.submit_order("BTC-USD", "buy", 1, price=100)
    await asyncio.wait_for(until("#1 bid 100 x 1 ask - spread - checksum"), 20)
    await exchange.set_status("BTC-USD", "halted")
    await asyncio.wait_for(until("verified, halted"), 20)
    await exchange.drop_sockets()
    await asyncio.wait_for(until("OUT OF STEP"), 20)
    await asyncio.wait_for(until("verified"), 20)
    process.terminate()
    await process.wait()
