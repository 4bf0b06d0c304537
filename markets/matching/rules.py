"""What a market refuses whatever its book: fields that do not fit together, steps, limits.

Every refusal names the field and says what would be right; nothing is ever rounded.
"""

from __future__ import annotations

from typing import Final

from markets.matching.commands import PlaceOrder
from markets.matching.events import Refused
from markets.matching.spec import MarketSpec
from markets.matching.types import (
    DEFAULT_STOP_SLIPPAGE,
    LIMITED,
    MARKET_STOPS,
    MAX_ICEBERG_PARTS,
    MAX_OPEN_ORDERS_PER_ACCOUNT,
    MAX_UNITS,
    MILLION,
    STOPS,
    Asset,
    MarketStatus,
    OrderType,
    RejectReason,
    Side,
    TimeInForce,
    format_units,
)

Errors = dict[str, list[str]]
_WITH_A_PRICE: Final = {
    OrderType.MARKET: OrderType.LIMIT,
    OrderType.STOP: OrderType.STOP_LIMIT,
    OrderType.TAKE_PROFIT: OrderType.TAKE_PROFIT_LIMIT,
}
"""The type that is the same with a limit price."""


def check_new_order(
    spec: MarketSpec,
    command: PlaceOrder,
    *,
    status: MarketStatus,
    market_price: int | None,
    now: int,
) -> Refused | None:
    """Check a new order; `market_price` values a market order: last trade, else best opposite."""
    errors = combination_errors(command)
    if status is MarketStatus.AUCTION:
        errors |= _auction_errors(command)
    if command.expires_at is not None and command.expires_at <= now and not errors:
        errors["expires_at"] = ["expires_at must be in the future"]
    if errors:
        return invalid(errors)
    for name, price in (("price", command.price), ("stop_price", command.stop_price)):
        if price is not None:
            _add(errors, name, price_error(spec, name, price))
    if command.quantity is not None:
        _add(errors, "quantity", quantity_error(spec, command.quantity))
    _add(errors, "display_quantity", _display_error(spec, command))
    _add(errors, "max_slippage", _slippage_error(command))
    if errors:
        return invalid(errors)
    price = command.price or command.stop_price or market_price
    if command.quote_quantity is not None:
        _add(errors, "quote_quantity", _quote_error(spec, command.quote_quantity, price))
    elif price is not None and command.quantity is not None:
        _add(errors, "quantity", _notional_error(spec, price, command.quantity))
    return invalid(errors) if errors else None


def check_amendment(
    spec: MarketSpec,
    *,
    price: int | None,
    stop_price: int | None,
    quantity: int | None,
    display_quantity: int | None,
    keeps_place: bool,
) -> Refused | None:
    """Check an order's new terms; less at the same prices may be under the minimum.

    Without a quantity: it is not the owner's to say, or nothing will be left of the order.
    """
    errors: Errors = {}
    for name, wanted in (("price", price), ("stop_price", stop_price)):
        if wanted is not None:
            _add(errors, name, price_error(spec, name, wanted))
    if quantity is None:
        return invalid(errors) if errors else None
    if keeps_place:
        _add(
            errors, "quantity", _step_error("quantity", quantity, spec.lot_size, spec.base_decimals)
        )
    else:
        _add(errors, "quantity", quantity_error(spec, quantity))
        _add(errors, "quantity", _parts_error(display_quantity, quantity))
        worth = price or stop_price
        if not errors and worth is not None:
            _add(errors, "quantity", _notional_error(spec, worth, quantity))
    return invalid(errors) if errors else None


def check_open_orders(count: int, more: int = 1) -> Refused | None:
    """Refuse more orders of an account than may rest or wait."""
    if count + more <= MAX_OPEN_ORDERS_PER_ACCOUNT:
        return None
    return Refused(
        RejectReason.INVALID_ORDER,
        f"the account has {count} open orders in this market, the most that is allowed",
    )


def check_specification(
    spec: MarketSpec, wanted: MarketSpec, *, orders_live: bool
) -> Refused | None:
    """Refuse a specification that would change what live orders or past rows mean."""
    errors: Errors = {}
    for name in ("symbol", "base", "quote", "base_decimals", "quote_decimals", "id_base"):
        if getattr(spec, name) != getattr(wanted, name):
            errors[name] = [f"{name} of a market never changes"]
    if orders_live:
        for name in ("tick_size", "lot_size"):
            if getattr(spec, name) != getattr(wanted, name):
                errors[name] = [
                    f"{name} cannot change under open orders: cancel them or close the market"
                ]
    if not errors:
        return None
    return Refused(RejectReason.CONFLICT, next(iter(errors.values()))[0], errors)


def worst_stop_price(
    spec: MarketSpec, side: Side, stop_price: int, max_slippage: int | None
) -> int | None:
    """The worst price that a stop without a limit may trade at once it is triggered; None: any.

    A buy has always one, since its money is held from entry.
    """
    if max_slippage is None and side is Side.SELL:
        return None
    ratio = max_slippage
    if ratio is None:
        ratio = DEFAULT_STOP_SLIPPAGE if spec.price_band is None else spec.price_band
    return spec.worst_price(side, 2 * stop_price, ratio)


def insufficient_funds(spec: MarketSpec, asset: Asset, need: int, available: int) -> Refused:
    """Say what an order needs and what there is."""
    name, decimals = (
        (spec.base, spec.base_decimals)
        if asset is Asset.BASE
        else (spec.quote, spec.quote_decimals)
    )
    return Refused(
        RejectReason.INSUFFICIENT_FUNDS,
        f"needs {format_units(need, decimals)} {name}, "
        f"available {format_units(available, decimals)} {name}",
    )


def post_only_would_take(spec: MarketSpec, best: int) -> Refused:
    """Say which price is in the way of a post-only order."""
    message = f"the order would take: the best opposite price is {spec.price_text(best)}"
    return Refused(RejectReason.POST_ONLY_WOULD_TAKE, message, {"price": [message]})


def stop_would_trigger(spec: MarketSpec, price: int) -> Refused:
    """Say which price a stop has reached that was to wait."""
    message = f"the stop would be triggered at once: the last price is {spec.price_text(price)}"
    return Refused(RejectReason.STOP_WOULD_TRIGGER, message, {"stop_price": [message]})


def price_out_of_band(spec: MarketSpec, side: Side, limit: int) -> Refused:
    """Say how far a limit price may go."""
    most = "at most" if side is Side.BUY else "at least"
    message = f"price must be {most} {spec.price_text(limit)} now: the price band"
    return Refused(RejectReason.PRICE_OUT_OF_BAND, message, {"price": [message]})


def combination_errors(command: PlaceOrder) -> Errors:
    """Fields that do not go together, whatever the market."""
    errors: Errors = {}
    is_market_order = command.type not in LIMITED
    wanted = command.effective_time_in_force
    if not is_market_order and command.price is None:
        hint = " (or use type market)" if command.type is OrderType.LIMIT else ""
        errors["price"] = [f"a {command.type} order needs a price{hint}"]
    if is_market_order and command.price is not None:
        limited = _WITH_A_PRICE[command.type]
        errors["price"] = [f"a {command.type} order has no price; use type {limited} to set one"]
    if command.type in STOPS and command.stop_price is None:
        errors["stop_price"] = [f"a {command.type} order needs a stop_price"]
    if command.type not in STOPS and command.stop_price is not None:
        errors["stop_price"] = [
            "stop_price goes with types stop, stop_limit and take_profit(_limit) only"
        ]
    if command.type is OrderType.MARKET and wanted is not TimeInForce.IOC:
        errors["time_in_force"] = [
            f"a market order is ioc: it never rests and is never {command.time_in_force}"
        ]
    if command.type in MARKET_STOPS and wanted is TimeInForce.FOK:
        errors["time_in_force"] = [f"a {command.type} becomes a market order, which is never fok"]
    if command.must_wait and command.type not in STOPS:
        errors["must_wait"] = ["must_wait goes with stops and take profits only"]
    _add_rest_errors(errors, command)
    _add_amount_errors(errors, command)
    return errors


def _add_rest_errors(errors: Errors, command: PlaceOrder) -> None:
    """What only orders have that may rest or wait."""
    wanted = command.effective_time_in_force
    rests = wanted in (TimeInForce.GTC, TimeInForce.GTD)
    if command.post_only and not (command.type is OrderType.LIMIT and rests):
        errors["post_only"] = ["post_only goes with limit orders that may rest (gtc, gtd) only"]
    is_limit = command.type in LIMITED
    if command.display_quantity is not None and not (is_limit and rests):
        errors["display_quantity"] = [
            "display_quantity goes with limit orders that may rest (gtc, gtd) only"
        ]
    if wanted is TimeInForce.GTD and command.expires_at is None:
        errors["expires_at"] = ["a gtd order needs expires_at"]
    if wanted is not TimeInForce.GTD and command.expires_at is not None:
        errors["expires_at"] = ["expires_at goes with time_in_force gtd only"]


def _add_amount_errors(errors: Errors, command: PlaceOrder) -> None:
    """How much, and how far."""
    if command.quote_quantity is not None and command.type is not OrderType.MARKET:
        errors["quote_quantity"] = ["quote_quantity goes with market orders only"]
    elif command.quote_quantity is not None and command.quantity is not None:
        errors["quote_quantity"] = ["give quantity or quote_quantity, not both"]
    elif command.quote_quantity is None and command.quantity is None:
        errors["quantity"] = ["an order needs a quantity"]
    if command.max_slippage is not None and command.type in LIMITED:
        errors["max_slippage"] = ["max_slippage goes with types market, stop and take_profit only"]


def _auction_errors(command: PlaceOrder) -> Errors:
    errors: Errors = {}
    if command.type is OrderType.MARKET:
        errors["type"] = ["an auction takes no market orders"]
    elif command.effective_time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        errors["time_in_force"] = [f"an auction takes no {command.time_in_force} orders"]
    if command.post_only:
        errors["post_only"] = ["an auction takes no post-only orders"]
    return errors


def price_error(spec: MarketSpec, name: str, price: int) -> str | None:
    """What is wrong with a price, or nothing."""
    if price > MAX_UNITS:
        return f"{name} must be at most {spec.price_text(MAX_UNITS)}"
    return _step_error(name, price, spec.tick_size, spec.quote_decimals)


def quantity_error(spec: MarketSpec, quantity: int) -> str | None:
    """What is wrong with a quantity, or nothing."""
    if not 0 < quantity <= spec.max_quantity:
        limit = spec.quantity_text(spec.max_quantity)
        return f"quantity must be more than 0 and at most max_quantity {limit}"
    error = _step_error("quantity", quantity, spec.lot_size, spec.base_decimals)
    if error is None and quantity < spec.min_quantity:
        error = f"quantity must be at least min_quantity {spec.quantity_text(spec.min_quantity)}"
    return error


def _display_error(spec: MarketSpec, command: PlaceOrder) -> str | None:
    shown, quantity = command.display_quantity, command.quantity
    if shown is None or quantity is None:
        return None
    if shown > quantity:
        return f"display_quantity must be at most quantity {spec.quantity_text(quantity)}"
    error = _step_error("display_quantity", shown, spec.lot_size, spec.base_decimals)
    if error is None and shown < spec.min_quantity:
        smallest = spec.quantity_text(spec.min_quantity)
        error = f"display_quantity must be at least min_quantity {smallest}"
    return error or _parts_error(shown, quantity)


def _parts_error(shown: int | None, quantity: int) -> str | None:
    if shown is None or shown * MAX_ICEBERG_PARTS >= quantity:
        return None
    return f"quantity may be shown in at most {MAX_ICEBERG_PARTS} parts of display_quantity"


def _slippage_error(command: PlaceOrder) -> str | None:
    if command.max_slippage is None or 0 <= command.max_slippage <= MILLION:
        return None
    return "max_slippage is a ratio from 0 to 1: 0.01 is 1 %"


def _quote_error(spec: MarketSpec, amount: int, price: int | None) -> str | None:
    if amount <= 0:
        return "quote_quantity must be more than 0"
    if amount > MAX_UNITS:
        return f"quote_quantity must be at most {spec.price_text(MAX_UNITS)}"
    if amount < spec.min_notional:
        minimum = format_units(spec.min_notional, spec.quote_decimals)
        return f"quote_quantity must be at least min_notional {minimum} {spec.quote}"
    if price is None:
        return None
    quantity = spec.lots_for(amount, price)
    if quantity < spec.min_quantity:
        smallest = spec.quantity_text(spec.min_quantity)
        return f"quote_quantity is worth less than min_quantity {smallest} {spec.base}"
    if quantity > spec.max_quantity:
        largest = spec.quantity_text(spec.max_quantity)
        return f"quote_quantity is worth more than max_quantity {largest} {spec.base}"
    return None


def _step_error(name: str, value: int, step: int, decimals: int) -> str | None:
    if value <= 0:
        return f"{name} must be more than 0"
    below = value - value % step
    if below == value:
        return None
    nearest = [below, below + step] if below else [step]
    choices = " and ".join(format_units(choice, decimals) for choice in nearest)
    kind = "tick_size" if name in ("price", "stop_price") else "lot_size"
    return (
        f"{name} {format_units(value, decimals)} is not a multiple of {kind} "
        f"{format_units(step, decimals)}; nearest: {choices}"
    )


def _notional_error(spec: MarketSpec, price: int, quantity: int) -> str | None:
    if spec.notional(price, quantity) >= spec.min_notional:
        return None
    minimum = format_units(spec.min_notional, spec.quote_decimals)
    return f"price × quantity must be at least min_notional {minimum} {spec.quote}"


def _add(errors: Errors, name: str, error: str | None) -> None:
    if error is not None:
        errors.setdefault(name, []).append(error)


def invalid(errors: Errors) -> Refused:
    """Refuse an order for its fields."""
    return Refused(RejectReason.INVALID_ORDER, next(iter(errors.values()))[0], errors)
