"""Runs that found something, by what they found: each is played again for ever.

A seed means what it did for as long as the simulation draws the same chances in the same order; when that
changes, a run is another one, and guards less. The sentence stays true.
"""

from __future__ import annotations

from typing import Final

NAMED: Final[dict[str, int]] = {
    "a repeated message placed an order without a client_order_id twice": 201,
}
