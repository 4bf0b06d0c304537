"""What watches a cluster's processes: started again when they end, stopped in peace, restarted one by one."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from markets.cluster import child, readiness
from markets.cluster.child import Child
from markets.cluster.supervisor import Supervisor

PATIENCE = 20.0
READY = """
import os, socket
teller = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
teller.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
"""
SERVE = READY + "import signal, sys; signal.sigwait([signal.SIGTERM]); sys.exit(0)"
PREPARE = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
"""First of all: a SIGTERM that comes before `sigwait` waits for it."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of moments."""
    monkeypatch.setattr(child, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(readiness, "SETTLE_SECONDS", 0.1)


class Stage:
    """Processes of a few lines of Python, and what is said of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.children: list[Child] = []

    def child(self, name: str, script: str = SERVE) -> Child:
        child = Child(
            name,
            ("-c", PREPARE + script),
            environment={"FOLDER": str(self.folder)},
            folder=self.folder,
            say=self.said.append,
        )
        self.children.append(child)
        return child


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    for each in stage.children:  # of a test that failed
        each.kill()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.01)


async def test_it_is_ready_when_it_says_so_and_not_once_it_has_stopped(stage: Stage) -> None:
    engine = stage.child("engine 1")

    await engine.start()
    await until(lambda: engine.ready)
    await engine.stop()

    assert not engine.ready
    assert engine.pid is None
    assert stage.said == []


async def test_one_that_ends_by_itself_is_started_again_and_said_to_be(stage: Stage) -> None:
    engine = stage.child("engine 1")
    await engine.start()
    await until(lambda: engine.ready)
    first = engine.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)

    await until(lambda: engine.pid not in (None, first) and engine.ready)
    assert stage.said == ["engine 1 ended by itself with SIGKILL; it is started again"]
    await engine.stop()


async def test_one_that_cannot_start_is_tried_again_and_again(stage: Stage) -> None:
    engine = stage.child("engine 1", "raise SystemExit('no database')")

    await engine.start()
    await until(lambda: stage.said.count("engine 1 | no database") >= 3)
    await engine.stop()

    assert not engine.ready
    assert "engine 1 ended by itself with exit code 1; it is started again" in stage.said


async def test_what_it_says_is_passed_on_line_by_line_however_long(stage: Stage) -> None:
    script = "import sys; sys.stderr.write('a' * 100_000 + '\\nno end')\n"
    engine = stage.child("engine 1", script + SERVE)
    await engine.start()
    await until(lambda: engine.ready)

    await engine.stop()

    assert stage.said[-1] == "engine 1 | no end"
    assert sum(line.count("a") for line in stage.said) == 100_000


async def test_one_that_does_not_end_is_killed_and_that_is_said(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "STOP_SECONDS", 0.2)
    engine = stage.child("engine 1", READY + "import threading; threading.Event().wait()")
    await engine.start()
    await until(lambda: engine.ready)

    await engine.stop()

    assert engine.pid is None
    assert stage.said == [
        "engine 1 did not end within 0 s and is killed",
        "engine 1 ended with SIGKILL",
    ]


async def migrated() -> bool:
    return True


async def not_migrated() -> bool:
    return False


class Show:
    """A supervisor at work over two engines and a web process."""

    def __init__(self, stage: Stage, script: str = SERVE) -> None:
        self.said = stage.said
        self.children = [stage.child(name, script) for name in ("engine 1", "engine 2", "web 1")]
        engines, webs = self.children[:2], self.children[2:]
        self.supervisor = Supervisor(engines, webs, [], [], stage.said.append)

    async def play(
        self, act: Callable[[], Awaitable[None]], prepare: Callable[[], Awaitable[bool]] = migrated
    ) -> None:
        running = asyncio.create_task(self.supervisor.run(prepare, "open"))
        await until(lambda: "open" in self.said)
        await act()
        self.supervisor.stop()
        async with asyncio.timeout(PATIENCE):
            await running
        assert [each.pid for each in self.children] == [None] * 3

    def pids(self) -> list[int | None]:
        return [each.pid for each in self.children]


async def test_a_rolling_restart_takes_one_after_the_other(stage: Stage) -> None:
    show = Show(stage)

    async def act() -> None:
        before = show.pids()
        show.supervisor.roll()
        await until(lambda: "rolling restart: done" in show.said)
        assert not set(before) & set(show.pids())

    await show.play(act)

    assert [line for line in show.said if "rolling" in line] == [
        "rolling restart: engine 1",
        "rolling restart: engine 2",
        "rolling restart: web 1",
        "rolling restart: done",
    ]


async def test_new_code_that_cannot_start_takes_one_process_down_and_no_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("markets.cluster.supervisor.READY_SECONDS", 1.0)
    check = "import os; assert not os.path.exists(os.environ['FOLDER'] + '/new'), 'broken'\n"
    show = Show(stage, check + SERVE)

    async def act() -> None:
        before = show.pids()
        (stage.folder / "new").touch()
        show.supervisor.roll()
        await until(lambda: any("rolling restart: ended" in line for line in show.said))
        assert show.pids()[1:] == before[1:]

        (stage.folder / "new").unlink()  # the old code is put back
        await until(lambda: all(each.ready for each in show.children))

    await show.play(act)

    assert "rolling restart: engine 2" not in show.said
    assert any("engine 1 not ready within 1 s" in line for line in show.said)


async def test_without_the_database_brought_up_to_date_nothing_is_restarted(stage: Stage) -> None:
    show = Show(stage)

    async def act() -> None:
        before = show.pids()
        show.supervisor.roll()
        await until(lambda: any("rolling restart: ended" in line for line in show.said))
        assert show.pids() == before

    await show.play(act, prepare=not_migrated)


async def test_asked_twice_it_waits_for_nobody(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "STOP_SECONDS", PATIENCE * 2)
    show = Show(stage, READY + "import threading; threading.Event().wait()")

    async def act() -> None:
        show.supervisor.stop()
        await asyncio.sleep(0)

    await show.play(act)  # which asks for the second time
