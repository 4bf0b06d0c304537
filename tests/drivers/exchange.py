"""The ExchangeDriver: a running exchange at the height of HTTP and sockets, with the market driver's verbs.

The whole site runs in a thread of the test process, on the test database: real server, real engines, real
sockets. Each test makes markets and traders of its own, so tests share the exchange without meeting.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final, TypeVar

import httpx
import uvicorn
from channels.layers import get_channel_layer
from django.db import connections, transaction

from markets import accounts, engines, operators, process
from markets.auditing import audit
from markets.hub import hub
from markets.matching.types import MarketStatus
from markets.models import Account, ApiKey, Asset, Market
from tests.drivers.sockets import Socket
from tests.waiting import wait_until

STARTUP_SECONDS: Final = 20.0
SCAN_INTERVAL: Final = 0.5
"""Seconds between looks for new markets, instead of the second that serves people."""
T = TypeVar("T")
JSON = dict[str, Any]


class Trader:
    """An account with a key, and what it can ask of the exchange."""

    def __init__(self, exchange: ExchangeDriver, name: str, key: str | None) -> None:
        self.name = name
        self.key = key
        self.exchange = exchange
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.http = httpx.Client(base_url=f"{exchange.url}/api/v1/", headers=headers, timeout=30)

    @property
    def account(self) -> Account:
        """Its row."""
        return Account.objects.get(name=self.name)

    def submit(
        self, market: str, side: str, quantity: object = None, **fields: Any
    ) -> httpx.Response:
        """POST orders."""
        order = {"market": market, "side": side, "quantity": quantity, **fields}
        return self.http.post("orders", json=order)

    def place(self, market: str, side: str, quantity: object = None, **fields: Any) -> JSON:
        """POST orders, which must succeed: the order."""
        response = self.submit(market, side, quantity, **fields)
        assert response.status_code == 201, response.text
        order: JSON = response.json()
        return order

    def order(self, order_id: str) -> JSON:
        """GET orders/{id}, which must succeed."""
        response = self.http.get(f"orders/{order_id}")
        assert response.status_code == 200, response.text
        order: JSON = response.json()
        return order

    def socket(self, **options: Any) -> Socket:
        """A connection for trading, logged in by the key."""
        return self.exchange.trading_socket(self.key, **options)

    def another_key(self, *scopes: str) -> Trader:
        """The same account with another key, which may do only this."""
        _, key = accounts.make_api_key(
            self.account, can_read="read" in scopes, can_trade="trade" in scopes
        )
        return Trader(self.exchange, self.name, key)

    @property
    def key_row(self) -> ApiKey:
        """The row of its key."""
        assert self.key is not None
        return ApiKey.objects.get(account=self.account, prefix=self.key[:12])

    def post(self, path: str, **body: Any) -> JSON:
        """POST something, which must succeed: the answer."""
        response = self.http.post(path, json=body)
        assert response.status_code in (200, 201), response.text
        answer: JSON = response.json()
        return answer

    def balance(self, asset: str) -> tuple[str, str]:
        """(available, held) of an asset."""
        for row in self.http.get("balances").json():
            if row["asset"] == asset:
                return row["available"], row["held"]
        return "0", "0"


class ExchangeDriver:
    """A running exchange."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._ready = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        # asyncio sees no TCP in a socket of protocol 0, and each answer would wait 40 ms for an ACK.
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._thread = threading.Thread(target=self._run, name="exchange", daemon=True)
        self._server: uvicorn.Server | None = None
        self.loop: asyncio.AbstractEventLoop
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.ws_url = self.url.replace("http", "ws")
        self.http = httpx.Client(base_url=f"{self.url}/api/v1/", timeout=30)

    def start(self) -> None:
        """Serve from a thread."""
        self._thread.start()
        assert self._ready.wait(STARTUP_SECONDS), "the exchange did not start"

    def stop(self) -> None:
        """Stop serving."""
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join(STARTUP_SECONDS)
        assert not self._thread.is_alive(), "the exchange did not stop"
        self.http.close()

    def _run(self) -> None:
        asyncio.run(self._serve())
        connections.close_all()

    async def _serve(self) -> None:
        from exchange_site import asgi
        from markets.management.commands.serve import server_of

        self.loop = asyncio.get_running_loop()
        for module in (engines, hub):
            vars(module)["SCAN_INTERVAL"] = SCAN_INTERVAL
        await process.start(asgi.router, engines=True)
        self._server = server_of(asgi.application)
        serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        while not self._server.started and not serving.done():
            await asyncio.sleep(0.005)
        self._ready.set()
        try:
            await serving
        finally:
            await process.stop()

    @property
    def layer(self) -> Any:
        """The channel layer that everything runs on."""
        return get_channel_layer()

    def in_loop(self, coroutine: Coroutine[Any, Any, T], seconds: float = 20) -> T:
        """Run a coroutine in the exchange's own event loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)

    # What tests are made of

    def new_market(self, tick_size: str = "1", lot_size: str = "1", **columns: Any) -> str:
        """A market that no other test uses, with its engine running; its symbol."""
        base = f"T{next(self._numbers)}X"
        values = {
            name: Decimal(value) if isinstance(value, str) else value
            for name, value in columns.items()
        }
        symbol = f"{base}-USD"
        operators.create_market(
            base, "USD", tick_size=Decimal(tick_size), lot_size=Decimal(lot_size), **values
        )
        self.wait_until(lambda: self._is_served(symbol), f"{symbol} is served")
        return symbol

    def _is_served(self, symbol: str) -> bool:
        view = process.current().hub.markets.get(symbol)
        return view is not None and view.in_step

    def new_trader(self, **deposits: object) -> Trader:
        """An account that no other test uses, with a key and this much of each asset."""
        name = f"trader-{next(self._numbers)}"
        account = accounts.open_account(name)
        for symbol, amount in deposits.items():
            asset, made = Asset.objects.get_or_create(symbol=symbol)
            if made:
                accounts.open_fee_balances([asset])
            accounts.deposit(account, asset, accounts.parse_amount(str(amount), asset))
        return Trader(self, name, accounts.make_api_key(account)[1])

    def traders(self, market: str, count: int = 2) -> list[Trader]:
        """Traders with plenty of the market's two assets."""
        base, quote = market.split("-")
        return [self.new_trader(**{base: 1_000_000, quote: 1_000_000_000}) for _ in range(count)]

    def market_data(self, **options: Any) -> Socket:
        """A connection for market data."""
        return Socket(f"{self.ws_url}/ws/v1/market-data", **options)

    def trading_socket(self, key: str | None = None, **options: Any) -> Socket:
        """A connection for trading."""
        return Socket(f"{self.ws_url}/ws/v1/trading", key, **options)

    def set_status(self, market: str, status: str, seconds: int | None = None) -> None:
        """Open, halt, auction or close a market, as an operator."""
        command = operators.set_market_status(
            Market.objects.get(symbol=market), MarketStatus(status), by="the test", seconds=seconds
        )
        assert operators.wait_for(command, STARTUP_SECONDS), "the engine obeys"
        self.settle(market)

    def settle(self, market: str) -> None:
        """Wait until the hub knows all that is durable of a market."""
        sequence = self.sequence(market)
        view = process.current().hub.markets[market]
        self.wait_until(
            lambda: view.in_step and view.book.sequence >= sequence, f"{market} is at {sequence}"
        )

    @contextmanager
    def engine_stalled(self, market: str) -> Iterator[None]:
        """Let a market's engine wait for its database (on SQLite all of them do)."""
        with transaction.atomic():
            Market.objects.select_for_update().get(symbol=market)
            yield

    def book(self, market: str) -> JSON:
        """GET book."""
        book: JSON = self.http.get(f"markets/{market}/book").json()
        return book

    def wait_until(self, true: Any, what: str, seconds: float = STARTUP_SECONDS) -> None:
        """Wait until something is so, looking often."""
        wait_until(true, what, seconds)

    def sequence(self, market: str) -> int:
        """The last durable sequence."""
        return Market.objects.values_list("last_sequence", flat=True).get(symbol=market)

    def check(self) -> None:
        """The books are right, by the rows."""
        assert audit().findings == []
