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

from clients.errors import ExchangeError, NotAuthenticated
from clients.scripts import (
    amend,
    balances,
    book,
    cancel,
    demo,
    fills,
    make_market,
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
    "amend": amend,
    "cancel": cancel,
    "orders": orders,
    "fills": fills,
    "balances": balances,
    "trade": trade,
    "make-market": make_market,
    "replay": replay,
    "demo": demo,
}

UNLISTED = {"demo"}
"""Commands for other programs to start."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    root = argparse.ArgumentParser(
        prog="python -m clients", description="Watch and trade on the exchange from a terminal."
    )
    shown = ",".join(name for name in COMMANDS if name not in UNLISTED)
    commands = root.add_subparsers(dest="command", required=True, metavar=f"{{{shown}}}")
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
