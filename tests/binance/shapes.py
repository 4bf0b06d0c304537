"""The answers as strictly typed clients read them: exact keys, integers, texts of 8 decimals, flags.

A text where a number belongs, a missing key, or one too many, fails the decoding.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Number = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]+\.[0-9]{8}$")]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Milliseconds = Annotated[int, msgspec.Meta(ge=1_500_000_000_000, le=4_000_000_000_000)]
Status = Literal[
    "NEW",
    "PARTIALLY_FILLED",
    "FILLED",
    "CANCELED",
    "REJECTED",
    "EXPIRED",
    "EXPIRED_IN_MATCH",
    "PENDING_NEW",
]
Type = Literal[
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
]
Side = Literal["BUY", "SELL"]
TimeInForce = Literal["GTC", "IOC", "FOK", "GTD"]


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing more, nothing less."""


def check(answer: Any, shape: Any) -> None:
    """The answer has exactly this shape."""
    msgspec.convert(answer, shape, strict=True)


class Depth(Strict):
    lastUpdateId: int
    bids: list[tuple[Number, Number]]
    asks: list[tuple[Number, Number]]


class Trade(Strict):
    id: int
    price: Number
    qty: Number
    quoteQty: Number
    time: Milliseconds
    isBuyerMaker: bool
    isBestMatch: bool


class Aggregate(Strict):
    a: int
    p: Number
    q: Number
    f: int
    l: int  # noqa: E741 - the dialect's name
    T: Milliseconds
    m: bool
    M: bool


Kline = tuple[
    int, Number, Number, Number, Number, Number, int, Number, int, Number, Number, Literal["0"]
]


class Average(Strict):
    mins: int
    price: Number
    closeTime: int


class MiniTicker(Strict, kw_only=True):
    symbol: Text
    openPrice: Number
    highPrice: Number
    lowPrice: Number
    lastPrice: Number
    volume: Number
    quoteVolume: Number
    openTime: Milliseconds
    closeTime: Milliseconds
    firstId: int
    lastId: int
    count: int


class WindowTicker(MiniTicker, kw_only=True):
    priceChange: Number
    priceChangePercent: Number
    weightedAvgPrice: Number


class DayTicker(WindowTicker, kw_only=True):
    prevClosePrice: Number
    lastQty: Number
    bidPrice: Number
    bidQty: Number
    askPrice: Number
    askQty: Number


class Price(Strict):
    symbol: Text
    price: Number


class BookTicker(Strict):
    symbol: Text
    bidPrice: Number
    bidQty: Number
    askPrice: Number
    askQty: Number


class RateLimit(Strict):
    rateLimitType: Literal["REQUEST_WEIGHT", "ORDERS", "RAW_REQUESTS"]
    interval: Literal["SECOND", "MINUTE", "DAY"]
    intervalNum: int
    limit: int


class UsedLimit(RateLimit):
    count: int


class Symbol(Strict):
    symbol: Text
    status: Literal["TRADING", "HALT", "AUCTION_MATCH", "BREAK"]
    baseAsset: Text
    baseAssetPrecision: int
    quoteAsset: Text
    quotePrecision: int
    quoteAssetPrecision: int
    baseCommissionPrecision: int
    quoteCommissionPrecision: int
    orderTypes: list[Type]
    icebergAllowed: bool
    ocoAllowed: bool
    otoAllowed: bool
    opoAllowed: bool
    quoteOrderQtyMarketAllowed: bool
    allowTrailingStop: bool
    cancelReplaceAllowed: bool
    amendAllowed: bool
    pegInstructionsAllowed: bool
    isSpotTradingAllowed: bool
    isMarginTradingAllowed: bool
    filters: list[dict[str, Any]]
    permissions: list[str]
    permissionSets: list[list[str]]
    defaultSelfTradePreventionMode: Text
    allowedSelfTradePreventionModes: list[str]


class ExchangeInfo(Strict):
    timezone: Literal["UTC"]
    serverTime: Milliseconds
    rateLimits: list[RateLimit]
    exchangeFilters: list[Any]
    symbols: list[Symbol]


class Ack(Strict, kw_only=True):
    symbol: Text
    orderId: int
    orderListId: int
    clientOrderId: Text
    transactTime: Milliseconds


class Terms(Strict, kw_only=True):
    price: Number
    origQty: Number
    executedQty: Number
    origQuoteOrderQty: Number
    cummulativeQuoteQty: Number
    status: Status
    timeInForce: TimeInForce
    type: Type
    side: Side
    selfTradePreventionMode: Text


class Acknowledged(Terms, kw_only=True):
    symbol: Text
    orderId: int
    orderListId: int
    clientOrderId: Text
    transactTime: Milliseconds


class Result(Acknowledged, kw_only=True):
    workingTime: int
    stopPrice: Number = ""
    icebergQty: Number = ""


class Fill(Strict):
    price: Number
    qty: Number
    commission: Number
    commissionAsset: Text
    tradeId: int


class Full(Result, kw_only=True):
    fills: list[Fill]


class Queried(Terms, kw_only=True):
    symbol: Text
    orderId: int
    orderListId: int
    clientOrderId: Text
    stopPrice: Number
    icebergQty: Number
    time: Milliseconds
    updateTime: Milliseconds
    isWorking: bool
    workingTime: int


class Canceled(Acknowledged, kw_only=True):
    origClientOrderId: Text
    stopPrice: Number = ""
    icebergQty: Number = ""


class MyTrade(Strict):
    symbol: Text
    id: int
    orderId: int
    orderListId: int
    price: Number
    qty: Number
    quoteQty: Number
    commission: Number
    commissionAsset: Text
    time: Milliseconds
    isBuyer: bool
    isMaker: bool
    isBestMatch: bool


class Balance(Strict):
    asset: Text
    free: Number
    locked: Number


class Rates(Strict):
    maker: Number
    taker: Number
    buyer: Number
    seller: Number


class Account(Strict):
    makerCommission: int
    takerCommission: int
    buyerCommission: int
    sellerCommission: int
    commissionRates: Rates
    canTrade: bool
    canWithdraw: bool
    canDeposit: bool
    brokered: bool
    requireSelfTradePrevention: bool
    preventSor: bool
    updateTime: Milliseconds
    accountType: Literal["SPOT"]
    balances: list[Balance]
    permissions: list[str]
    uid: int


class Discount(Strict):
    enabledForAccount: bool
    enabledForSymbol: bool
    discountAsset: Text
    discount: Number


class Commission(Strict):
    symbol: Text
    standardCommission: Rates
    specialCommission: Rates
    taxCommission: Rates
    discount: Discount


class RatesOfOrder(Strict):
    maker: Number
    taker: Number


class CommissionOfOrder(Strict):
    standardCommissionForOrder: RatesOfOrder
    specialCommissionForOrder: RatesOfOrder
    taxCommissionForOrder: RatesOfOrder
    discount: Discount


class Member(Strict):
    symbol: Text
    orderId: int
    clientOrderId: Text


class OrderList(Strict, kw_only=True):
    orderListId: int
    contingencyType: Literal["OCO", "OTO"]
    listStatusType: Literal["EXEC_STARTED", "ALL_DONE"]
    listOrderStatus: Literal["EXECUTING", "ALL_DONE"]
    listClientOrderId: Text
    transactionTime: Milliseconds
    symbol: Text
    orders: list[Member]


class PlacedList(OrderList, kw_only=True):
    orderReports: list[Result]


class CanceledList(OrderList, kw_only=True):
    orderReports: list[Canceled]


class Amended(Strict):
    symbol: Text
    orderId: int
    orderListId: int
    origClientOrderId: Text
    clientOrderId: Text
    price: Number
    qty: Number
    executedQty: Number
    preventedQty: Number
    quoteOrderQty: Number
    cumulativeQuoteQty: Number
    status: Status
    timeInForce: TimeInForce
    type: Type
    side: Side
    workingTime: int
    selfTradePreventionMode: Text


class Amendment(Strict):
    transactTime: Milliseconds
    executionId: int
    amendedOrder: Amended


class Replacement(Strict):
    cancelResult: Literal["SUCCESS"]
    newOrderResult: Literal["SUCCESS"]
    cancelResponse: Canceled
    newOrderResponse: Full | None


class Coin(Strict):
    coin: Text
    depositAllEnable: bool
    withdrawAllEnable: bool
    name: Text
    free: Number
    locked: Number
    freeze: str
    withdrawing: str
    ipoing: str
    ipoable: str
    storage: str
    isLegalMoney: bool
    trading: bool
    networkList: list[Any]


class Fee(Strict):
    symbol: Text
    makerCommission: Number
    takerCommission: Number


class Refusal(Strict):
    code: Annotated[int, msgspec.Meta(lt=0)]
    msg: Text
