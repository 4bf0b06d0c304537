"""A replay is right only if the outcome is the recorded one, to the trade and to the lot.

What would spoil it is said before the first order, with the operator's command that helps.
"""

import asyncio
from pathlib import Path

import pytest

from clients import ExchangeClient
from clients.scripts.replay.recording import needs, read
from tests import recordings
from tests.clients.stand_in import StandIn
from tests.clients.stand_in.rows import problem
from tests.clients.test_commands import Run, no_environment, run

__all__ = ["no_environment", "run"]

HEAD = "Time,Competitor,Operation,OrderId,Instrument,Side,Volume,Price,Lifespan,Fee\n"

RECORDING = HEAD + (
    "0.0,,Insert,1,0,A,5,1000,G,\n"
    "0.0,Zoe,Insert,1,0,A,3,900,G,\n"
    "0.1,,Insert,3,0,B,4,1000,F,\n"
    "0.1,Zoe,Trade,1,0,A,3,900,,\n"
    "0.2,,Insert,4,1,B,2,500,G,\n"
    "0.2,,Amend,1,,,-1,,,\n"
    "0.3,Zoe,Insert,2,0,B,4,1000,F,\n"
    "0.3,Zoe,Trade,2,0,B,3,1000,,\n"
    "0.3,Zoe,Cancel,2,,,-1,,,\n"
    "0.4,,Cancel,4,,,-2,,,\n"
    "0.4,Zoe,Hedge,9,1,B,1,500,,\n"
)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recording.csv"
    path.write_text(RECORDING)
    return path


@pytest.fixture
def exchange_for_it(exchange: StandIn) -> StandIn:
    exchange.markets.clear()
    exchange.add_market("FUT-USD", "100", "1")
    exchange.add_market("ETF-USD", "100", "1")
    exchange.balances = dict.fromkeys(("USD", "FUT", "ETF"), "9" * 15)
    return exchange


KEYS = ("--sell-key", "sally")


async def test_the_recorded_outcome_is_exit_code_0(
    exchange_for_it: StandIn, run: Run, recording: Path
) -> None:
    code, out, _ = await run("replay", str(recording), *KEYS)

    assert code == 0, out
    assert "9 steps" not in out
    assert "instrument 0 in FUT-USD, instrument 1 in ETF-USD" in out
    assert "2 cancels, 2 with the recorded open quantity" in out
    assert "2 trades of competitors, 2 recorded" in out
    assert "the outcome equals the recorded one; local books compared: 2" in out
    assert exchange_for_it.markets["FUT-USD"].orders == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Trade,2,0,B,3,1000", "Trade,2,0,B,2,1000", "trade 2: Zoe order 2 buy 3 @ 1000"),
        ("Cancel,4,,,-2", "Cancel,4,,,-1", "order 4 had 2 open, recorded 1"),
        ("0.1,Zoe,Trade,1,0,A,3,900,,\n", "", "trade 1: Zoe order 1 sell 3 @ 900"),
    ],
)
async def test_another_outcome_is_exit_code_1_and_shown(
    exchange_for_it: StandIn, run: Run, recording: Path, old: str, new: str, said: str
) -> None:
    await asyncio.to_thread(recording.write_text, RECORDING.replace(old, new))

    code, out, _ = await run("replay", str(recording), *KEYS)

    assert code == 1
    assert f"different: {said}" in out or said in out
    assert "the outcome DIFFERS from the recorded one" in out


async def test_one_market_plays_the_first_instrument_alone_and_says_so(
    exchange_for_it: StandIn, run: Run, recording: Path
) -> None:
    code, out, _ = await run("replay", str(recording), "--market", "FUT-USD", *KEYS)

    assert code == 0
    assert "left out: instrument 1" in out
    assert exchange_for_it.markets["ETF-USD"].sequence == 0


async def test_an_instrument_can_be_chosen(
    exchange_for_it: StandIn, run: Run, recording: Path
) -> None:
    code, out, _ = await run(
        "replay", str(recording), "--instrument", "1", "--market", "ETF-USD", *KEYS
    )

    assert code == 0
    assert "instrument 1 in ETF-USD" in out
    assert "1 inserts" in out


async def test_missing_or_equal_keys_are_answered_with_the_commands_to_run(
    exchange_for_it: StandIn, run: Run, recording: Path
) -> None:
    for key, options, code in (
        (None, (), 2),
        ("alice", (), 2),
        ("alice", ("--sell-key", "alice"), 2),
    ):
        result, _, err = await run("replay", str(recording), *options, key=key)

        assert result == code
        assert "manage.py open_account buyer --deposit USD=9000 --api-key" in err
        assert "manage.py open_account seller --deposit FUT=8 --deposit ETF=0 --api-key" in err


async def test_two_keys_of_one_account_are_found_out_with_the_first_order(
    exchange_for_it: StandIn, run: Run, recording: Path
) -> None:
    exchange_for_it.same_account = {"alice-2": "alice"}

    code, _, err = await run("replay", str(recording), "--sell-key", "alice-2")

    assert code == 1
    assert "both keys are of one account" in err
    assert exchange_for_it.markets["FUT-USD"].orders == []


async def test_a_book_with_orders_is_not_played_into(
    exchange_for_it: StandIn, run: Run, recording: Path, alice: ExchangeClient
) -> None:
    await alice.submit_order("FUT-USD", "buy", 1, price=100)

    code, _, err = await run("replay", str(recording), *KEYS)

    assert code == 1
    assert "the book of FUT-USD has 1 levels and must be empty" in err
    assert len(exchange_for_it.orders) == 1


async def test_a_tick_that_does_not_fit_is_answered_with_the_command_to_run(
    exchange_for_it: StandIn, run: Run, recording: Path
) -> None:
    exchange_for_it.add_market("FUT-USD", "300", "1")

    code, _, err = await run("replay", str(recording), *KEYS)

    assert code == 1
    assert "1000 on line 2 is no multiple of FUT-USD's tick_size 300" in err
    assert "manage.py create_market FUT2-USD --tick-size 100 --lot-size 1" in err


async def test_a_market_that_is_not_there_is_answered_with_the_command_to_run(
    exchange_for_it: StandIn, run: Run, recording: Path
) -> None:
    code, _, err = await run("replay", str(recording), "--market", "XYZ-USD", *KEYS)

    assert code == 1
    assert "manage.py create_market XYZ-USD --tick-size 100 --lot-size 1" in err


async def test_too_little_money_is_said_with_its_amount(
    exchange_for_it: StandIn, run: Run, recording: Path
) -> None:
    exchange_for_it.balances["USD"] = "50"

    code, _, err = await run("replay", str(recording), *KEYS)

    assert code == 1
    assert "the buyer has 50 USD available and needs 9000" in err
    assert "manage.py open_account buyer --deposit USD=8950" in err
    assert exchange_for_it.orders == {}


async def test_a_refusal_on_the_way_ends_the_play_and_names_the_line(
    exchange_for_it: StandIn, run: Run, recording: Path
) -> None:
    exchange_for_it.refusals.append({"code": "price_out_of_band", "detail": "Too far."})

    code, _, err = await run("replay", str(recording), *KEYS)

    assert code == 1
    assert "error: the step on line 2 was refused, and the play ended: price_out_of_band" in err


async def test_a_market_that_is_halted_on_the_way_is_waited_for(
    exchange_for_it: StandIn, run: Run, recording: Path
) -> None:
    replay = asyncio.ensure_future(run("replay", str(recording), "--speed", "1", *KEYS))
    await exchange_for_it.until(lambda: len(exchange_for_it.orders) == 2)

    await exchange_for_it.set_status("FUT-USD", "halted")
    await exchange_for_it.set_status("FUT-USD", "open")
    code, out, _ = await replay

    assert code == 0, out


async def test_a_step_that_came_while_the_market_was_halted_is_done_afterwards(
    exchange_for_it: StandIn, run: Run, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clients.scripts.replay.player.HALTED_PAUSE", 0)
    exchange_for_it.refusals.extend([problem("market_not_open")] * 3)

    code, out, _ = await run("replay", str(recording), *KEYS)

    assert code == 0, out


async def test_a_file_of_another_form_is_refused(
    exchange_for_it: StandIn, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")

    code, _, err = await run("replay", str(path), *KEYS)

    assert code == 1
    assert err.startswith("error: this is no recording: it has no column Competitor")


def test_needs_are_the_most_that_was_open_or_spent_at_any_time() -> None:
    found = needs(read(RECORDING.splitlines(), [0, 1]))

    assert (found.quote, found.base) == (4 * 1000 + 2 * 500 + 4 * 1000, {0: 8, 1: 0})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rtg_a.csv", "rtg_b.csv"])
async def test_real_recordings_come_out_as_recorded(
    exchange_for_it: StandIn, run: Run, name: str
) -> None:
    code, out, _ = await run("replay", str(recordings.recording(name)), *KEYS)

    assert code == 0, out
