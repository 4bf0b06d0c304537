"""Session: what a person at the terminal knows of the exchange, and what keeps it true.

Rules:
- One market at a time has its book and trades; a market's book that was looked at stays followed, so that it
  is there at once when one comes back.
- Without a key, or with one that may not read the account, it only watches; why is said in words.
- `version` changes whenever anything does. What fails for good is raised where it is awaited.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any

from clients.account_feed import PrivateEvent
from clients.client import ExchangeClient
from clients.errors import Refused
from clients.live_book import LiveBook
from clients.records import Balance, Fill, Market, Order, Ticker, Trade
from clients.scripts.own_orders import OwnOrders

TRADES = 200
"""How many trades are kept."""

NO_KEY = "no key: you can watch. Give --key or set EXCHANGE_KEY to trade"


class Session:
    """All markets' tickers, one market's book and trades, and the account's orders and balances."""

    def __init__(self, exchange: ExchangeClient, markets: Sequence[Market], symbol: str) -> None:
        self.exchange = exchange
        self.markets = {market.symbol: market for market in markets}
        self.market = self.markets[symbol]
        self.book: LiveBook | None = None
        self.trades: deque[Trade] = deque(maxlen=TRADES)
        self.tickers: dict[str, Ticker] = {}
        self.balances: dict[str, Balance] = {}
        self.viewer = "" if exchange.key else NO_KEY
        """Why one can only watch; empty where one may trade."""
        self.version = 0
        self._own = OwnOrders()

    @property
    def orders(self) -> list[Order]:
        """One's own open orders in the market, newest first."""
        return list(self._own.of(self.market.symbol).values())[::-1]

    @property
    def last_trade(self) -> Trade | None:
        """The market's newest trade, or None."""
        return self.trades[0] if self.trades else None

    async def open(self, symbol: str) -> None:
        """Look at a market from now on."""
        self.market = self.markets[symbol]
        self.trades.clear()
        self.book = await self.exchange.local_book(symbol, timeout=0)
        self.version += 1

    def put(self, order: Order) -> None:
        """Take an order as it was answered."""
        self._own.put(order)
        self.version += 1

    # What runs for as long as the screen does

    async def follow_book(self) -> None:
        """Note every change of the book at hand; raises what ends the client."""
        while True:
            assert self.book is not None
            await self.book.changed()
            self.version += 1

    async def follow_trades(self) -> None:
        """Keep the market's trades."""
        symbol = self.market.symbol
        async for message in self._public("trades", [symbol]):
            rows = [Trade.from_json(row) for row in message["data"]["trades"]]
            if message["type"] == "snapshot":
                self.trades.clear()
                rows.reverse()
            self.trades.extendleft(rows)
            self.version += 1

    async def follow_tickers(self) -> None:
        """Keep all markets' tickers."""
        async for message in self._public("ticker", list(self.markets)):
            ticker = Ticker.from_json(message["data"])
            self.tickers[ticker.market] = ticker
            self.version += 1

    async def follow_account(self, tell: Callable[[Fill], None]) -> None:
        """Keep the account's orders and balances, and tell of each fill that happens."""
        try:
            async with aclosing(self.exchange.private_events()) as events:
                async for event in events:
                    self._take(event, tell)
        except Refused as error:
            self.viewer = str(error)
            self.version += 1

    def _take(self, event: PrivateEvent, tell: Callable[[Fill], None]) -> None:
        self._own.take(event)
        for balance in event.balances:
            self.balances[balance.asset] = balance
        if event.type == "update":
            for fill in event.fills:
                tell(fill)
        self.version += 1

    async def _public(self, channel: str, markets: list[str]) -> AsyncIterator[dict[str, Any]]:
        async with aclosing(self.exchange.public_events(channel, markets)) as messages:
            async for message in messages:
                yield message
