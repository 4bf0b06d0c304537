"""Which address asks what: REST's paths and methods, and the calls behind them."""

from __future__ import annotations

from typing import Final

from markets.binance import depth, klines, market_data, tickers
from markets.binance.calls import Call

V3: Final = "/api/v3"

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
    "/sapi/v1/system/status": Call(market_data.system_status),
    "/sapi/v1/margin/allPairs": Call(market_data.nothing),
    "/sapi/v1/margin/isolated/allPairs": Call(market_data.nothing),
    "/sapi/v1/spot/delist-schedule": Call(market_data.nothing),
}
"""GET, for everybody."""

ROUTES: Final[dict[str, dict[str, Call]]] = {path: {"GET": call} for path, call in PUBLIC.items()}
"""Path → method → call."""
