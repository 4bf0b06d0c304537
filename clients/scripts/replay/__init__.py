"""replay: play recorded order flow into a market and prove that the outcome is the recorded one.

Rules:
- The recordings are trading contests' logs (`../shared/data/rtg_*.csv`); their form and what of the
  outcome is known is said in `recording`, how it is compared in `player`.
- Instruments are separate markets: `--market FUT-USD --market ETF-USD` plays 0 and 1, in this order.
- Two accounts: --key buys, --sell-key sells.
- While a market is halted or in an auction it waits.
- Exit code 0 only if every Cancel met the recorded open quantity, the competitors' trades are the
  recorded ones in the recorded order, and the local books equal the exchange's in the end.
"""

import argparse
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from clients.client import ExchangeClient
from clients.live_book import LiveBook
from clients.records import Market
from clients.scripts.options import Stop
from clients.scripts.replay import checks
from clients.scripts.replay.player import Outcome, Player, PlayRefused, SameAccount
from clients.scripts.replay.recording import Recording, instruments_of, needs, read

DIFFERENCES = 10
"""How many differences are printed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the file, the markets, the second key and the speed."""
    parser.add_argument("file", type=Path, help="such as ../shared/data/rtg_a.csv")
    parser.add_argument(
        "--market", action="append", default=[], help="one for each instrument, in order"
    )
    parser.add_argument(
        "--instrument", type=int, action="append", metavar="N", help="only these (all)"
    )
    parser.add_argument(
        "--sell-key",
        default=os.environ.get("EXCHANGE_SELL_KEY"),
        help="the API key of another account, which sells (EXCHANGE_SELL_KEY); --key buys",
    )
    parser.add_argument(
        "--speed", type=speed, default=None, metavar="N", help="1 as recorded, 10, max (max)"
    )
    parser.add_argument("--leave", action="store_true", help="leave the last orders in the book")


def speed(text: str) -> float | None:
    """Read --speed: a number above 0, or max."""
    if text == "max":
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number above 0 nor max")
    return value


async def main(args: argparse.Namespace) -> int:
    """Check, play, compare; 0 only if the outcome is the recorded one."""
    lines = _lines(args.file)
    async with AsyncExitStack() as stack:
        buyer = await stack.enter_async_context(ExchangeClient(args.url, args.key))
        seller = await stack.enter_async_context(ExchangeClient(args.url, args.sell_key))
        instruments = args.instrument or instruments_of(lines)
        markets = await checks.find_markets(buyer, args.market, instruments)
        recording = read(lines, markets.keys())
        if not recording.steps:
            raise Stop(f"{args.file} has nothing for instrument {', '.join(map(str, markets))}")
        markets = {number: markets[number] for number in recording.instruments}
        checks.check_steps(recording, markets)
        _check_keys(args, recording, markets)
        await checks.check_empty(buyer, markets)
        await checks.check_funds(buyer, seller, needs(recording), markets)
        books = [await buyer.local_book(market.symbol) for market in markets.values()]
        return await _play(args, recording, markets, books, buyer, seller)


async def _play(
    args: argparse.Namespace,
    recording: Recording,
    markets: Mapping[int, Market],
    books: Sequence[LiveBook],
    buyer: ExchangeClient,
    seller: ExchangeClient,
) -> int:
    symbols = {number: market.symbol for number, market in markets.items()}
    run = uuid.uuid4().hex[:12]
    player = Player(recording, symbols, books, buyer=buyer, seller=seller, run=run)
    started = monotonic()
    leave = args.leave
    try:
        with _progress() as progress:
            task = progress.add_task(args.file.name, total=len(recording.steps))
            await player.play(args.speed, lambda: progress.advance(task), monotonic)
        took = monotonic() - started
        for symbol in symbols.values():
            if complaint := await checks.books_agree(buyer, symbol):
                player.outcome.differences.append(complaint)
    except SameAccount:
        leave = False
        raise Stop(_two_accounts("both keys are of one account", recording, markets)) from None
    except PlayRefused as error:
        raise Stop(str(error)) from error
    finally:
        if not leave:
            await player.cancel_leftovers()
    _print_summary(args.file, recording, symbols, player.outcome, took)
    return 1 if player.outcome.differences else 0


def _check_keys(
    args: argparse.Namespace, recording: Recording, markets: Mapping[int, Market]
) -> None:
    if not args.key or not args.sell_key:
        missing = [
            name for name, key in (("--key", args.key), ("--sell-key", args.sell_key)) if not key
        ]
        raise Stop(_two_accounts(f"{' and '.join(missing)} missing", recording, markets), code=2)
    if args.key == args.sell_key:
        raise Stop(_two_accounts("both keys are the same", recording, markets), code=2)


def _two_accounts(why: str, recording: Recording, markets: Mapping[int, Market]) -> str:
    return (
        f"{why}: the recorded flow trades with itself, so its buys and its sells need an account "
        f"each (--key or EXCHANGE_KEY buys, --sell-key or EXCHANGE_SELL_KEY sells). Open them "
        f"with\n{checks.what_to_open(needs(recording), markets)}"
    )


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{file} cannot be read: {error}") from error


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not sys.stderr.isatty(),
    )


def _print_summary(
    file: Path, recording: Recording, symbols: Mapping[int, str], outcome: Outcome, took: float
) -> None:
    steps = len(recording.steps)
    where = ", ".join(f"instrument {number} in {symbol}" for number, symbol in symbols.items())
    print(f"{file.name}: {steps} steps in {took:.1f} s ({steps / max(took, 0.001):.0f}/s); {where}")
    if recording.left_out:
        print(
            f"left out: instrument {', '.join(map(str, recording.left_out))} (no --market for it)"
        )
    done = outcome.done
    print(f"{done['Insert']} inserts, {outcome.fills} fills of takers, {done['Amend']} amends")
    wrong = sum(each.startswith("line") for each in outcome.differences)
    print(f"{done['Cancel']} cancels, {done['Cancel'] - wrong} with the recorded open quantity")
    print(f"{len(outcome.trades)} trades of competitors, {len(recording.trades)} recorded")
    for difference in outcome.differences[:DIFFERENCES]:
        print(f"different: {difference}")
    if len(outcome.differences) > DIFFERENCES:
        print(f"and {len(outcome.differences) - DIFFERENCES} more differences")
    verdict = "DIFFERS from" if outcome.differences else "equals"
    print(f"the outcome {verdict} the recorded one; local books compared: {len(symbols)}")
