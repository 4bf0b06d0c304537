"""What a market refuses whatever its book: fields that do not fit together, steps, limits.

Every refusal names the field and says what would be right; nothing is ever rounded.
"""

from __future__ import annotations

from markets.matching.commands import PlaceOrder
from markets.matching.events import Refused
from markets.matching.types import (
    MAX_OPEN_ORDERS_PER_ACCOUNT,
    MAX_UNITS,
    Asset,
    MarketSpec,
    OrderType,
    RejectReason,
    TimeInForce,
    format_units,
)


def check_new_order(
    spec: MarketSpec, command: PlaceOrder, market_price: int | None
) -> Refused | None:
    """Check a new order; `market_price` values a market order: last trade, else best opposite."""
    errors = _combination_errors(command)
    if errors:
        return _invalid(errors)
    if command.price is not None:
        _add(errors, "price", _price_error(spec, command.price))
    _add(errors, "quantity", _quantity_error(spec, command.quantity))
    if errors:
        return _invalid(errors)
    price = command.price if command.price is not None else market_price
    if price is not None:
        _add(errors, "quantity", _notional_error(spec, price, command.quantity))
    return _invalid(errors) if errors else None


def check_amendment(
    spec: MarketSpec, price: int, quantity: int, *, keeps_place: bool
) -> Refused | None:
    """Check an order's new price and total quantity; less at the same price may be under the minimum."""
    errors: dict[str, list[str]] = {}
    _add(errors, "price", _price_error(spec, price))
    if keeps_place:
        _add(
            errors, "quantity", _step_error("quantity", quantity, spec.lot_size, spec.base_decimals)
        )
    else:
        _add(errors, "quantity", _quantity_error(spec, quantity))
        if not errors:
            _add(errors, "quantity", _notional_error(spec, price, quantity))
    return _invalid(errors) if errors else None


def check_open_orders(count: int) -> Refused | None:
    """Refuse one more order of an account that has the allowed number resting."""
    if count < MAX_OPEN_ORDERS_PER_ACCOUNT:
        return None
    return Refused(
        RejectReason.INVALID_ORDER,
        f"the account has {count} open orders in this market, the most that is allowed",
    )


def check_specification(
    spec: MarketSpec, wanted: MarketSpec, *, orders_rest: bool
) -> Refused | None:
    """Refuse a specification that would change what resting orders or past rows mean."""
    errors: dict[str, list[str]] = {}
    for name in ("symbol", "base", "quote", "base_decimals", "quote_decimals", "id_base"):
        if getattr(spec, name) != getattr(wanted, name):
            errors[name] = [f"{name} of a market never changes"]
    if orders_rest:
        for name in ("tick_size", "lot_size"):
            if getattr(spec, name) != getattr(wanted, name):
                errors[name] = [
                    f"{name} cannot change under open orders: cancel them or close the market"
                ]
    if not errors:
        return None
    return Refused(RejectReason.CONFLICT, next(iter(errors.values()))[0], errors)


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


def _combination_errors(command: PlaceOrder) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if command.type is OrderType.LIMIT and command.price is None:
        errors["price"] = ["a limit order needs a price (or use type market)"]
    if command.type is OrderType.MARKET:
        if command.price is not None:
            errors["price"] = ["a market order has no price; use type limit to set one"]
        if command.time_in_force not in (None, TimeInForce.IOC):
            errors["time_in_force"] = [
                f"a market order is ioc: it never rests and is never {command.time_in_force}"
            ]
    if command.post_only and (
        command.type is OrderType.MARKET or command.effective_time_in_force is not TimeInForce.GTC
    ):
        errors["post_only"] = ["post_only goes with limit orders that may rest (gtc) only"]
    return errors


def _price_error(spec: MarketSpec, price: int) -> str | None:
    if price > MAX_UNITS:
        return f"price must be at most {spec.price_text(MAX_UNITS)}"
    return _step_error("price", price, spec.tick_size, spec.quote_decimals)


def _quantity_error(spec: MarketSpec, quantity: int) -> str | None:
    if not 0 < quantity <= spec.max_quantity:
        limit = spec.quantity_text(spec.max_quantity)
        return f"quantity must be more than 0 and at most max_quantity {limit}"
    error = _step_error("quantity", quantity, spec.lot_size, spec.base_decimals)
    if error is None and quantity < spec.min_quantity:
        error = f"quantity must be at least min_quantity {spec.quantity_text(spec.min_quantity)}"
    return error


def _step_error(name: str, value: int, step: int, decimals: int) -> str | None:
    if value <= 0:
        return f"{name} must be more than 0"
    below = value - value % step
    if below == value:
        return None
    nearest = [below, below + step] if below else [step]
    choices = " and ".join(format_units(choice, decimals) for choice in nearest)
    kind = "tick_size" if name == "price" else "lot_size"
    return (
        f"{name} {format_units(value, decimals)} is not a multiple of {kind} "
        f"{format_units(step, decimals)}; nearest: {choices}"
    )


def _notional_error(spec: MarketSpec, price: int, quantity: int) -> str | None:
    if spec.notional(price, quantity) >= spec.min_notional:
        return None
    minimum = format_units(spec.min_notional, spec.quote_decimals)
    return f"price × quantity must be at least min_notional {minimum} {spec.quote}"


def _add(errors: dict[str, list[str]], name: str, error: str | None) -> None:
    if error is not None:
        errors.setdefault(name, []).append(error)


def _invalid(errors: dict[str, list[str]]) -> Refused:
    return Refused(RejectReason.INVALID_ORDER, next(iter(errors.values()))[0], errors)
