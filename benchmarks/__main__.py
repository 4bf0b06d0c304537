"""Everything end to end: `python -m benchmarks [CASE…] [--runs 1] [--save FILE.json]` (make bench)."""

from __future__ import annotations

import sys

from benchmarks import followers, latency, orders, start
from benchmarks.runs import terminal

CASES = orders.CASES | latency.CASES | followers.CASES | start.CASES

if __name__ == "__main__":
    sys.exit(terminal(CASES, when_asked=start.LONG))
