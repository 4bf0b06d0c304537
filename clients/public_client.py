"""PublicClient: what anybody may ask and follow, without a key.

Rules:
- `async with` opens and closes it; all its background tasks end with it, and one that fails raises.
- Questions are repeated, a few times with growing pauses, until they are answered.
- A local book is kept true in the background and refuses to be read when it is not.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit

from clients.background import Background
from clients.errors import (
    ClientClosed,
    ExchangeError,
    Refused,
    TryLater,
    UnexpectedAnswer,
)
from clients.live_book import LiveBook
from clients.market_data import MarketData
from clients.nodes import Nodes
from clients.records import BookSnapshot, Candle, Market, Record, Ticker, Trade
from clients.rest import Rest
from clients.retry import ATTEMPTS, Backoff, repeat
from clients.streams import public_events

DEFAULT_URL = "http://127.0.0.1:8000"
"""Where an exchange started with `make run` is."""

TIMEOUT = 10.0
"""Seconds to wait for the answer to one attempt."""

BOOK_TIMEOUT = 10.0
"""Seconds that `local_book` waits for the first verified book."""

DISCOVER_INTERVAL = 10.0
"""Seconds between two questions for the nodes."""

PAGE = 100
"""Rows a page that are asked for."""

R = TypeVar("R", bound=Record)


class PublicClient:
    """A connection to the exchange at `url`; with a `key` it is the account's.

    `url` may be several, as a list or with commas between: web processes of one exchange, of which the client
    uses one and goes on at the next when that fails. With `discover` it asks the exchange which there are.
    `timeout` is in seconds, for one attempt; `attempts` bounds the repeats; `make_backoff` makes the
    pauses between them.
    """

    def __init__(
        self,
        url: str | Sequence[str] = DEFAULT_URL,
        key: str | None = None,
        *,
        discover: bool = False,
        timeout: float = TIMEOUT,
        attempts: int = ATTEMPTS,
        make_backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self.nodes = Nodes(url)
        self.key = key
        self._discover = discover
        self._timeout = timeout
        self._attempts = attempts
        self._make_backoff = make_backoff
        self._background: Background | None = None
        self._rest: Rest | None = None
        self._market_data: MarketData | None = None

    async def __aenter__(self) -> Self:
        self._background = Background()
        self._rest = Rest(self.nodes, key=self.key, timeout=self._timeout)
        self._market_data = MarketData(self.nodes, self._background, self._make_backoff())
        if self._discover:
            self._background.start(self._keep_discovering(), name="nodes")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        background, rest, market_data = self._parts()
        self._background = self._rest = self._market_data = None
        try:
            await background.close()
        finally:
            market_data.disconnected("the client is closed")
            await rest.close()

    @property
    def url(self) -> str:
        """Where the node is that is used at the moment."""
        return self.nodes.current

    async def discover(self) -> tuple[str, ...]:
        """Ask the exchange for its web processes, know them from now on, and return all that are known."""
        rows = await self.get("nodes")
        try:
            self.nodes.learn([row["url"] for row in rows])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnexpectedAnswer(f"not a list of nodes: {rows!r}") from error
        return self.nodes.known

    async def _keep_discovering(self) -> None:
        while True:
            with suppress(ExchangeError):  # what is known is used
                await self.discover()
            await asyncio.sleep(DISCOVER_INTERVAL)

    async def time(self) -> datetime:
        """Return the exchange's clock."""
        answer = await self.get("time")
        try:
            return datetime.fromisoformat(answer["time"])
        except (KeyError, TypeError, ValueError) as error:
            raise UnexpectedAnswer(f"not a time: {answer!r}") from error

    async def markets(self) -> list[Market]:
        """Return all markets."""
        return records_of(Market, await self.get("markets"))

    async def market(self, symbol: str) -> Market:
        """Return one market; raises NotFound."""
        return Market.from_json(await self.get(f"markets/{symbol}"))

    async def book(self, market: str, depth: int | None = None) -> BookSnapshot:
        """Return the book as of now, `depth` levels a side or whole. For more than a look at it,
        keep a `local_book`.
        """
        return BookSnapshot.from_json(await self.get(f"markets/{market}/book", depth=depth))

    async def trades(
        self, market: str, *, limit: int | None = None, before: str | None = None
    ) -> list[Trade]:
        """Return the market's trades, newest first; `before` is a trade's id."""
        rows = await self.get(f"markets/{market}/trades", limit=limit, before=before)
        return records_of(Trade, rows)

    async def candles(
        self,
        market: str,
        interval: str = "1m",
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
    ) -> list[Candle]:
        """Return candles of `interval` 1m, 5m, 15m, 1h, 4h or 1d."""
        rows = await self.get(
            f"markets/{market}/candles",
            interval=interval,
            start=start.isoformat() if start else None,
            end=end.isoformat() if end else None,
            limit=limit,
        )
        return records_of(Candle, rows)

    async def ticker(self, market: str) -> Ticker:
        """Return the market's last price, best prices and last 24 hours."""
        answer = await self.get(f"markets/{market}/ticker")
        return Ticker.from_json({"market": market, **answer})

    async def tickers(self) -> list[Ticker]:
        """Return the tickers of all markets."""
        return records_of(Ticker, await self.get("tickers"))

    async def local_book(self, market: str, *, timeout: float = BOOK_TIMEOUT) -> LiveBook:
        """Return the market's book, with its status, kept true until the client is closed.

        Waits `timeout` seconds at the most until it is in step for the first time; with 0 it is
        returned at once. Asked for again, it is the same book. Raises NotFound for an unknown
        market, BookOutOfStep when the time is up.
        """
        _, _, market_data = self._parts()
        live = await market_data.follow(market)
        if timeout > 0:
            try:
                await live.wait_in_step(timeout)
            except Refused as error:
                if not isinstance(error, TryLater):
                    market_data.forget(market)
                raise
        return live

    async def public_events(
        self, channel: str, markets: Sequence[str], **params: Any
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the messages of `trades`, `ticker`, `candles` (with `interval`) or `status`.

        Each is `{"channel","type","data"}`. After a reconnect a fresh snapshot comes first.
        """
        asked = {"channel": channel, "markets": list(markets), **params}
        messages = public_events(self.nodes, asked, self._make_backoff)
        async with aclosing(messages):
            async for message in messages:
                yield message

    async def get(self, path: str, **query: Any) -> Any:
        """GET `/api/v1/{path}` and return its JSON, repeated until it is answered."""
        return await self._repeat("GET", path, query=query)

    async def _repeat(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        _, rest, _ = self._parts()

        async def attempt(_: ExchangeError | None) -> Any:
            return await rest.call(method, path, query=query, body=body)

        return await repeat(attempt, attempts=self._attempts, backoff=self._make_backoff())

    async def _pages(self, path: str, limit: int | None, query: Mapping[str, Any]) -> list[Any]:
        wanted: dict[str, Any] = {**query, "limit": PAGE if limit is None else min(limit, PAGE)}
        rows: list[Any] = []
        while True:
            page = await self.get(path, **wanted)
            if not isinstance(page, dict) or not isinstance(page.get("results"), list):
                raise UnexpectedAnswer(f"not a page of {path}: {page!r}")
            rows += page["results"]
            if not page.get("next") or (limit is not None and len(rows) >= limit):
                return rows[:limit]
            wanted = dict(parse_qsl(urlsplit(str(page["next"])).query))

    def _parts(self) -> tuple[Background, Rest, MarketData]:
        if self._background is None or self._rest is None or self._market_data is None:
            raise ClientClosed("use the client within `async with`")
        return self._background, self._rest, self._market_data


def records_of(kind: type[R], rows: object) -> list[R]:
    """Read a JSON array of records; raises UnexpectedAnswer."""
    if not isinstance(rows, list):
        raise UnexpectedAnswer(f"expected a list, got {rows!r}")
    return [kind.from_json(row) for row in rows]
