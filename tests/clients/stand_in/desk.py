"""Desk: the stand-in's commands, with price-time matching and faults on request."""

import itertools
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.clients.stand_in.board import Board
from tests.clients.stand_in.market import StandInMarket
from tests.clients.stand_in.rows import NOW, Problem, Row, new_order, problem, public, text

VALID = {"valid": True}


class Desk(Board):
    """Carries out commands, and writes what each socket is to be told."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, Row] = {}
        self.by_client_id: dict[tuple[str, str], Row] = {}
        self.groups: dict[str, Row] = {}
        self.fills: list[Row] = []
        self.same_account: dict[str, str] = {}
        self.cancel_at: dict[str, str | None] = {}
        self.switchings: list[int] = []
        """The seconds that the dead man's switch was set to."""
        self.refusals: deque[Row] = deque()
        self.now = NOW
        self.busy = 0
        self.lose_answers = 0
        self.lose_requests = 0
        self.after_loss: Callable[[], object] = lambda: None
        self.knows_validate_only = True
        self.busy_at_the_end = 0
        """Of the next batch, how many orders are answered with busy."""
        self.batches: list[int] = []
        """How many orders each batch had."""
        self._numbers = itertools.count(1)
        self._places = itertools.count(1)

    # Commands

    async def command(
        self, method: str, params: Row, key: str, connection: str | None = None
    ) -> Any:
        try:
            if self.busy:
                self.busy -= 1
                raise Problem(503, problem("busy"))
            if self.refusals:
                raise Problem(422, self.refusals.popleft())
            if self.lose_requests:
                self.lose_requests -= 1
                self.after_loss()
                raise ConnectionResetError
            result = self._carry_out(method, params, key, connection)
        finally:
            await self.tell()
        if self.lose_answers:
            self.lose_answers -= 1
            self.after_loss()
            raise ConnectionResetError
        return result

    def _carry_out(self, method: str, params: Row, key: str, connection: str | None) -> Any:
        match method:
            case "submit_order":
                return self.submit(key, params, connection)
            case "submit_orders":
                return {"results": self._submit_batch(key, params["orders"], connection)}
            case "submit_oco" | "submit_bracket":
                return self.submit_group(key, params, connection)
            case "amend_order":
                return self.amend(key, params)
            case "cancel_order":
                return self.cancel(key, params)
            case "cancel_all":
                return {"canceled": self.cancel_all(key, params)}
            case "cancel_all_after":
                seconds = params["timeout_seconds"]
                self.switchings.append(seconds)
                at = datetime.fromisoformat(self.now) + timedelta(seconds=seconds)
                self.cancel_at[key] = at.isoformat() if seconds else None
                return {"timeout_seconds": seconds, "cancel_at": self.cancel_at[key]}
        raise Problem(400, problem("invalid_request", f"There is no method {method}."))

    def _submit_batch(self, key: str, orders: list[Row], connection: str | None) -> list[Row]:
        self.batches.append(len(orders))
        busy, self.busy_at_the_end = self.busy_at_the_end, 0
        done = [self._one_of_batch(key, each, connection) for each in orders[: len(orders) - busy]]
        return done + [{"status": 503, "error": problem("busy")}] * busy

    def _one_of_batch(self, key: str, params: Row, connection: str | None) -> Row:
        try:
            return {"status": 201, "order": self.submit(key, params, connection)}
        except Problem as error:
            return {"status": error.status, "error": error.body}

    def find(self, key: str, wanted: Row) -> Row:
        if "id" in wanted:
            order = self.orders.get(wanted["id"])
        else:
            order = self.by_client_id.get((key, wanted["client_order_id"]))
        if order is not None and order["account"] == key:
            return order
        raise Problem(404, problem("not_found", "There is no such order."))

    # New orders

    def submit(self, key: str, params: Row, connection: str | None = None) -> Row:
        if not all(isinstance(params.get(n, ""), str) for n in ("price", "quantity")):
            raise Problem(400, problem("invalid_request", "Numbers are strings."))
        given = (key, params.get("client_order_id"))
        if given in self.by_client_id:
            return public(self.by_client_id[given])
        market = self.market(params["market"])
        self._check(market, params)
        if params.get("validate_only") and self.knows_validate_only:
            return VALID
        if "quote_quantity" in params:
            params = {**params, "quantity": self._worth(market, params)}
        return public(self._enter(market, self._order(key, params, connection)))

    def submit_group(self, key: str, params: Row, connection: str | None) -> Row:
        given = (key, params["client_order_id"])
        if given in self.by_client_id:
            return self._group(self.by_client_id[given]["group_id"])
        market = self.market(params["market"])
        self._check(market, params)
        if params.get("validate_only"):
            return VALID
        shared = {name: params[name] for name in ("market", "side", "quantity")}
        if "stop" in params:
            kind, parts = "oco", {"oco_limit": params, "oco_stop": {**shared, **params["stop"]}}
        else:
            kind, parts = "bracket", {"entry": params}
            exits = {**shared, "side": "sell" if params["side"] == "buy" else "buy"}
            for name in ("take_profit", "stop_loss"):
                if name in params:
                    parts[name] = {**exits, "quantity": "0", **params[name]}
        orders = [self._order(key, part, connection) for part in parts.values()]
        for order, role in zip(orders, parts, strict=True):
            waits = order["stop_price"] is not None or role == "take_profit"
            order.update(group_id=orders[0]["id"], group_role=role)
            order["status"] = "untriggered" if waits else "open"
        self.groups[orders[0]["id"]] = {"type": kind, "market": market.symbol, "orders": orders}
        for order in orders:
            self._enter(market, order)
        return self._group(orders[0]["id"])

    def _group(self, id: str) -> Row:
        group = self.groups[id]
        return {"id": id, **group, "orders": [public(order) for order in group["orders"]]}

    def _check(self, market: StandInMarket, params: Row) -> None:
        deadline, status = params.get("deadline"), market.row["status"]
        if deadline and datetime.fromisoformat(deadline) < datetime.fromisoformat(self.now):
            raise Problem(422, problem("deadline_passed", "Too late."))
        if status in ("halted", "closed"):
            raise Problem(422, problem("market_not_open", f"{market.symbol} is {status}."))
        rests = params.get("type", "limit") not in ("market", "stop")
        rests = rests and params.get("time_in_force", "gtc") not in ("ioc", "fok")
        if status == "auction" and (not rests or params.get("post_only")):
            raise Problem(422, problem("invalid_order", "An auction takes no such order."))

    def _worth(self, market: StandInMarket, params: Row) -> str:
        best = next(iter(market.resting_against({"price": None, **params})), None)
        return text(Decimal(params["quote_quantity"]) / Decimal(best["price"])) if best else "1"

    def _order(self, key: str, params: Row, connection: str | None) -> Row:
        id = f"o{next(self._numbers)}"
        order = new_order(id, next(self._places), key, connection, params)
        self.orders[id] = order
        if order["client_order_id"]:
            self.by_client_id[key, order["client_order_id"]] = order
        return order

    def _enter(self, market: StandInMarket, order: Row) -> Row:
        before = market.snapshot()
        if order["status"] == "untriggered":
            market.waiting.append(order)
        else:
            if market.row["status"] == "open":
                self._match(market, order)
            rests = order["type"] == "limit" and order["time_in_force"] in ("gtc", "gtd")
            if Decimal(order["remaining_quantity"]) and rests:
                market.orders.append(order)
            elif Decimal(order["remaining_quantity"]):
                self._end(order, "ioc_remainder" if order["type"] == "limit" else "no_liquidity")
        self.note(market, before, order["account"], "orders", public(order))
        return order

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
            self.publish_trade(market, trade)
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
            "fee_rate": "0.001",
            "liquidity": liquidity,
            "sequence": trade["sequence"],
        }
        self.fills.append(fill)
        order["fills"].append(public(fill))
        self.write(order["account"], "fills", public(fill))

    # Orders that there are

    def _open(self, key: str, params: Row) -> tuple[StandInMarket, Row]:
        order = self.find(key, params)
        market = self.markets[order["market"]]
        if order not in market.orders + market.waiting:
            raise Problem(422, problem("order_not_open", "It has ended.", order=public(order)))
        return market, order

    def _end(self, order: Row, reason: str | None) -> None:
        order["canceled_quantity"] = text(
            Decimal(order["canceled_quantity"]) + Decimal(order["remaining_quantity"])
        )
        order.update(remaining_quantity="0", status="canceled", reason=reason)

    def _remove(self, market: StandInMarket, order: Row, reason: str) -> None:
        before = market.snapshot()
        (market.orders if order in market.orders else market.waiting).remove(order)
        self._end(order, reason)
        self.note(market, before, order["account"], "orders", public(order))

    def cancel(self, key: str, params: Row) -> Row:
        market, order = self._open(key, params)
        self._remove(market, order, "canceled_by_owner")
        group = self.groups.get(order["group_id"] or "", {"orders": []})
        for other in group["orders"]:
            if other in market.orders + market.waiting:
                self._remove(market, other, group["type"])
        return public(order)

    def cancel_all(self, key: str, params: Row, reason: str = "cancel_all") -> list[str]:
        canceled = []
        for market in self.markets.values():
            for order in market.orders + market.waiting:
                wanted = params.get("market", market.symbol), params.get("side", order["side"])
                connection = params.get("connection", order["connection"])
                if (order["account"], *wanted) != (key, market.symbol, order["side"]):
                    continue
                if connection == order["connection"]:
                    self._remove(market, order, reason)
                    canceled.append(order["id"])
        return canceled

    def keep(self, connection: str | None) -> None:
        """Let a connection's orders outlive it."""
        for order in self.orders.values():
            if order["connection"] == connection:
                order.update(connection=None, cancel_on_disconnect=False)

    async def set_status(self, symbol: str, status: str, **auction: Any) -> None:
        """Open, halt, close or auction a market."""
        market = self.markets[symbol]
        market.row.update(status=status, auction=auction or None)
        if status == "closed":
            for order in market.orders + market.waiting:
                self._remove(market, order, "market_closed")
        self.publish_status(market)
        await self.tell()

    def amend(self, key: str, params: Row) -> Row:
        market, order = self._open(key, params)
        self._check(market, {name: params[name] for name in params if name == "deadline"})
        if params.get("validate_only"):
            return VALID
        before = market.snapshot()
        quantity = Decimal(params.get("quantity") or order["quantity"])
        less = quantity <= Decimal(order["quantity"]) and not {"price", "stop_price"} & set(params)
        if not less:
            order["place"] = next(self._places)
        order["quantity"] = text(quantity)
        order["remaining_quantity"] = text(quantity - Decimal(order["filled_quantity"]))
        order["price"] = params.get("price", order["price"])
        order["stop_price"] = params.get("stop_price", order["stop_price"])
        self.note(market, before, key, "orders", public(order))
        return public(order)
