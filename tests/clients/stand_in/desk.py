"""Desk: the stand-in's commands, with price-time matching and faults on request."""

import itertools
from collections import deque
from decimal import Decimal
from typing import Any

from tests.clients.stand_in.market import StandInMarket
from tests.clients.stand_in.rows import NOW, Problem, Row, problem, public, text
from tests.clients.stand_in.sockets import Socket


class Desk:
    """Carries out commands, and writes what each socket is to be told."""

    def __init__(self) -> None:
        self.markets: dict[str, StandInMarket] = {}
        self.orders: dict[str, Row] = {}
        self.by_client_id: dict[tuple[str, str], Row] = {}
        self.fills: list[Row] = []
        self.private: dict[str, list[Row]] = {}
        self.balances = {"USD": "60"}
        self.same_account: dict[str, str] = {}
        self.refusals: deque[Row] = deque()
        self.busy = 0
        self.lose_answers = 0
        self.lose_updates = 0
        self.corrupt_updates = 0
        self.lose_private = 0
        self.sockets: list[Socket] = []
        self._numbers = itertools.count(1)
        self._places = itertools.count(1)

    def add_market(self, symbol: str, tick_size: str = "0.01", lot_size: str = "0.0001") -> None:
        self.markets[symbol] = StandInMarket(symbol, tick_size, lot_size)

    # Commands

    async def command(self, method: str, params: Row, key: str) -> Any:
        if self.busy:
            self.busy -= 1
            raise Problem(503, problem("busy"))
        if self.refusals:
            raise Problem(422, self.refusals.popleft())
        try:
            result = self._carry_out(method, params, key)
        finally:
            await self.tell()
        if self.lose_answers:
            self.lose_answers -= 1
            raise ConnectionResetError
        return result

    def _carry_out(self, method: str, params: Row, key: str) -> Any:
        match method:
            case "submit_order":
                return self.submit(key, params)
            case "submit_orders":
                return {"results": [self._one_of_batch(key, each) for each in params["orders"]]}
            case "amend_order":
                return self.amend(key, params)
            case "cancel_order":
                return self.cancel(key, params)
            case "cancel_all":
                open_ones = [
                    order["id"]
                    for market in self.markets.values()
                    for order in list(market.orders)
                    if order["account"] == key and params.get("market") in (None, market.symbol)
                ]
                for id in open_ones:
                    self.cancel(key, {"id": id})
                return {"canceled": open_ones}
        raise Problem(400, problem("invalid_request", f"There is no method {method}."))

    def _one_of_batch(self, key: str, params: Row) -> Row:
        if self.busy:
            self.busy -= 1
            return {"status": 503, "error": problem("busy")}
        try:
            return {"status": 201, "order": self.submit(key, params)}
        except Problem as error:
            return {"status": error.status, "error": error.body}

    def market(self, symbol: str) -> StandInMarket:
        if symbol not in self.markets:
            raise Problem(404, problem("not_found", f"There is no market {symbol}."))
        return self.markets[symbol]

    def find(self, key: str, wanted: Row) -> Row:
        if "id" in wanted:
            order = self.orders.get(wanted["id"])
        else:
            order = self.by_client_id.get((key, wanted["client_order_id"]))
        if order is not None and order["account"] == key:
            return order
        raise Problem(404, problem("not_found", "There is no such order."))

    def submit(self, key: str, params: Row) -> Row:
        market = self.market(params["market"])
        if not all(isinstance(params.get(n, ""), str) for n in ("price", "quantity")):
            raise Problem(400, problem("invalid_request", "Numbers are strings."))
        given = params.get("client_order_id")
        if given and (key, given) in self.by_client_id:
            return public(self.by_client_id[key, given])
        if market.row["status"] != "open":
            raise Problem(422, problem("market_not_open", f"{market.symbol} is halted."))
        order: Row = {
            "id": f"o{next(self._numbers)}",
            "account": key,
            "client_order_id": given,
            "market": market.symbol,
            "side": params["side"],
            "type": params.get("type", "limit"),
            "time_in_force": params.get("time_in_force", "gtc"),
            "price": params.get("price"),
            "quantity": params["quantity"],
            "remaining_quantity": params["quantity"],
            "filled_quantity": "0",
            "canceled_quantity": "0",
            "prevented_quantity": "0",
            "average_price": None,
            "fee": "0",
            "status": "open",
            "reason": None,
            "created_at": NOW,
            "updated_at": NOW,
            "fills": [],
            "place": next(self._places),
        }
        self.orders[order["id"]] = order
        if given:
            self.by_client_id[key, given] = order
        before = market.snapshot()
        self._match(market, order)
        rests = order["type"] == "limit" and order["time_in_force"] == "gtc"
        if Decimal(order["remaining_quantity"]):
            if rests:
                market.orders.append(order)
            else:
                self._end(order, "ioc_remainder" if order["type"] == "limit" else "no_liquidity")
        self._note(market, before, key, "orders", public(order))
        return public(order)

    def _match(self, market: StandInMarket, taker: Row) -> None:
        for maker in market.resting_against(taker):
            left = Decimal(taker["remaining_quantity"])
            if not left:
                return
            quantity = min(left, Decimal(maker["remaining_quantity"]))
            trade = {
                "id": f"t{next(self._numbers)}",
                "market": market.symbol,
                "price": maker["price"],
                "quantity": text(quantity),
                "taker_side": taker["side"],
                "sequence": market.sequence + 1,
                "timestamp": NOW,
            }
            market.trades.append(trade)
            for order, liquidity in ((maker, "maker"), (taker, "taker")):
                self._fill(order, trade, quantity, liquidity)
            if not Decimal(maker["remaining_quantity"]):
                market.orders.remove(maker)

    def _fill(self, order: Row, trade: Row, quantity: Decimal, liquidity: str) -> None:
        order["filled_quantity"] = text(Decimal(order["filled_quantity"]) + quantity)
        order["remaining_quantity"] = text(Decimal(order["remaining_quantity"]) - quantity)
        done = not Decimal(order["remaining_quantity"])
        order["status"] = "filled" if done else "partially_filled"
        fill = {
            **{name: trade[name] for name in ("id", "market", "price", "quantity", "timestamp")},
            "account": order["account"],
            "order_id": order["id"],
            "client_order_id": order["client_order_id"],
            "side": order["side"],
            "fee": "0",
            "fee_asset": "USD",
            "liquidity": liquidity,
            "sequence": trade["sequence"],
        }
        self.fills.append(fill)
        order["fills"].append(public(fill))
        self._write(order["account"], "fills", public(fill))

    def _end(self, order: Row, reason: str | None) -> None:
        order["canceled_quantity"] = text(
            Decimal(order["canceled_quantity"]) + Decimal(order["remaining_quantity"])
        )
        order.update(remaining_quantity="0", status="canceled", reason=reason)

    def _open(self, key: str, params: Row) -> tuple[StandInMarket, Row]:
        order = self.find(key, params)
        market = self.markets[order["market"]]
        if order not in market.orders:
            raise Problem(422, problem("order_not_open", "It has ended.", order=public(order)))
        return market, order

    def cancel(self, key: str, params: Row) -> Row:
        market, order = self._open(key, params)
        before = market.snapshot()
        market.orders.remove(order)
        self._end(order, "requested")
        self._note(market, before, key, "orders", public(order))
        return public(order)

    def amend(self, key: str, params: Row) -> Row:
        market, order = self._open(key, params)
        before = market.snapshot()
        market.orders.remove(order)
        quantity = Decimal(params.get("quantity") or order["quantity"])
        less = quantity <= Decimal(order["quantity"]) and "price" not in params
        if not less:
            order["place"] = next(self._places)
        order["quantity"] = text(quantity)
        order["remaining_quantity"] = text(quantity - Decimal(order["filled_quantity"]))
        order["price"] = params.get("price", order["price"])
        market.orders.append(order)
        self._note(market, before, key, "orders", public(order))
        return public(order)

    # What is told

    def balance_rows(self) -> list[Row]:
        return [
            {"asset": asset, "total": available, "held": "0", "available": available}
            for asset, available in self.balances.items()
        ]

    def ticker(self, symbol: str) -> Row:
        market = self.market(symbol)
        last = market.trades[-1]["price"] if market.trades else None
        return {"market": symbol, "last": last, "best_bid": None, "best_ask": None}

    def _write(self, key: str, channel: str, row: Row) -> None:
        told = self.private.setdefault(key, [])
        number = len(told) + 1
        data = {"sequence": number, "prev_sequence": number - 1, channel: [row]}
        message = {"channel": channel, "type": "update", "data": data}
        told.append(message)
        if self.lose_private:
            self.lose_private -= 1
            return
        for socket in self.sockets:
            if socket.key == key and channel in socket.private:
                socket.outbox.append(message)

    def _note(self, market: StandInMarket, before: Row, key: str, channel: str, row: Row) -> None:
        self._write(key, channel, row)
        market.sequence += 1
        after = market.snapshot()
        changes: dict[str, list[list[str]]] = {}
        for side in ("bids", "asks"):
            old, new = dict(before[side]), dict(after[side])
            gone = [[price, "0"] for price in old if price not in new]
            changes[side] = gone + [[p, q] for p, q in new.items() if old.get(p) != q]
        self.publish(market, {**after, **changes, "prev_sequence": before["sequence"]})

    def publish(self, market: StandInMarket, data: Row) -> None:
        if self.lose_updates:
            self.lose_updates -= 1
            return
        if self.corrupt_updates:
            self.corrupt_updates -= 1
            data = {**data, "bids": [*data["bids"], ["0.01", "9"]]}
        for socket in self.sockets:
            if ("book", market.symbol) in socket.public:
                socket.outbox.append({"channel": "book", "type": "update", "data": data})

    def heartbeat(self, symbol: str) -> None:
        book = self.markets[symbol].snapshot()
        data = {name: book[name] for name in ("market", "sequence", "checksum")}
        for socket in self.sockets:
            if ("book", symbol) in socket.public:
                socket.outbox.append({"channel": "book", "type": "heartbeat", "data": data})

    async def tell(self) -> None:
        for socket in list(self.sockets):
            await socket.flush()
