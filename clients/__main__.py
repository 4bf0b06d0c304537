"""`python -m clients COMMAND`: the exchange from a terminal.

Rules:
- Exit code 0: done. 1: the exchange, or what was found, says no. 2: the command was not understood.
  130: interrupted.
- What goes wrong is one line on stderr, never a traceback, unless it is a bug of ours.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from clients.errors import ExchangeError, NotAuthenticated
from clients.scripts import (
    amend,
    balances,
    book,
    bracket,
    cancel,
    cancel_after,
    demo,
    fees,
    fills,
    make_market,
    oco,
    orders,
    replay,
    submit,
    trade,
    watch,
)
from clients.scripts.options import Stop, add_connection

COMMANDS: dict[str, ModuleType] = {
    "watch": watch,
    "book": book,
    "submit": submit,
    "oco": oco,
    "bracket": bracket,
    "amend": amend,
    "cancel": cancel,
    "cancel-after": cancel_after,
    "orders": orders,
    "fills": fills,
    "balances": balances,
    "fees": fees,
    "trade": trade,
    "make-market": make_market,
    "replay": replay,
    "demo": demo,
}

CONNECT_A_BOT = """\
a bot of yours, written for ccxt (docs/binance.md says how others connect):
  import ccxt, re
  bot = ccxt.binance({"apiKey": "...", "secret": "..."})
  for name, url in bot.urls["api"].items():
      bot.urls["api"][name] = re.sub("https://[^/]+", "http://127.0.0.1:8000", url)
  print(bot.fetch_ticker("BTC/USD")["last"])
"""

UNLISTED = {"demo"}
"""Commands for other programs to start."""


class AnyOrder(argparse.ArgumentParser):
    """Takes options and arguments in any order; argparse by itself loses an optional argument that
    comes after an option.
    """

    _sorting = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read the options first, then the arguments."""
        if self._sorting:
            return super().parse_known_args(args, namespace)
        self._sorting = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._sorting = False


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    root = argparse.ArgumentParser(
        prog="python -m clients",
        description="Watch and trade on the exchange from a terminal.",
        epilog=CONNECT_A_BOT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shown = ",".join(name for name in COMMANDS if name not in UNLISTED)
    commands = root.add_subparsers(
        dest="command", required=True, metavar=f"{{{shown}}}", parser_class=AnyOrder
    )
    for name, module in COMMANDS.items():
        sentence = (module.__doc__ or "").partition("\n")[0].partition(": ")[2]
        if name in UNLISTED:
            command = commands.add_parser(name, description=sentence)
        else:
            command = commands.add_parser(name, description=sentence, help=sentence)
        add_connection(command)
        module.add_arguments(command)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = parser().parse_args(argv)
    try:
        code: int = asyncio.run(COMMANDS[args.command].main(args))
        sys.stdout.flush()
    except NotAuthenticated as error:
        return _fail(f"{error}. Give a key with --key or EXCHANGE_KEY.")
    except (ExchangeError, ValueError) as error:
        return _fail(str(error))
    except Stop as stop:
        return _fail(str(stop), stop.code)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _fail(sentence: str, code: int = 1) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
