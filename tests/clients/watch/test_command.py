"""`watch` is a screen on a terminal, and lines elsewhere."""

import asyncio
import os
import pty
import sys

import pytest

from clients.__main__ import main
from tests.clients.conftest import PATIENCE
from tests.clients.stand_in import StandIn


async def test_on_a_terminal_it_is_a_screen_and_q_ends_it(exchange: StandIn, a_book: None) -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "clients", "watch", "--url", exchange.url, "--key", "alice"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    shown = bytearray()
    asyncio.get_running_loop().add_reader(ours, lambda: shown.extend(_read(ours)))
    try:
        async with asyncio.timeout(PATIENCE):
            while b"verified" not in shown:
                await asyncio.sleep(0.01)
            os.write(ours, b"q")
            assert await process.wait() == 0
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)

    assert b"BTC-USD" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


async def test_an_exchange_without_markets_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with StandIn() as empty:
        code = await asyncio.to_thread(main, ["watch", "--url", empty.url, "--plain"])

    assert code == 1
    assert capsys.readouterr().err == "error: the exchange has no market yet\n"
