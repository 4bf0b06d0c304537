"""Drivers: the verbs that tests are written in, with named traders.

`MarketDriver` runs one market's core over rows in memory, and proves after every step what must
always be true.
"""

from tests.drivers.answers import Answer, profit_type
from tests.drivers.market import PLAIN, MarketDriver
from tests.drivers.proof import Follower, picture
from tests.drivers.rows import Balance, Rows

__all__ = [
    "PLAIN",
    "Answer",
    "Balance",
    "Follower",
    "MarketDriver",
    "Rows",
    "picture",
    "profit_type",
]
