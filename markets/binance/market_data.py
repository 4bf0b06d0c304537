"""Public data of a market: what it is, its trades, its average price."""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec

from markets import history
from markets.binance import usage
from markets.binance.calls import JSON, Request
from markets.binance.errors import BAD_COMBINATION, DialectError, illegal
from markets.binance.symbols import STATUSES, names, view_of
from markets.binance.texts import ZERO, fixed, quotient, ratio
from markets.binance.time_unit import now_json, time_json
from markets.hub import MarketView
from markets.matching.events import Trade
from markets.matching.spec import MarketSpec
from markets.matching.types import (
    MAX_ICEBERG_PARTS,
    MAX_OPEN_ORDERS_PER_ACCOUNT,
    MAX_UNITS,
    MILLION,
    Side,
)
from markets.models import ID_BITS

MAX_TRADES: Final = 1000
DEFAULT_TRADES: Final = 500
AVERAGE_MINUTES: Final = 5
PRECISION: Final = 8
ORDER_TYPES: Final = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
DEFAULT_PREVENTION: Final = "EXPIRE_TAKER"
PREVENTIONS: Final = ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT")
"""An account never trades with itself: what gives way is always one of these."""
NO_LIMIT: Final = 1_000_000
"""A multiplier of the price that no order reaches."""


def key_of(spec: MarketSpec) -> int:
    """A market's key in the rows."""
    return spec.id_base >> ID_BITS


async def ping(request: Request) -> JSON:
    """Whether anybody is there."""
    del request
    return {}


async def server_time(request: Request) -> JSON:
    """The server's clock."""
    del request
    return {"serverTime": now_json()}


# Exchange information


async def exchange_info(request: Request) -> JSON:
    """The limits, and the markets with their rules."""
    views = _asked_for(request)
    return {
        "timezone": "UTC",
        "serverTime": now_json(),
        "rateLimits": [window.as_json() for window in (usage.weight, *usage.orders)],
        "exchangeFilters": [],
        "symbols": [symbol_json(name, view) for name, view in views.items()],
    }


def _asked_for(request: Request) -> dict[str, MarketView]:
    """The markets that `symbol`, `symbols`, `permissions` and `symbolStatus` leave."""
    params = request.params
    one, several = params.optional_symbol(), params.symbols()
    if one is not None and several is not None:
        raise DialectError(BAD_COMBINATION)
    chosen = [one] if one is not None else several
    found = names().views if chosen is None else {name: view_of(name) for name in chosen}
    if "SPOT" not in _permissions(params.text("permissions")):
        return {}
    status = params.choice("symbolStatus", list(STATUSES.values()))
    return {n: view for n, view in found.items() if status in (None, STATUSES[view.status])}


def _permissions(text: str | None) -> list[str]:
    if text is None:
        return ["SPOT"]
    if not text.startswith("["):
        return [text]
    try:
        return msgspec.json.decode(text, type=list[str])
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise illegal("permissions", "^[A-Z0-9_]{1,20}$") from None


def symbol_json(name: str, view: MarketView) -> JSON:
    """A market, as clients read its rules."""
    spec = view.spec
    return {
        "symbol": name,
        "status": STATUSES[view.status],
        "baseAsset": spec.base,
        "baseAssetPrecision": PRECISION,
        "quoteAsset": spec.quote,
        "quotePrecision": PRECISION,
        "quoteAssetPrecision": PRECISION,
        "baseCommissionPrecision": PRECISION,
        "quoteCommissionPrecision": PRECISION,
        "orderTypes": list(ORDER_TYPES),
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(spec),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": DEFAULT_PREVENTION,
        "allowedSelfTradePreventionModes": list(PREVENTIONS),
    }


def _filters(spec: MarketSpec) -> list[JSON]:
    """PRICE_FILTER first: some clients look there for the tick."""
    base, quote = spec.base_decimals, spec.quote_decimals
    found: list[JSON] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": fixed(spec.tick_size, quote),
            "maxPrice": fixed(MAX_UNITS - MAX_UNITS % spec.tick_size, quote),
            "tickSize": fixed(spec.tick_size, quote),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": fixed(spec.min_quantity, base),
            "maxQty": fixed(spec.max_quantity, base),
            "stepSize": fixed(spec.lot_size, base),
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": fixed(spec.min_notional, quote),
            "applyMinToMarket": True,
            "maxNotional": fixed(MAX_UNITS, quote),
            "applyMaxToMarket": False,
            "avgPriceMins": 0,
        },
        {"filterType": "ICEBERG_PARTS", "limit": MAX_ICEBERG_PARTS},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MAX_OPEN_ORDERS_PER_ACCOUNT},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": MAX_OPEN_ORDERS_PER_ACCOUNT},
    ]
    if spec.price_band is not None:
        found.append(
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": ratio(MILLION + spec.price_band),
                "bidMultiplierDown": ZERO,
                "askMultiplierUp": ratio(MILLION * NO_LIMIT),
                "askMultiplierDown": ratio(MILLION - spec.price_band),
                "avgPriceMins": 0,
            }
        )
    return found


# Trades


def trade_json(trade: Trade, spec: MarketSpec) -> JSON:
    """A trade, as everybody may see it."""
    return {
        "id": trade.id,
        "price": fixed(trade.price, spec.quote_decimals),
        "qty": fixed(trade.quantity, spec.base_decimals),
        "quoteQty": fixed(trade.amount, spec.quote_decimals),
        "time": time_json(trade.timestamp),
        "isBuyerMaker": trade.taker_side is Side.SELL,
        "isBestMatch": True,
    }


def aggregate_json(trade: Trade, spec: MarketSpec) -> JSON:
    """The same as an aggregate of one."""
    return {
        "a": trade.id,
        "p": fixed(trade.price, spec.quote_decimals),
        "q": fixed(trade.quantity, spec.base_decimals),
        "f": trade.id,
        "l": trade.id,
        "T": time_json(trade.timestamp),
        "m": trade.taker_side is Side.SELL,
        "M": True,
    }


async def trades(request: Request) -> list[JSON]:
    """The newest trades, oldest first."""
    spec = view_of(request.params.symbol()).spec
    limit = request.params.limit(DEFAULT_TRADES, MAX_TRADES)
    found = await request.read(history.trades_to, key_of(spec), None, limit)
    return [trade_json(trade, spec) for trade in found]


async def historical_trades(request: Request) -> list[JSON]:
    """Trades from an id on, oldest first; without one the newest."""
    first = request.params.integer("fromId")
    if first is None:
        return await trades(request)
    spec = view_of(request.params.symbol()).spec
    limit = request.params.limit(DEFAULT_TRADES, MAX_TRADES)
    found = await request.read(history.trades_from, key_of(spec), first, limit)
    return [trade_json(trade, spec) for trade in found]


async def aggregate_trades(request: Request) -> list[JSON]:
    """Trades from an id on, or of a time; without both the newest."""
    params = request.params
    spec = view_of(params.symbol()).spec
    first, limit = params.integer("fromId"), params.limit(DEFAULT_TRADES, MAX_TRADES)
    start, end = times(request)
    if first is not None and (start is not None or end is not None):
        raise DialectError(BAD_COMBINATION)
    found = await request.read(_trades_of, key_of(spec), first, start, end, limit)
    return [aggregate_json(trade, spec) for trade in found]


def _trades_of(
    market: int, first: int | None, start: int | None, end: int | None, limit: int
) -> list[Trade]:
    """Between two moments in microseconds, both included."""
    last = None if end is None else history.first_id_from(market, end + 1) - 1
    if start is not None:
        first = history.first_id_from(market, start)
    if first is None:
        return history.trades_to(market, last, limit)
    found = history.trades_from(market, first, limit)
    return found if last is None else [trade for trade in found if trade.id <= last]


LEAST_MICROSECONDS: Final = 10**15
"""A time from here on is in microseconds; in milliseconds there is nothing so late."""
MAX_TIME: Final = LEAST_MICROSECONDS * 100


def times(request: Request) -> tuple[int | None, int | None]:
    """`startTime` and `endTime`, in either unit, in microseconds; the end is a millisecond's last one."""
    start = request.params.integer("startTime", most=MAX_TIME)
    end = request.params.integer("endTime", most=MAX_TIME)
    if start is not None and start < LEAST_MICROSECONDS:
        start *= 1000
    if end is not None and end < LEAST_MICROSECONDS:
        end = end * 1000 + 999
    if start is not None and end is not None and start > end:
        raise DialectError(BAD_COMBINATION)
    return start, end


async def average_price(request: Request) -> JSON:
    """The average price of the last minutes."""
    view = view_of(request.params.symbol())
    price, last = average(view)
    return {"mins": AVERAGE_MINUTES, "price": price, "closeTime": last}


def average(view: MarketView) -> tuple[str, int]:
    """The last minutes' average by volume, or the last price; and the last trade's time."""
    spec = view.spec
    recent = view.day.since(time.time() - AVERAGE_MINUTES * 60)
    price = ZERO if view.last_price is None else fixed(view.last_price, spec.quote_decimals)
    if recent is not None:
        price = quotient(
            recent.quote_volume * 10**spec.base_decimals, recent.volume * 10**spec.quote_decimals
        )
    return price, time_json(view.trades[0].timestamp if view.trades else 0)


# What clients ask for that there is nothing of here


async def no_derivatives(request: Request) -> JSON:
    """The information of a derivatives exchange without markets."""
    del request
    empty: list[Any] = []
    return {
        "timezone": "UTC",
        "serverTime": now_json(),
        "rateLimits": empty,
        "exchangeFilters": empty,
        "assets": empty,
        "symbols": empty,
    }


async def system_status(request: Request) -> JSON:
    """Whether the exchange is being maintained."""
    del request
    return {"status": 0, "msg": "normal"}


async def nothing(request: Request) -> list[JSON]:
    """A list of what there is none of."""
    del request
    return []
