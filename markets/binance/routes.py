"""Which address asks what: REST's paths and methods, and the calls behind them."""

from __future__ import annotations

from typing import Final

from markets.binance import account, depth, klines, lists, market_data, order_rows, tickers, trading
from markets.binance.calls import ORDER_WEIGHT, Access, Call
from markets.binance.user_data import listen_keys

V3: Final = "/api/v3"
SAPI: Final = "/sapi/v1"

PUBLIC: Final = {
    f"{V3}/ping": Call(market_data.ping),
    f"{V3}/time": Call(market_data.server_time),
    f"{V3}/exchangeInfo": Call(market_data.exchange_info),
    f"{V3}/depth": Call(depth.depth),
    f"{V3}/trades": Call(market_data.trades),
    f"{V3}/historicalTrades": Call(market_data.historical_trades),
    f"{V3}/aggTrades": Call(market_data.aggregate_trades),
    f"{V3}/klines": Call(klines.klines),
    f"{V3}/uiKlines": Call(klines.klines),
    f"{V3}/avgPrice": Call(market_data.average_price),
    f"{V3}/ticker/24hr": Call(tickers.day),
    f"{V3}/ticker": Call(tickers.rolling),
    f"{V3}/ticker/tradingDay": Call(tickers.trading_day),
    f"{V3}/ticker/price": Call(tickers.price),
    f"{V3}/ticker/bookTicker": Call(tickers.book_ticker),
    "/fapi/v1/exchangeInfo": Call(market_data.no_derivatives),
    "/dapi/v1/exchangeInfo": Call(market_data.no_derivatives),
    f"{SAPI}/system/status": Call(market_data.system_status),
    f"{SAPI}/margin/allPairs": Call(market_data.nothing),
    f"{SAPI}/margin/isolated/allPairs": Call(market_data.nothing),
    f"{SAPI}/spot/delist-schedule": Call(market_data.nothing),
}
"""GET, for everybody."""

PRIVATE: Final = {
    f"{V3}/orderList": Call(lists.get_list, Access.READ),
    f"{V3}/allOrderList": Call(lists.all_lists, Access.READ),
    f"{V3}/openOrderList": Call(lists.open_lists, Access.READ),
    f"{V3}/account": Call(account.account, Access.READ),
    f"{V3}/account/commission": Call(account.commission, Access.READ),
    f"{V3}/rateLimit/order": Call(account.order_limits, Access.READ),
    f"{V3}/order": Call(order_rows.get_order, Access.READ),
    f"{V3}/openOrders": Call(order_rows.open_orders, Access.READ),
    f"{V3}/allOrders": Call(order_rows.all_orders, Access.READ),
    f"{V3}/myTrades": Call(order_rows.my_trades, Access.READ),
    f"{SAPI}/account/apiRestrictions": Call(account.restrictions, Access.READ),
    f"{SAPI}/asset/tradeFee": Call(account.trade_fees, Access.READ),
    f"{SAPI}/capital/config/getall": Call(account.coins, Access.READ),
}
"""GET, signed."""

PLACE: Final = Call(trading.place_order, Access.TRADE, ORDER_WEIGHT, orders=1)
TRY: Final = Call(trading.try_order, Access.TRADE)
CANCEL: Final = Call(trading.cancel_order, Access.TRADE, ORDER_WEIGHT)
CANCEL_OR_LIST: Final = Call(trading.cancel_order_or_list, Access.TRADE, ORDER_WEIGHT)
CANCEL_ALL: Final = Call(trading.cancel_open_orders, Access.TRADE, ORDER_WEIGHT)
REPLACE: Final = Call(trading.cancel_replace, Access.TRADE, ORDER_WEIGHT, orders=1)
AMEND: Final = Call(trading.amend_keeping_priority, Access.TRADE, ORDER_WEIGHT)

LISTS: Final = {
    f"{V3}/orderList/oco": (lists.place_oco, 2),
    f"{V3}/orderList/oto": (lists.place_oto, 2),
    f"{V3}/orderList/otoco": (lists.place_otoco, 3),
    f"{V3}/order/oco": (lists.place_old_oco, 2),
}
"""POST, and the orders that each places."""

ROUTES: Final[dict[str, dict[str, Call]]] = {
    path: {"GET": call} for path, call in (PUBLIC | PRIVATE).items()
}
"""Path → method → call."""
ROUTES[f"{V3}/order"] |= {"POST": PLACE, "DELETE": CANCEL}
ROUTES[f"{V3}/order/test"] = {"POST": TRY}
ROUTES[f"{V3}/order/cancelReplace"] = {"POST": REPLACE}
ROUTES[f"{V3}/order/amend/keepPriority"] = {"PUT": AMEND}
ROUTES[f"{V3}/openOrders"]["DELETE"] = CANCEL_ALL
ROUTES[f"{V3}/orderList"]["DELETE"] = Call(lists.cancel_list, Access.TRADE, ORDER_WEIGHT)
for _path, (_run, _orders) in LISTS.items():
    ROUTES[_path] = {"POST": Call(_run, Access.TRADE, ORDER_WEIGHT, orders=_orders)}

LISTEN_WEIGHT: Final = 2
ROUTES[f"{V3}/userDataStream"] = {
    "POST": Call(listen_keys.start, Access.KEY, LISTEN_WEIGHT),
    "PUT": Call(listen_keys.keep_alive, Access.KEY, LISTEN_WEIGHT),
    "DELETE": Call(listen_keys.stop, Access.KEY, LISTEN_WEIGHT),
}
