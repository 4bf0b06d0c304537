"""Socket: one WebSocket of the stand-in, public or private."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from tests.clients.stand_in.rows import Problem, Row, key_of, problem, public

if TYPE_CHECKING:
    from tests.clients.stand_in.exchange import StandIn


CONNECTIONS = itertools.count(1)


class Socket:
    """One WebSocket of the stand-in."""

    def __init__(self, exchange: StandIn, scope: Row, receive: Any, send: Any) -> None:
        self.exchange = exchange
        self.private_path = scope["path"] == "/ws/v1/trading"
        self.key = exchange.account_of(key_of(scope))
        self.connection: str | None = None
        """Its name, if its orders are to end with it."""
        self.receive = receive
        self.send = send
        self.public: set[tuple[str, str]] = set()
        self.private: set[str] = set()
        self.outbox: list[Row] = []
        self.open = True

    async def run(self) -> None:
        await self.receive()
        if self.private_path and self.key == "bad":
            await self.send({"type": "websocket.close"})
            return
        await self.send({"type": "websocket.accept"})
        self.exchange.sockets.append(self)
        try:
            while self.open:
                message = await self.receive()
                if message["type"] == "websocket.disconnect":
                    return
                await self._answer(json.loads(message["text"]))
        except ConnectionResetError:
            await self.drop()
        finally:
            self.open = False
            if self in self.exchange.sockets:
                self.exchange.sockets.remove(self)
            await self._end_orders()

    async def drop(self) -> None:
        if self.open:
            self.open = False
            self.outbox.clear()
            if self in self.exchange.sockets:
                self.exchange.sockets.remove(self)
            await self.send({"type": "websocket.close", "code": 1012})
            await self._end_orders()

    async def _end_orders(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None and self.key is not None:
            wanted = {"connection": connection}
            self.exchange.cancel_all(self.key, wanted, "cancel_on_disconnect")
        await self.exchange.tell()

    async def flush(self) -> None:
        told, self.outbox = self.outbox, []
        for message in told:
            if self.open:
                await self.send({"type": "websocket.send", "text": json.dumps(message)})

    async def _answer(self, request: Row) -> None:
        method, params = request["method"], request.get("params", {})
        self.exchange.requests.append(("socket", method))
        answer: Row = {"method": method, "req_id": request.get("req_id")}
        follow: list[Row] = []
        try:
            result, follow = await self._act(method, params)
            answer.update(success=True, result=result)
        except Problem as error:
            answer.update(success=False, error=error.body)
        self.outbox[:0] = [answer]
        self.outbox += follow
        await self.flush()

    async def _act(self, method: str, params: Row) -> tuple[Any, list[Row]]:
        if not self.private_path:
            return self._follow(method, params)
        if method == "login":
            if self.exchange.refusals:
                raise Problem(403, self.exchange.refusals.popleft())
            self.key = params.get("key", self.key)
            if params.get("cancel_on_disconnect"):
                self.connection = f"c{next(CONNECTIONS)}"
            return {"account": self.key}, []
        if method == "logout":
            if self.exchange.busy:
                raise Problem(503, problem("busy"))
            self.exchange.keep(self.connection)
            self.key = self.connection = None
            return {}, []
        if self.key is None:
            raise Problem(401, problem("not_authenticated", "Log in first."))
        if method == "subscribe":
            return self._follow_private(params)
        return await self.exchange.command(method, params, self.key, self.connection), []

    def _follow(self, method: str, params: Row) -> tuple[Row, list[Row]]:
        channel = params.get("channel", "book")
        markets = params["markets"] if method == "subscribe" else [params["market"]]
        follow = []
        for symbol in markets:
            market = self.exchange.market(symbol)
            self.public.add((channel, symbol))
            data: Row = market.status() if channel == "status" else market.snapshot()
            if channel == "ticker":
                data = self.exchange.ticker(symbol)
            if channel == "trades":
                data = {
                    "market": symbol,
                    "sequence": market.sequence,
                    "trades": market.trades[::-1],
                }
            follow.append({"channel": channel, "type": "snapshot", "data": data})
        return {"channel": channel, "markets": markets}, follow

    def _follow_private(self, params: Row) -> tuple[Row, list[Row]]:
        assert self.key is not None
        channels = params.get("channels") or [params["channel"]]
        self.private.update(channels)
        told = self.exchange.private.setdefault(self.key, [])
        if "from_sequence" in params:
            again = [m for m in told if m["data"]["sequence"] >= params["from_sequence"]]
            return {"channels": channels}, [m for m in again if m["channel"] in channels]
        rows: dict[str, list[Row]] = {
            "orders": [
                public(order)
                for market in self.exchange.markets.values()
                for order in market.orders + market.waiting
                if order["account"] == self.key
            ],
            "fills": [],
            "balances": self.exchange.balance_rows(),
        }
        return {"channels": channels}, [
            {"channel": c, "type": "snapshot", "data": {"sequence": len(told), c: rows[c]}}
            for c in channels
        ]
