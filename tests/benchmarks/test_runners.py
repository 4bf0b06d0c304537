"""The benchmarks measure: each runner works at a tiny size, checks what it is told, and proves the books.

Figures are not looked at here, only that there are some; the table and the comparison are.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import binance, cluster, orders, report
from benchmarks.__main__ import CASES
from benchmarks.exchange import Failed
from benchmarks.flow import Order, Orders, SubmitOrder, Wrong
from benchmarks.report import Figure, Report
from benchmarks.runs import LeftOut, Settings, terminal
from benchmarks.wire import SocketWire
from tests.cluster.services import DATABASE_URL, need_services
from tests.drivers.redis import RedisServer

TINY = Settings(runs=1, seconds=0.3, size=0.004)
OF_THE_OTHERS = ("one-in-flight", "lag-10", "start")


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("name", OF_THE_OTHERS)
def test_a_case_yields_figures_of_one_run(name: str) -> None:
    figures = list(CASES[name](TINY))

    assert figures
    for figure in figures:
        assert len(figure.values) == 1, figure
        assert len(figure.bare_values) in (0, 1), figure
        assert figure.higher is False or figure.median > 0, figure


@pytest.mark.slow
def test_the_command_prints_saves_and_compares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = str(tmp_path / "run.json")
    tiny = ["--runs", "1", "--seconds", "0.3", "--no-bare", "--size", "0.5"]

    code = terminal(orders.CASES, ["socket", *tiny, "--save", saved])
    printed = capsys.readouterr().out
    report.main([saved, saved])

    assert code == 0
    assert "orders on the trading socket, 8 × 64 in flight (`socket`)" in printed
    assert "no goal is judged" in printed
    assert "| 1.00 |" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.long
def test_the_dialects_streams_are_measured_with_clients_that_prove_their_book() -> None:
    rate, cost = binance.CASES["binance-full"](replace(TINY, size=0.05))

    for figure in (rate, cost):
        assert len(figure.values) == len(figure.bare_values) == 1
        assert figure.median > 0


def test_without_postgresql_its_case_is_left_out() -> None:
    with pytest.raises(LeftOut, match="DATABASE_URL"):
        list(CASES["socket-postgresql"](TINY))


def test_without_postgresql_and_redis_the_cluster_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)

    for case in cluster.CASES.values():
        with pytest.raises(LeftOut, match="REDIS_URL"):
            list(case(TINY))


@pytest.mark.slow
@pytest.mark.long
def test_the_cluster_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_services()
    with RedisServer(tmp_path) as redis:
        monkeypatch.setenv("REDIS_URL", redis.url)
        settings = replace(TINY, database=DATABASE_URL)

        figures = list(cluster.CASES["cluster-2-2"](settings))

    assert all(len(figure.values) == 1 for figure in figures)


def a_figure(
    values: list[float],
    bare: list[float],
    wanted: float | None = None,
    wanted_ratio: float | None = None,
) -> Figure:
    return Figure(
        goal=1,
        what="orders",
        unit="orders/s",
        values=values,
        bare_values=bare,
        wanted=wanted,
        wanted_ratio=wanted_ratio,
    )


def test_a_figure_is_its_median_and_its_ratio_the_median_of_the_runs_own() -> None:
    figure = a_figure([10.0, 20.0, 60.0], [20.0, 80.0, 60.0])

    assert figure.median == 20
    assert figure.ratio == 0.5


def test_a_goal_is_reached_only_by_the_figure_and_the_ratio() -> None:
    values, bare = [100.0], [200.0]

    assert a_figure(values, bare, wanted=100, wanted_ratio=0.5).reached
    assert not a_figure(values, bare, wanted=101, wanted_ratio=0.5).reached
    assert not a_figure(values, bare, wanted=100, wanted_ratio=0.51).reached


def test_a_comparison_says_what_is_more_than_the_runs_spread() -> None:
    def of(values: list[float]) -> Report:
        return Report(when="", machine="", runs=3, figures=[a_figure(values, [])])

    assert "| better |" in report.comparison(of([1.0, 1.5, 2.0]), of([3.0, 3.5, 4.0]))
    assert "| WORSE |" in report.comparison(of([3.0, 3.5, 4.0]), of([1.0, 1.5, 2.0]))
    assert "too few runs" in report.comparison(of([1.0]), of([2.0]))
    assert "within the runs' spread" in report.comparison(of([1.0, 2.5, 3.0]), of([2.0, 2.5, 4.0]))


def an_order(name: str, quantity: str, filled: str, remaining: str) -> Order:
    return Order(name, quantity, filled, remaining, "0", "0", 1)


def test_a_wrong_reply_is_found() -> None:
    orders = Orders(1, "BTC-USD", "t", 0.0)
    talk = SubmitOrder(orders)
    request = talk.request(1).decode()
    quantity = request.partition('"quantity":"')[2].partition('"')[0].rstrip("0")

    for wrong in (
        an_order("another", quantity, "0", quantity),
        an_order("t1", "9", "0", "9"),
        an_order("t1", quantity, quantity, quantity),
    ):
        with pytest.raises(Wrong):
            Orders.check(_asked_again(), wrong)
    orders.check(an_order("t1", quantity, "0", quantity))
    with pytest.raises(Wrong):  # it was answered already
        orders.check(an_order("t1", quantity, "0", quantity))
    with pytest.raises(Wrong):
        talk.reply(b'{"method":"submit_order","req_id":1,"success":false,"error":{}}')


def _asked_again() -> Orders:
    orders = Orders(1, "BTC-USD", "t", 0.0)
    orders.next()
    return orders


async def test_frames_are_cut_wherever_a_read_ends() -> None:
    got: list[bytes] = []
    wire = SocketWire("", "", lambda messages, _: got.extend(messages))
    wire.ready.set_result(None)
    sent = [b"a", b"b" * 200, b"c" * 70_000]
    unmasked = b"".join(_of_server(payload) for payload in sent)

    for at in range(0, len(unmasked), 999):
        wire.data_received(unmasked[at : at + 999])

    assert got == sent


def _of_server(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return bytes((0x81, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x81, 127)) + size.to_bytes(8, "big") + payload


def test_a_run_with_something_wrong_fails(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: Settings) -> list[Figure]:
        raise Failed("a reply was wrong")

    assert terminal({"broken": broken}, []) == 1  # type: ignore[dict-item]
    assert "a reply was wrong" in capsys.readouterr().err
