"""StandIn: the desk behind a real port, over HTTP and WebSockets."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs, unquote

import uvicorn

from tests.clients.stand_in.desk import Desk
from tests.clients.stand_in.rows import NOW, Problem, Row, key_of, problem, public
from tests.clients.stand_in.sockets import Socket


class StandIn(Desk):
    """A running exchange at `url`. Keys are made up by whoever uses them: each is an account."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[str, str]] = []
        self.url = ""
        self._server: uvicorn.Server | None = None

    async def __aenter__(self) -> "StandIn":
        await self.start(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int) -> None:
        config = uvicorn.Config(
            self,
            port=port,
            log_level="critical",
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup()
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        assert self._server is not None
        await self.drop_sockets()
        for listener in self._server.servers:
            listener.close()
        for connection in list(self._server.server_state.connections):
            connection.shutdown()
        await asyncio.gather(*self._server.server_state.tasks, return_exceptions=True)

    async def drop_sockets(self) -> None:
        for socket in list(self.sockets):
            await socket.drop()

    # The two ways in

    async def __call__(self, scope: Row, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await Socket(self, scope, receive, send).run()
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        query = {
            name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()
        }
        key = self.account_of(key_of(scope))
        try:
            path = unquote(scope["path"].removeprefix("/api/v1/"))
            self.requests.append((scope["method"], path))
            status, answer = await self._call(
                scope["method"], path, query, json.loads(body or b"{}"), key
            )
        except Problem as error:
            status, answer = error.status, {"type": "about:blank", **error.body}
        except ConnectionResetError:
            await send({"type": "http.response.start", "status": 502, "headers": []})
            await send({"type": "http.response.body", "body": b"<h1>Bad gateway</h1>"})
            return
        headers = [(b"content-type", b"application/json")]
        if status == 503:
            headers.append((b"retry-after", b"0"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    def account_of(self, key: str | None) -> str | None:
        return self.same_account.get(key or "", key)

    async def _call(
        self, method: str, path: str, query: Row, body: Row, key: str | None
    ) -> tuple[int, Any]:
        match method, path.split("/"):
            case "GET", ["time"]:
                return 200, {"time": NOW}
            case "GET", ["markets"]:
                return 200, [market.row for market in self.markets.values()]
            case "GET", ["markets", symbol]:
                return 200, self.market(symbol).row
            case "GET", ["markets", symbol, "book"]:
                book = self.market(symbol).snapshot()
                depth = int(query["depth"]) if "depth" in query else None
                return 200, {**book, "bids": book["bids"][:depth], "asks": book["asks"][:depth]}
            case "GET", ["markets", symbol, "trades"]:
                return 200, self.market(symbol).trades[::-1][: int(query.get("limit", 100))]
            case "GET", ["markets", symbol, "ticker"]:
                return 200, self.ticker(symbol)
            case "GET", ["tickers"]:
                return 200, [self.ticker(symbol) for symbol in self.markets]
        if key is None or key == "bad":
            raise Problem(401, problem("not_authenticated", "This key is not known."))
        match method, path.split("/"):
            case "GET", ["orders"]:
                rows = [o for o in self.orders.values() if o["account"] == key]
                for name in ("market", "status", "side"):
                    rows = [o for o in rows if name not in query or o[name] == query[name]]
                return 200, self._page(rows[::-1], query, "orders")
            case "GET", ["fills"]:
                rows = [fill for fill in self.fills if fill["account"] == key]
                if "order" in query:
                    rows = [fill for fill in rows if fill["order_id"] == query["order"]]
                return 200, self._page(rows[::-1], query, "fills")
            case "GET", ["balances"]:
                return 200, self.balance_rows()
            case "GET", ["fees"]:
                return 200, self.fee_rows()
            case "GET", ["orders", "cancel-after"]:
                return 200, {"cancel_at": self.cancel_at.get(key)}
            case "GET", ["orders", "by-client-id", id]:
                return 200, public(self.find(key, {"client_order_id": id}))
            case "GET", ["orders", id]:
                return 200, public(self.find(key, {"id": id}))
            case "POST", ["orders"]:
                return 201, await self.command("submit_order", body, key)
            case "POST", ["orders", "batch"]:
                return 200, await self.command("submit_orders", body, key)
            case "POST", ["orders", "oco"]:
                return 201, await self.command("submit_oco", body, key)
            case "POST", ["orders", "bracket"]:
                return 201, await self.command("submit_bracket", body, key)
            case "POST", ["orders", "cancel-after"]:
                return 200, await self.command("cancel_all_after", body, key)
            case "PATCH", ["orders", "by-client-id", id]:
                return 200, await self.command("amend_order", {"client_order_id": id, **body}, key)
            case "PATCH", ["orders", id]:
                return 200, await self.command("amend_order", {"id": id, **body}, key)
            case "DELETE", ["orders", "by-client-id", id]:
                return 200, await self.command("cancel_order", {"client_order_id": id}, key)
            case "DELETE", ["orders", id]:
                return 200, await self.command("cancel_order", {"id": id}, key)
            case "DELETE", ["orders"]:
                return 200, await self.command("cancel_all", query, key)
        raise Problem(404, problem("not_found", f"There is no {path}."))

    def _page(self, rows: list[Row], query: Row, path: str) -> Row:
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", 50))
        more = start + limit < len(rows)
        rest = "".join(f"&{n}={v}" for n, v in query.items() if n != "cursor")
        following = f"http://elsewhere/api/v1/{path}?cursor={start + limit}{rest}" if more else None
        shown = [public(row) for row in rows[start : start + limit]]
        return {"results": shown, "next": following, "previous": None}
