"""A process that serves says so to whoever started it: by systemd's socket, or by a file that it touches."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from markets import notify


@pytest.fixture
def starter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """The socket that systemd would listen on."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    listener.setblocking(False)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    return listener


async def heard(starter: socket.socket) -> str:
    return (await asyncio.get_running_loop().sock_recv(starter, 1000)).decode()


async def test_it_says_when_it_is_ready_and_when_it_stops(starter: socket.socket) -> None:
    async with notify.serving():
        assert await heard(starter) == "READY=1"

    assert await heard(starter) == "STOPPING=1"


async def test_it_gives_signs_of_life_if_they_are_asked_for(
    starter: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000")

    async with notify.serving():
        said = [await heard(starter) for _ in range(4)]

    assert said == ["READY=1", *["WATCHDOG=1"] * 3]


async def test_a_name_outside_the_file_system_is_understood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0exchange-{os.getpid()}")
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@exchange-{os.getpid()}")

        async with notify.serving():
            assert await heard(listener) == "READY=1"


async def test_a_starter_that_is_gone_is_no_reason_to_stop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))

    async with notify.serving():
        assert "cannot be told READY=1" in caplog.text


async def test_the_file_is_there_while_it_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    alive = tmp_path / "alive"
    monkeypatch.setenv("ALIVE_FILE", str(alive))
    monkeypatch.setattr(notify, "FILE_SECONDS", 0.01)

    async with notify.serving():
        os.utime(alive, (0, 0))
        while not alive.stat().st_mtime:
            await asyncio.sleep(0.01)

    assert not alive.exists()


async def test_without_anybody_who_asked_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("ALIVE_FILE", raising=False)

    async with notify.serving():
        pass
