"""The model's market: every command in the plainest way."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

from markets.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelAllAfter,
    CancelLost,
    CancelOrder,
    Command,
    ConfigureMarket,
    FireTimers,
    KeepOrders,
    PlaceGroup,
    PlaceOrder,
    SetFeeRates,
    SetFrozen,
    SetMarketStatus,
)
from markets.matching.events import (
    CancelAfterSet,
    Event,
    FeeRatesSet,
    FrozenSet,
    MarketConfigured,
    OrderAccepted,
    OrderAmended,
    OrderKept,
)
from markets.matching.types import (
    MARKET_STOPS,
    FeeRates,
    GroupRole,
    MarketStatus,
    Reason,
    RejectReason,
    Side,
)
from tests.matching.model.orders import (
    ENDED,
    ModelOrder,
    RefusedError,
    makes_sense,
    reaches,
    worst,
    worst_stop_price,
)
from tests.matching.model.trading import Trading

EXITS = (GroupRole.TAKE_PROFIT, GroupRole.STOP_LOSS)


class Model(Trading):
    """One market."""

    def execute(self, command: Command) -> tuple[RejectReason | None, list[Event]]:
        """Carry out a command: (None, its events), or (why not, nothing)."""
        self.events = []
        try:
            self._dispatch(command)
        except RefusedError as refused:
            return refused.code, []
        self.follow_up()
        return None, self.events

    def _dispatch(self, command: Command) -> None:
        match command:
            case PlaceOrder():
                self._place([command], [None])
            case PlaceGroup():
                self._place(command.orders, command.roles)
            case AmendOrder():
                self._amend(command)
            case CancelOrder():
                self.cancel(self._find(command), command.reason)
            case CancelAll():
                self._cancel_all(
                    command.reason,
                    lambda order: (
                        order.account == command.account
                        and command.side in (None, order.side)
                        and command.connection in (None, order.connection)
                    ),
                )
            case CancelLost():
                self._cancel_all(
                    Reason.CANCEL_ON_DISCONNECT,
                    lambda order: (order.connection or "").startswith(f"{command.gateway}."),
                )
            case KeepOrders():
                for order in self.live():
                    if (order.account, order.connection) == (command.account, command.connection):
                        order.connection = None
                        self.events.append(OrderKept(self.next(), order.id))
                        self.touch(order)
            case CancelAllAfter():
                self._set_cancel_after(command.account, command.at)
            case SetMarketStatus():
                if command.seconds is not None and command.status is not MarketStatus.AUCTION:
                    raise RefusedError(RejectReason.INVALID_ORDER)
                timed = command.seconds is not None or self.auction_ends_at is not None
                if command.status is not self.status or timed:
                    self._change_status(command.status, command.seconds)
            case ConfigureMarket():
                self._check_fee_rates([command.spec.fee_rates, *self.rates.values()])
                if command.spec != self.spec:
                    self.spec = command.spec
                    self.events.append(MarketConfigured(self.next(), command.spec))
            case SetFeeRates():
                self._set_fee_rates(command.rates)
            case SetFrozen():
                if (command.account in self.frozen) != command.frozen:
                    self.frozen ^= {command.account}
                    event = FrozenSet(self.next(), command.account, command.frozen)
                    self.events.append(event)
                if command.frozen:
                    self._cancel_all_of(command.account, Reason.ACCOUNT_FROZEN)
            case FireTimers():
                self._fire_timers()

    # Placing

    def _place(self, wishes: Iterable[PlaceOrder], roles: Iterable[GroupRole | None]) -> None:
        wishes, roles = list(wishes), list(roles)
        if self._placed_before(wishes, roles):
            return
        self._check_may_act(wishes[0].account, wishes[0].deadline)
        self._check_group(wishes, roles)
        orders = []
        for wish, role in zip(wishes, roles, strict=True):
            whole = (
                wish if wish.quantity or not role else wish._replace(quantity=wishes[0].quantity)
            )
            self._check_fields(whole)
            orders.append(self._order_of(wish, role))
        self._check_funds(orders)
        if wishes[0].post_only and self.best_for(orders[0]):
            raise RefusedError(RejectReason.POST_ONLY_WOULD_TAKE)
        if any(wish.must_wait and self.would_trigger(wish) for wish in wishes):
            raise RefusedError(RejectReason.STOP_WOULD_TRIGGER)
        if wishes[0].validate_only:
            return
        for order in orders:
            order.id = order.place = self.next()
            self.events.append(OrderAccepted(order.id, order.id))
            self.orders.append(order)
        if len(orders) > 1:
            for order in orders:
                order.group = orders[0].id
            self.unsettled.append(orders[0].id)
        # An exit sleeps until the entry has brought something; of a pair the stop waits first.
        for order in orders if orders[0].role is GroupRole.ENTRY else reversed(orders):
            if order.role in EXITS:
                self.asleep.append(order)
            else:
                self.enter(order)

    def would_trigger(self, wish: PlaceOrder) -> bool:
        """Whether a stop would be triggered as soon as it is placed."""
        return (
            self.status is MarketStatus.OPEN
            and self.last_price is not None
            and wish.stop_price is not None
            and reaches(self.last_price, wish, wish.stop_price)
        )

    def _placed_before(self, wishes: list[PlaceOrder], roles: list[GroupRole | None]) -> bool:
        content = [self._content(*each) for each in zip(wishes, roles, strict=True)]
        for place, wish in enumerate(wishes):
            for order in self.orders:
                if (order.account, order.wish.client_order_id) != (
                    wish.account,
                    wish.client_order_id or "",
                ):
                    continue
                group = [order] if order.group is None else self.group(order.group)
                before = [self._content(each.wish, each.role) for each in group]
                if before != content or group.index(order) != place:
                    raise RefusedError(RejectReason.CONFLICT)
                return True
        return False

    @staticmethod
    def _content(wish: PlaceOrder, role: GroupRole | None) -> tuple[object, ...]:
        wanted = wish.effective_time_in_force
        plain = wish._replace(
            time_in_force=wanted,
            deadline=None,
            validate_only=False,
            connection=None,
            must_wait=False,
        )
        return role, plain

    def _check_may_act(self, account: int, deadline: int | None) -> None:
        if deadline is not None and deadline < self.now:
            raise RefusedError(RejectReason.DEADLINE_PASSED)
        if account in self.frozen:
            raise RefusedError(RejectReason.ACCOUNT_FROZEN)
        if self.status in (MarketStatus.HALTED, MarketStatus.CLOSED):
            raise RefusedError(RejectReason.MARKET_NOT_OPEN)

    @staticmethod
    def _check_group(wishes: list[PlaceOrder], roles: list[GroupRole | None]) -> None:
        if roles[0] is None:
            return
        if len(wishes) == 1:
            raise RefusedError(RejectReason.INVALID_ORDER)
        first = wishes[0]
        names = [wish.client_order_id for wish in wishes if wish.client_order_id]
        parts = dict(zip(roles, wishes, strict=True))
        sign = 1 if wishes[1].side is Side.SELL else -1
        takes_profit = first.type.startswith("take_profit")
        better = first.stop_price if takes_profit else first.price
        worse = wishes[1].stop_price
        fits = len(set(names)) == len(names)
        if first.side is wishes[1].side:
            may_rest = first.effective_time_in_force in ("gtc", "gtd")
            fits = fits and (takes_profit or (first.type == "limit" and may_rest))
            fits = fits and (not better or not worse or better * sign > worse * sign)
        else:
            profit, loss = (
                parts[role].stop_price or parts[role].price if role in parts else None
                for role in EXITS
            )
            entry = first.price or first.stop_price
            ladder = [price * sign for price in (profit, entry, loss) if price]
            fits = fits and first.quantity is not None
            fits = fits and ladder == sorted(set(ladder), reverse=True)
        if not fits:
            raise RefusedError(RejectReason.INVALID_ORDER)

    def _check_fields(self, wish: PlaceOrder) -> None:
        opposite = [o.price for o in self.book if o.side is not wish.side and o.price]
        best = min(opposite, default=None) if wish.side is Side.BUY else max(opposite, default=None)
        price = self.last_price or best
        if not makes_sense(self.spec, wish, self.status, price, self.now):
            raise RefusedError(RejectReason.INVALID_ORDER)
        if wish.price is not None:
            self._check_band(wish.side, wish.price, wish.stop_price)

    def _check_band(self, side: Side, price: int, stop_price: int | None) -> None:
        twice = 2 * stop_price if stop_price else self.twice_reference()
        if self.spec.price_band is None or self.status is MarketStatus.AUCTION or twice is None:
            return
        limit = worst(side, twice, self.spec.price_band)
        if price > limit if side is Side.BUY else price < limit:
            raise RefusedError(RejectReason.PRICE_OUT_OF_BAND)

    def _order_of(self, wish: PlaceOrder, role: GroupRole | None) -> ModelOrder:
        price = wish.price
        if wish.type in MARKET_STOPS:
            assert wish.stop_price is not None
            price = worst_stop_price(self.spec, wish, wish.stop_price)
        quantity = wish.quantity or 0
        if wish.quote_quantity is not None:
            quantity = self.spec.max_quantity
        waits = wish.stop_price is not None or role in EXITS
        return ModelOrder(
            id=0,
            wish=wish,
            account=wish.account,
            side=wish.side,
            price=price,
            stop_price=wish.stop_price,
            quantity=quantity,
            role=role,
            connection=wish.connection,
            status="untriggered" if waits else "open",
        )

    def _check_funds(self, orders: list[ModelOrder]) -> None:
        first = orders[0]
        needs = {first.pays_with: max(order.need() for order in orders if order.side is first.side)}
        if first.wish.type == "market":
            needs = {first.pays_with: self._need_of_market_order(first)}
        if len(orders) > 1 and orders[1].side is Side.BUY and first.side is Side.SELL:
            needs["quote"] = max(order.need(first.quantity) for order in orders[1:])
        for asset, need in needs.items():
            if need > self.available(first.account, asset):
                raise RefusedError(RejectReason.INSUFFICIENT_FUNDS)

    def _need_of_market_order(self, order: ModelOrder) -> int:
        wish = order.wish
        if wish.side is Side.SELL and wish.quantity is not None:
            return wish.quantity
        if wish.side is Side.BUY and wish.quote_quantity is not None:
            return wish.quote_quantity
        _, allowed = self.limits_of(order)
        if wish.side is Side.BUY and allowed is not None:
            return allowed * order.quantity
        trial, taker = deepcopy((self, order))
        trial.take(taker, allowed)
        amounts = [e for e in trial.events if type(e).__name__ == "Trade"]
        kind = "quantity" if wish.side is Side.SELL else "amount"
        return sum(getattr(trade, kind) for trade in amounts)

    # Amending

    def _amend(self, wish: AmendOrder) -> None:
        if wish.account in self.frozen:
            raise RefusedError(RejectReason.ACCOUNT_FROZEN)
        order = self._find(wish)
        self._check_may_act(wish.account, wish.deadline)
        in_bracket = order.role in EXITS
        if (
            (wish.price is not None and order.wish.type in MARKET_STOPS)
            or (wish.stop_price is not None and order.status != "untriggered")
            or (wish.stop_price is not None and order.stop_price is None)
            or (wish.quantity is not None and in_bracket)
        ):
            raise RefusedError(RejectReason.INVALID_ORDER)
        price = order.price if wish.price is None else wish.price
        stop_price = order.stop_price if wish.stop_price is None else wish.stop_price
        if order.wish.type in MARKET_STOPS and stop_price != order.stop_price:
            assert stop_price is not None
            price = worst_stop_price(self.spec, order.wish, stop_price)
        quantity = order.quantity if wish.quantity is None else wish.quantity
        same = (price, stop_price) == (order.price, order.stop_price)
        keeps_place = same and quantity <= order.quantity
        worth = (None if order.wish.type in MARKET_STOPS else price) or stop_price or 0
        if wish.must_keep_place and not (same and quantity < order.quantity):
            raise RefusedError(RejectReason.INVALID_ORDER)
        after = deepcopy(order)
        after.price, after.stop_price, after.quantity = price, stop_price, quantity
        ends = quantity > 0 and after.remaining <= 0 and not in_bracket
        if (
            not in_bracket
            and not keeps_place
            and not ends
            and (
                not self.spec.min_quantity <= quantity <= self.spec.max_quantity
                or worth * quantity < self.spec.min_notional
            )
        ):
            raise RefusedError(RejectReason.INVALID_ORDER)
        if not keeps_place and not ends:
            self._check_new_place(order, after)
        if wish.validate_only or (same and quantity == order.quantity):
            return
        if ends:
            self.cancel(order, Reason.AMENDED)
        elif keeps_place:
            order.shown = min(order.shown, after.remaining)
            order.quantity = quantity
            self._say_amended(order, kept=True)
        else:
            self._move(order, after)

    def _check_new_place(self, order: ModelOrder, after: ModelOrder) -> None:
        if order.wish.type not in MARKET_STOPS:
            waits = order.status == "untriggered"
            assert after.price is not None
            self._check_band(order.side, after.price, after.stop_price if waits else None)
        elsewhere = [other for other in self.live() if other is not order]
        for asset in ("base", "quote"):
            key = (order.account, asset)
            if self.held(*key, [*elsewhere, after]) > self.money[key]:
                raise RefusedError(RejectReason.INSUFFICIENT_FUNDS)
        if order.wish.post_only and self.best_for(after):
            raise RefusedError(RejectReason.POST_ONLY_WOULD_TAKE)

    def _move(self, order: ModelOrder, after: ModelOrder) -> None:
        was_asleep = order in self.asleep
        self.take_out(order)
        order.price, order.stop_price, order.quantity = (
            after.price,
            after.stop_price,
            after.quantity,
        )
        self._say_amended(order, kept=False)
        order.place = self.sequence
        if was_asleep:
            self.asleep.append(order)
        else:
            self.enter(order)

    def _say_amended(self, order: ModelOrder, *, kept: bool) -> None:
        price = None if order.wish.type in MARKET_STOPS else order.price
        self.events.append(
            OrderAmended(self.next(), order.id, price, order.stop_price, order.quantity, kept)
        )
        self.touch(order)

    def _find(self, wish: AmendOrder | CancelOrder) -> ModelOrder:
        for order in self.orders:
            named = (
                order.id == wish.order_id
                if wish.order_id is not None
                else order.wish.client_order_id == wish.client_order_id
            )
            if named and wish.account in (None, order.account):
                if order.status in ENDED:
                    raise RefusedError(RejectReason.ORDER_NOT_OPEN)
                return order
        raise RefusedError(RejectReason.NOT_FOUND)

    # The rest

    def _set_cancel_after(self, account: int, at: int | None) -> None:
        if at is None and account not in self.cancel_after:
            return
        self.cancel_after.pop(account, None)
        if at is not None:
            self.cancel_after[account] = at
        self.events.append(CancelAfterSet(self.next(), account, at))

    def _set_fee_rates(self, rates: dict[int, FeeRates | None]) -> None:
        after = {**self.rates, **rates}
        own = [each for each in after.values() if each is not None]
        self._check_fee_rates([*own, self.spec.fee_rates])
        changes = {a: r for a, r in rates.items() if self.rates.get(a) != r}
        self.rates = {account: each for account, each in after.items() if each is not None}
        if changes:
            self.events.append(FeeRatesSet(self.next(), changes))

    def _cancel_all_of(self, account: int, reason: Reason) -> None:
        self._cancel_all(reason, lambda order: order.account == account)

    @staticmethod
    def _check_fee_rates(rates: list[FeeRates]) -> None:
        if min(each.maker for each in rates) < -min(each.taker for each in rates):
            raise RefusedError(RejectReason.INVALID_ORDER)

    def _fire_timers(self) -> None:
        while True:
            due = [
                (order.wish.expires_at, 0, order.id)
                for order in self.live()
                if order.wish.expires_at is not None
            ]
            due += [(at, 1, account) for account, at in self.cancel_after.items()]
            if self.auction_ends_at is not None:
                due.append((self.auction_ends_at, 2, 0))
            due = [each for each in due if each[0] <= self.now]
            if not due:
                return
            _, kind, key = min(due)
            if kind == 0:
                self.cancel(next(o for o in self.orders if o.id == key), Reason.EXPIRED)
            elif kind == 1:
                self._cancel_all_of(key, Reason.CANCEL_AFTER)
                self._set_cancel_after(key, None)
            else:
                self._change_status(MarketStatus.OPEN, None)
            self.follow_up()

    def _change_status(self, status: MarketStatus, seconds: int | None) -> None:
        self.say_status(status, seconds)
        if status is MarketStatus.CLOSED:
            self._cancel_all(Reason.MARKET_CLOSED, lambda _: True)
        if status is MarketStatus.OPEN:
            self.uncross()
            self.find_triggered()
