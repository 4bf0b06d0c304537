"""What `serve` and `cluster` print when the exchange is open: where, who may log in, what to type next."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from markets.demo import Demo


def greeting(urls: Sequence[str], demo: Demo | None) -> str:
    """The text, for one or more addresses of the same exchange."""
    url = urls[0]
    lines = ["", f"  The exchange is open:  {url}"]
    lines += [f"  {'and':<21}  {other}" for other in urls[1:]]
    lines += [""]
    if demo is not None:
        people = ", ".join(f"{name} / {password}" for name, password in demo.people.items())
        lines += [
            f"  Log in as              {people}",
            f"  Operate at /admin/ as  {' / '.join(demo.admin)}",
            "                         DEMO: these passwords are public. Never for real money.",
            "",
            "  Next, in another terminal:",
            f"    .venv/bin/python -m clients watch BTC-USD --url {url}",
            f"    .venv/bin/python -m clients submit BTC-USD buy 0.01 --key {demo.key} --url {url}",
            *_for_bots(demo),
        ]
    else:
        lines += [
            "  Next, in another terminal:",
            "    .venv/bin/python manage.py create_market BTC-USD --tick-size 0.01 --lot-size 0.00001",
            "    .venv/bin/python manage.py open_account alice --deposit USD=1000000 --api-key",
            "    .venv/bin/python manage.py createsuperuser      # for /admin/",
        ]
    lines += ["", f"  API: {url}/api/docs/   admin: {url}/admin/   stop: Ctrl-C", ""]
    return "\n".join(lines)


def _for_bots(demo: Demo) -> list[str]:
    """Alice's key for existing bots, where there is a way in for them."""
    if not settings.BINANCE:
        return []
    key, secret = demo.bot_key
    return [
        "",
        "  Your own bot (ccxt, python-binance …: docs/binance.md), as alice:",
        f"    apiKey  {key}",
        f"    secret  {secret}",
    ]
