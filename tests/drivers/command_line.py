"""Management commands one after another in one process: what manage.py does, without its start each time.

A line of JSON in, the arguments; a line of JSON out: the exit code, what was printed and what went wrong.
"""

import io
import json
import os
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout

import django
from django.core.management import execute_from_command_line
from django.db import connections


def run(arguments: list[str]) -> tuple[int, str, str]:
    """Carry out one command."""
    printed, errors = io.StringIO(), io.StringIO()
    code = 0
    with redirect_stdout(printed), redirect_stderr(errors):
        try:
            execute_from_command_line(["manage.py", *arguments])
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        except Exception:  # noqa: BLE001 - told to whoever asked
            traceback.print_exc()
            code = 1
        finally:
            connections.close_all()
    return code, printed.getvalue(), errors.getvalue()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange_site.settings")
    django.setup()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
