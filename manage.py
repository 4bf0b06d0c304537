#!/usr/bin/env python
"""Django's command line: serve, migrate, create_market, open_account, audit, …"""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange_site.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed here. Start with: make run")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
