"""`/ws/v1/market-data`: public books, trades, tickers, candles and statuses, from this process's hub."""

from __future__ import annotations

from typing import Any, Final

from markets import metrics, process
from markets.consumers.connection import Receive, Scope, Send
from markets.consumers.socket import Request, Socket, unknown_method
from markets.history import INTERVALS
from markets.hub import MarketView
from markets.hub.outbox import Subscription
from markets.limits import public_rate
from markets.problems import Problem

CHANNELS: Final = ("book", "trades", "ticker", "candles", "status")
METHODS: Final = ("subscribe", "unsubscribe", "resync", "ping")


async def market_data_consumer(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application of the public socket."""
    await MarketDataSocket(scope, receive, send, public_rate).run()


class MarketDataSocket(Socket):
    """A follower of some markets."""

    kind = "market_data"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._subscriptions: set[Subscription] = set()

    async def authenticate(self, headers: dict[bytes, bytes]) -> Problem | None:
        """Market data is for everybody."""
        del headers
        return None

    async def on_request(self, request: Request) -> None:
        """Subscribe, unsubscribe, resync, ping."""
        match request.method:
            case "ping":
                self.pong(request)
            case "subscribe" | "unsubscribe":
                channel, views = self._channel_and_markets(request)
                name, _, interval = channel.partition(":")
                result: dict[str, Any] = {"channel": name, "markets": [v.symbol for v in views]}
                if interval:
                    result["interval"] = interval
                self.answer(request, result)
                change = self._subscribe if request.method == "subscribe" else self._unsubscribe
                for view in views:
                    change(channel, view)
            case "resync":
                _refuse_unknown(request, ("market",))
                view = _view(request.params.get("market"), "market")
                self.answer(request, {"market": view.symbol})
                metrics.FOLLOWER_RESYNCS.labels(view.symbol).inc()
                view.send_snapshot(self.outbox, "book")
            case _:
                raise unknown_method(request, METHODS)

    def _channel_and_markets(self, request: Request) -> tuple[str, list[MarketView]]:
        _refuse_unknown(request, ("channel", "markets", "interval"))
        params = request.params
        channel, markets = params.get("channel"), params.get("markets")
        if channel not in CHANNELS:
            raise _wrong("channel", f"must be one of: {', '.join(CHANNELS)}")
        if not isinstance(markets, list) or not markets:
            raise _wrong("markets", 'must be a list of market symbols such as ["BTC-USD"]')
        interval = params.get("interval")
        if channel == "candles":
            interval = "1m" if interval is None else interval
            if not isinstance(interval, str) or interval not in INTERVALS:
                raise _wrong("interval", f"must be one of: {', '.join(INTERVALS)}")
            channel = f"candles:{interval}"
        elif interval is not None:
            raise _wrong("interval", "goes with the channel candles only")
        views = {view.symbol: view for view in (_view(symbol, "markets") for symbol in markets)}
        return channel, list(views.values())

    def _subscribe(self, channel: str, view: MarketView) -> None:
        self._subscriptions.add((channel, view.symbol))
        view.subscribe(self.outbox, channel)

    def _unsubscribe(self, channel: str, view: MarketView) -> None:
        self._subscriptions.discard((channel, view.symbol))
        view.unsubscribe(self.outbox, channel)

    async def answered(self) -> None:
        """All requests are answered at once."""

    def catch_up(self, missed: set[Subscription]) -> None:
        """Send fresh snapshots of what is still subscribed."""
        markets = process.current().hub.markets
        for channel, symbol in missed & self._subscriptions:
            markets[symbol].send_snapshot(self.outbox, channel)

    async def closed(self) -> None:
        """Follow no more."""
        try:
            markets = process.current().hub.markets
        except process.NotStarted:
            return
        for channel, symbol in self._subscriptions:
            markets[symbol].unsubscribe(self.outbox, channel)


def _view(symbol: object, field: str) -> MarketView:
    view = process.current().hub.markets.get(symbol) if isinstance(symbol, str) else None
    if view is None:
        shown = repr(symbol)[:40]
        raise Problem("not_found", f"there is no market {shown}", {field: ["unknown market"]})
    return view


def _wrong(field: str, message: str) -> Problem:
    return Problem("invalid_request", f"{field} {message}", {field: [message]})


def _refuse_unknown(request: Request, known: tuple[str, ...]) -> None:
    for name in request.params:
        if name not in known:
            raise _wrong(name[:64], f"is unknown; known are: {', '.join(known)}")
