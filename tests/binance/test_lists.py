"""Lists of orders are the exchange's groups: one cancels the other, or one arms the others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.binance import shapes
from tests.binance.conftest import bot_of
from tests.binance.shapes import check
from tests.drivers.bot import refused
from tests.drivers.exchange import ExchangeDriver

OCO: dict[str, Any] = {
    "side": "SELL",
    "quantity": "1",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "110",
    "belowType": "STOP_LOSS_LIMIT",
    "belowStopPrice": "90",
    "belowPrice": "89",
    "belowTimeInForce": "GTC",
}
OTO: dict[str, Any] = {
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "99",
    "workingQuantity": "1",
    "workingTimeInForce": "GTC",
    "pendingSide": "SELL",
    "pendingQuantity": "1",
}
PENDING_LIMIT: dict[str, Any] = {
    "pendingType": "LIMIT",
    "pendingPrice": "110",
    "pendingTimeInForce": "GTC",
}
PENDING_PAIR: dict[str, Any] = {
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "110",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "90",
}


class Scene:
    """A market of its own, where the last trade was at 100."""

    def __init__(self, exchange: ExchangeDriver) -> None:
        self.market = exchange.new_market("0.01", "0.001")
        self.symbol = self.market.replace("-", "")
        self.bot, self.other = (bot_of(trader) for trader in exchange.traders(self.market, 2))
        self.other.order(self.symbol, "SELL", price="100", quantity="1")
        self.bot.order(self.symbol, "BUY", price="100", quantity="1")

    def place(self, path: str, **params: Any) -> Any:
        return self.bot.post(path, symbol=self.symbol, **params)

    def status(self, order_id: int) -> str:
        found = self.bot.ask("order", symbol=self.symbol, orderId=order_id)
        return str(found["status"])

    def statuses(self, placed: Any) -> list[str]:
        return [self.status(order["orderId"]) for order in placed["orders"]]


@pytest.fixture
def scene(exchange: ExchangeDriver) -> Scene:
    return Scene(exchange)


def test_a_pair_of_which_one_cancels_the_other(scene: Scene) -> None:
    placed = scene.place(
        "orderList/oco",
        **OCO,
        listClientOrderId="pair",
        aboveClientOrderId="profit",
        belowClientOrderId="loss",
        newOrderRespType="RESULT",
    )

    check(placed, shapes.PlacedList)
    assert (placed["contingencyType"], placed["listClientOrderId"]) == ("OCO", "pair")
    assert [order["clientOrderId"] for order in placed["orders"]] == ["profit", "loss"]
    assert [report["type"] for report in placed["orderReports"]] == [
        "LIMIT_MAKER",
        "STOP_LOSS_LIMIT",
    ]

    scene.other.order(scene.symbol, "BUY", price="110", quantity="1")

    assert scene.statuses(placed) == ["FILLED", "EXPIRED"]
    found = scene.bot.ask("orderList", orderListId=placed["orderListId"])
    check(found, shapes.OrderList)
    assert (found["listStatusType"], found["listClientOrderId"]) == ("ALL_DONE", "pair")


PROFIT: dict[str, Any] = {
    "side": "SELL",
    "quantity": "1",
    "aboveType": "TAKE_PROFIT_LIMIT",
    "aboveStopPrice": "110",
    "abovePrice": "109",
    "aboveTimeInForce": "GTC",
    "belowType": "STOP_LOSS",
    "belowStopPrice": "90",
}
PROFIT_BELOW: dict[str, Any] = {
    "side": "BUY",
    "quantity": "1",
    "aboveType": "STOP_LOSS",
    "aboveStopPrice": "110",
    "belowType": "TAKE_PROFIT",
    "belowStopPrice": "90",
}
PENDING_PROFIT: dict[str, Any] = {
    "pendingAboveType": "TAKE_PROFIT",
    "pendingAboveStopPrice": "110",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "90",
}


@pytest.mark.parametrize(
    ("params", "types", "price", "after"),
    [
        (PROFIT, ["TAKE_PROFIT_LIMIT", "STOP_LOSS"], "110", ["NEW", "EXPIRED"]),
        (PROFIT_BELOW, ["TAKE_PROFIT", "STOP_LOSS"], "90", ["FILLED", "EXPIRED"]),
        (PROFIT_BELOW, ["TAKE_PROFIT", "STOP_LOSS"], "110", ["EXPIRED", "FILLED"]),
    ],
)
def test_of_a_pair_with_a_take_profit_the_first_that_is_triggered_cancels_the_other(
    scene: Scene, params: dict[str, Any], types: list[str], price: str, after: list[str]
) -> None:
    placed = scene.place("orderList/oco", **params, newOrderRespType="RESULT")
    check(placed, shapes.PlacedList)
    assert [report["type"] for report in placed["orderReports"]] == types
    assert scene.statuses(placed) == ["NEW", "NEW"]

    scene.other.order(scene.symbol, "SELL", price=price, quantity="2")
    scene.bot.order(scene.symbol, "BUY", price=price, quantity="1")

    assert scene.statuses(placed) == after


def test_a_pending_take_profit_is_armed_and_triggered(scene: Scene) -> None:
    placed = scene.place("orderList/otoco", **OTO, **PENDING_PROFIT)
    assert scene.statuses(placed) == ["NEW", "PENDING_NEW", "PENDING_NEW"]

    scene.other.order(scene.symbol, "SELL", price="99", quantity="1")
    assert scene.statuses(placed) == ["FILLED", "NEW", "NEW"]
    scene.other.order(scene.symbol, "BUY", price="110", quantity="2")
    scene.bot.order(scene.symbol, "SELL", price="110", quantity="1")

    assert scene.statuses(placed) == ["FILLED", "FILLED", "EXPIRED"]


def test_a_list_is_canceled_as_a_whole(scene: Scene) -> None:
    placed = scene.place("orderList/oco", **OCO, listClientOrderId="pair")

    canceled = scene.bot.delete("orderList", symbol=scene.symbol, listClientOrderId="pair")

    check(canceled, shapes.CanceledList)
    assert canceled["listOrderStatus"] == "ALL_DONE"
    assert scene.statuses(placed) == ["CANCELED", "CANCELED"]
    again = scene.bot.send("DELETE", "orderList", symbol=scene.symbol, listClientOrderId="pair")
    assert refused(again) == (400, -2011, "Unknown order sent.")


def test_lists_among_all_that_is_canceled_are_told_as_lists(scene: Scene) -> None:
    placed = scene.place("orderList/oco", **OCO, listClientOrderId="pair")
    single = scene.bot.order(scene.symbol, "BUY", price="95", quantity="1")

    order, pair = scene.bot.delete("openOrders", symbol=scene.symbol)

    check(order, shapes.Canceled)
    check(pair, shapes.CanceledList)
    assert (order["orderId"], order["orderListId"]) == (single["orderId"], -1)
    assert pair["orderListId"] == placed["orderListId"]
    assert (pair["listClientOrderId"], pair["listStatusType"]) == ("pair", "ALL_DONE")
    assert [report["status"] for report in pair["orderReports"]] == ["CANCELED", "CANCELED"]


def test_an_order_of_a_list_is_canceled_with_it(scene: Scene) -> None:
    placed = scene.place("orderList/oco", **OCO)
    order = placed["orders"][1]["orderId"]

    canceled = scene.bot.delete("order", symbol=scene.symbol, orderId=order)

    check(canceled, shapes.Canceled)
    assert (canceled["orderId"], canceled["orderListId"]) == (order, placed["orderListId"])
    assert scene.statuses(placed) == ["CANCELED", "CANCELED"]


def test_a_buyers_pair_by_the_old_names(scene: Scene) -> None:
    placed = scene.place(
        "order/oco",
        side="BUY",
        quantity="1",
        price="90",
        stopPrice="110",
        stopLimitPrice="111",
        stopLimitTimeInForce="GTC",
        limitClientOrderId="low",
        stopClientOrderId="high",
    )

    check(placed["orders"], list[shapes.Member])
    assert [order["clientOrderId"] for order in placed["orders"]] == ["low", "high"]
    assert scene.statuses(placed) == ["NEW", "NEW"]


def test_a_name_of_a_pair_is_taken_again_when_it_has_ended(scene: Scene) -> None:
    wanted = {**OCO, "aboveClientOrderId": "profit"}
    first = scene.place("orderList/oco", **wanted)
    again = scene.bot.send("POST", "orderList/oco", symbol=scene.symbol, **wanted)
    assert refused(again) == (400, -2010, "Duplicate order sent.")

    scene.bot.delete("openOrders", symbol=scene.symbol)
    second = scene.place("orderList/oco", **wanted)

    assert second["orders"][0]["clientOrderId"] == "profit"
    assert second["orderListId"] != first["orderListId"]


@pytest.mark.parametrize(
    ("path", "pending", "count"),
    [("orderList/oto", PENDING_LIMIT, 2), ("orderList/otoco", PENDING_PAIR, 3)],
)
def test_a_working_order_arms_the_pending_ones(
    scene: Scene, path: str, pending: dict[str, Any], count: int
) -> None:
    placed = scene.place(path, **OTO, **pending)

    assert (placed["contingencyType"], len(placed["orders"])) == ("OTO", count)
    assert scene.statuses(placed) == ["NEW", *["PENDING_NEW"] * (count - 1)]
    assert scene.bot.ask("openOrderList")[0]["orderListId"] == placed["orderListId"]

    scene.other.order(scene.symbol, "SELL", price="99", quantity="1")

    assert scene.statuses(placed) == ["FILLED", *["NEW"] * (count - 1)]
    scene.other.order(scene.symbol, "BUY", price="110", quantity="1")
    assert scene.statuses(placed) == ["FILLED", "FILLED", *["EXPIRED"] * (count - 2)]


def test_lists_are_found_again(scene: Scene) -> None:
    placed = [scene.place("orderList/oco", **OCO)["orderListId"] for _ in range(3)]
    scene.bot.delete("orderList", symbol=scene.symbol, orderListId=placed[0])

    def ids(path: str, **params: Any) -> list[int]:
        return [found["orderListId"] for found in scene.bot.ask(path, **params)]

    assert ids("openOrderList") == placed[1:]
    assert ids("allOrderList") == placed
    assert ids("allOrderList", limit=1) == placed[2:]
    assert ids("allOrderList", fromId=placed[1]) == placed[1:]
    name = scene.bot.ask("orderList", orderListId=placed[2])["listClientOrderId"]
    assert scene.bot.ask("orderList", origClientOrderId=name)["orderListId"] == placed[2]


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("orderList/oco", {**OCO, "aboveType": "TAKE_PROFIT", "aboveStopPrice": "110"}, -1106),
        ("orderList/oco", {**OCO, "aboveType": "X"}, -1116),
        ("orderList/oco", {**PROFIT, "aboveStopPrice": "100"}, -2010),
        ("orderList/oco", {**PROFIT_BELOW, "belowStopPrice": "120"}, -2010),
        ("orderList/oco", {**PROFIT, "belowType": "TAKE_PROFIT"}, -1128),
        ("orderList/oco", {**OCO, "belowType": None}, -1102),
        ("orderList/oco", {**OCO, "abovePrice": "80"}, -2010),
        ("orderList/oco", {**OCO, "belowStopPrice": "105", "belowPrice": "105"}, -2010),
        ("orderList/oco", {**OCO, "quantity": "0.0001"}, -1013),
        ("orderList/oco", {**OCO, "quantity": "99999999"}, -2010),
        ("orderList/oco", {**OCO, "listClientOrderId": "a b"}, -1100),
        ("orderList/oto", {**OTO, **PENDING_LIMIT, "pendingSide": "BUY"}, -1128),
        ("orderList/oto", {**OTO, **PENDING_LIMIT, "pendingQuantity": "2"}, -1128),
        ("orderList/oto", {**OTO, **PENDING_LIMIT, "pendingTimeInForce": "IOC"}, -1128),
        ("orderList/oto", {**OTO, "pendingType": "MARKET"}, -1128),
        ("orderList/oto", {**OTO, **PENDING_LIMIT, "workingType": "MARKET"}, -1106),
        ("orderList/otoco", {**OTO, **PENDING_PAIR, "pendingAboveType": None}, -1102),
    ],
)
def test_what_is_no_list(scene: Scene, path: str, params: dict[str, Any], code: int) -> None:
    response = scene.bot.send("POST", path, symbol=scene.symbol, **params)

    assert refused(response)[:2] == (400, code)
    assert scene.bot.ask("openOrders", symbol=scene.symbol) == []
