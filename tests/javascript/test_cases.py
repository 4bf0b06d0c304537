"""What node's tests are held to is what Python says: sums, the exchange's words, the client's judgement."""

import re
from pathlib import Path

from markets.history import INTERVALS
from tests.javascript import cases

CANDLES = Path(__file__).resolve().parents[2] / "markets" / "static" / "markets" / "candles.js"


def test_the_file_is_what_python_makes_today() -> None:
    assert cases.FILE.read_text() == cases.text(), "write it anew: python -m tests.javascript.cases"


def test_the_chart_s_intervals_are_the_exchange_s() -> None:
    (written,) = re.findall(r"INTERVALS = \{(.*?)\}", CANDLES.read_text())

    found = {name: int(seconds) for name, seconds in re.findall(r'"(\w+)": (\d+)', written)}
    assert found == INTERVALS
