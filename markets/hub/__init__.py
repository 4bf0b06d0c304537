"""A web process's own books, and what its sockets are told of them.

Readers never touch an engine: each web process is a client itself. It starts from the rows, follows the
engines' numbered batches, and serves snapshots, books, tickers and live messages from what it keeps.
"""

from markets.hub.hub import Hub
from markets.hub.market import MarketView
from markets.hub.outbox import Outbox

__all__ = ["Hub", "MarketView", "Outbox"]
