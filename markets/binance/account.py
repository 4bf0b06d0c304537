"""An account's money and fees, and the limits that it has used.

The dialect knows one pair of commission rates for an account, the exchange one for each market: of an
account it is the highest of them, of a market it is exact.
"""

from __future__ import annotations

from typing import Any, Final

from markets import accounts, models
from markets.binance import usage
from markets.binance.calls import JSON, Request
from markets.binance.errors import REJECTED_KEY, DialectError
from markets.binance.symbols import names, view_of
from markets.binance.texts import ZERO, padded, ratio
from markets.binance.time_unit import moment_json, now_json
from markets.matching.spec import MarketSpec
from markets.matching.types import FeeRates
from markets.models.markets import millionths

BASIS_POINT: Final = 100
"""In millionths."""
CASH: Final = frozenset({"USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD"})
"""Assets that are legal money."""


def rates_of(account: int) -> dict[str, FeeRates]:
    """What an account pays, by market. Blocking."""
    own = {
        row[0]: FeeRates(*row[1:])
        for row in models.AccountFees.objects.filter(account=account).values_list(
            "market__symbol", "maker_fee_rate", "taker_fee_rate"
        )
    }
    rows = models.Market.objects.values_list("symbol", "maker_fee_rate", "taker_fee_rate")
    return {
        symbol: own.get(symbol)
        or FeeRates(millionths("maker_fee_rate", maker), millionths("taker_fee_rate", taker))
        for symbol, maker, taker in rows
    }


def _balances(account: models.Account) -> list[JSON]:
    """Of every asset that there is, whether the account has any or not."""
    own = {row["asset"]: row for row in accounts.balances(account)}
    found = []
    for symbol in models.Asset.objects.order_by("symbol").values_list("symbol", flat=True):
        row = own.get(symbol, {"available": "0", "held": "0"})
        found.append(
            {"asset": symbol, "free": padded(row["available"]), "locked": padded(row["held"])}
        )
    return found


async def account(request: Request) -> JSON:
    """The balances, and what the account may do."""
    who = request.who
    without_zeros = request.params.flag("omitZeroBalances")
    balances = await request.read(_balances, who.account)
    rates = (await request.read(rates_of, request.account)).values()
    maker = max((each.maker for each in rates), default=0)
    taker = max((each.taker for each in rates), default=0)
    return {
        "makerCommission": max(maker, 0) // BASIS_POINT,
        "takerCommission": taker // BASIS_POINT,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": ratio(maker),
            "taker": ratio(taker),
            "buyer": ZERO,
            "seller": ZERO,
        },
        "canTrade": who.can_trade and not await request.read(_is_frozen, request.account),
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": True,
        "preventSor": False,
        "updateTime": now_json(),
        "accountType": "SPOT",
        "balances": [
            row
            for row in balances
            if not without_zeros or (row["free"], row["locked"]) != (ZERO, ZERO)
        ],
        "permissions": ["SPOT"],
        "uid": request.account,
    }


def _is_frozen(account: int) -> bool:
    return models.FrozenAccount.objects.filter(account=account).exists()


_NONE: Final = {"maker": ZERO, "taker": ZERO, "buyer": ZERO, "seller": ZERO}


async def commission(request: Request) -> JSON:
    """What the account pays in a market."""
    name = request.params.symbol()
    spec = view_of(name).spec
    rates = (await request.read(rates_of, request.account))[spec.symbol]
    return {
        "symbol": name,
        "standardCommission": {**_NONE, "maker": ratio(rates.maker), "taker": ratio(rates.taker)},
        "specialCommission": _NONE,
        "taxCommission": _NONE,
        "discount": _no_discount(spec),
    }


def _no_discount(spec: MarketSpec) -> JSON:
    return {
        "enabledForAccount": False,
        "enabledForSymbol": False,
        "discountAsset": spec.quote,
        "discount": ZERO,
    }


async def commission_of_order(request: Request, spec: MarketSpec) -> JSON:
    """What an order that is only tried would pay."""
    rates = (await request.read(rates_of, request.account))[spec.symbol]
    none = {"maker": ZERO, "taker": ZERO}
    return {
        "standardCommissionForOrder": {"maker": ratio(rates.maker), "taker": ratio(rates.taker)},
        "specialCommissionForOrder": none,
        "taxCommissionForOrder": none,
        "discount": _no_discount(spec),
    }


async def restrictions(request: Request) -> JSON:
    """What the key may do."""
    row: models.ApiKey | None = await request.read(_key_row, request.api_key)
    if row is None:  # it was revoked meanwhile
        raise DialectError(REJECTED_KEY)
    return {
        "ipRestrict": bool(row.allowed_ips),
        "createTime": moment_json(row.created_at),
        "enableReading": row.can_read,
        "enableSpotAndMarginTrading": row.can_trade,
        "enableWithdrawals": False,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enablePortfolioMarginTrading": False,
    }


def _key_row(api_key: str) -> models.ApiKey | None:
    return models.ApiKey.objects.filter(key_id=api_key).first()


async def order_limits(request: Request) -> list[JSON]:
    """The limits of orders with what was used of them."""
    caller = str(request.account)
    return [window.as_json(caller) for window in usage.orders]


async def trade_fees(request: Request) -> list[JSON]:
    """What the account pays in a market, or in all."""
    asked = request.params.optional_symbol()
    views = names().views if asked is None else {asked: view_of(asked)}
    rates = await request.read(rates_of, request.account)
    return [
        {
            "symbol": name,
            "makerCommission": ratio(rates[view.symbol].maker),
            "takerCommission": ratio(rates[view.symbol].taker),
        }
        for name, view in views.items()
    ]


async def coins(request: Request) -> list[JSON]:
    """Every asset with what the account has of it; none of them leaves or comes by a network."""
    balances = await request.read(_balances, request.who.account)
    networks: list[Any] = []
    return [
        {
            "coin": row["asset"],
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "name": row["asset"],
            "free": row["free"],
            "locked": row["locked"],
            "freeze": "0",
            "withdrawing": "0",
            "ipoing": "0",
            "ipoable": "0",
            "storage": "0",
            "isLegalMoney": row["asset"] in CASH,
            "trading": True,
            "networkList": networks,
        }
        for row in balances
    ]
