"""One market's core, played by named traders over rows in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Unpack

from markets.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelAllAfter,
    CancelLost,
    CancelOrder,
    Command,
    ConfigureMarket,
    FireTimers,
    PlaceGroup,
    PlaceOrder,
    SetFeeRates,
    SetFrozen,
    SetMarketStatus,
)
from markets.matching.engine import Engine
from markets.matching.events import Batch, Indication
from markets.matching.spec import MarketSpec
from markets.matching.types import (
    SECOND,
    Asset,
    FeeRates,
    GroupRole,
    MarketState,
    MarketStatus,
    OrderState,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from tests.drivers.answers import Answer, OrderName, Request, profit_type
from tests.drivers.proof import Follower, picture
from tests.drivers.rows import Balance, Rows

PLAIN = MarketSpec(
    symbol="BTC-USD",
    base="BTC",
    quote="USD",
    base_decimals=0,
    quote_decimals=0,
    tick_size=1,
    lot_size=1,
    min_quantity=1,
    max_quantity=1_000_000,
    min_notional=0,
    maker_fee_rate=0,
    taker_fee_rate=0,
)
"""A market in which one is one: whole dollars, whole coins, no fees, no minimum."""


class MarketDriver:
    """One market and its rows; after each step it proves what must always be true (`prove`).

    Keyword arguments change the specification (`MarketDriver(taker_fee_rate=1000)`); every trader
    starts with `opening` units of both assets. The verbs take and give units. Each verb is a batch of
    its own, unless inside `with market.batch():`.
    """

    def __init__(
        self,
        spec: MarketSpec = PLAIN,
        *,
        opening: int = 1_000_000,
        prove: bool = True,
        **changes: int | None,
    ) -> None:
        spec = replace(spec, **changes)  # type: ignore[arg-type]
        state = MarketState(MarketStatus.OPEN, 0, None)
        self.engine = Engine(spec, state)
        self.follower = Follower(spec)
        self.batches: list[Batch] = []
        self.now = 1_700_000_000_000_000
        self.rows = Rows(spec, state)
        self._names: dict[int, str] = {spec.fee_account: "exchange"}
        self._opening = opening
        self._waiting: list[Answer] | None = None
        self._prove = prove

    # Verbs

    def buy(self, trader: str, quantity: int | None = None, **request: Unpack[Request]) -> Answer:
        """Place a buy order: limit where `at` names a price, else market."""
        return self.place(trader, Side.BUY, quantity, **request)

    def sell(self, trader: str, quantity: int | None = None, **request: Unpack[Request]) -> Answer:
        """Place a sell order: limit where `at` names a price, else market."""
        return self.place(trader, Side.SELL, quantity, **request)

    def place(
        self, trader: str, side: str, quantity: int | None, **request: Unpack[Request]
    ) -> Answer:
        """Place an order."""
        return self.send(self.wish(trader, side, quantity, **request))

    def wish(
        self, trader: str, side: str, quantity: int | None, **request: Unpack[Request]
    ) -> PlaceOrder:
        """An order as a command: limit where `at` names a price, a stop where `stop` does."""
        at, stop, wanted = request.get("at"), request.get("stop"), request.get("time_in_force")
        default = {
            (False, False): OrderType.MARKET,
            (True, False): OrderType.LIMIT,
            (False, True): OrderType.STOP,
            (True, True): OrderType.STOP_LIMIT,
        }[at is not None, stop is not None]
        return PlaceOrder(
            account=self.account(trader),
            side=Side(side),
            type=OrderType(request.get("type", default)),
            quantity=quantity,
            price=at,
            time_in_force=None if wanted is None else TimeInForce(wanted),
            post_only=request.get("post_only", False),
            self_trade_prevention=SelfTradePrevention(
                request.get("self_trade_prevention", SelfTradePrevention.CANCEL_NEWEST)
            ),
            client_order_id=request.get("client_order_id"),
            quote_quantity=request.get("spending"),
            stop_price=stop,
            display_quantity=request.get("show"),
            expires_at=self._in(request.get("expires_in")),
            max_slippage=request.get("max_slippage"),
            deadline=self._in(request.get("deadline_in")),
            validate_only=request.get("validate_only", False),
            connection=request.get("connection"),
            must_wait=request.get("must_wait", False),
        )

    def _in(self, seconds: int | None) -> int | None:
        return None if seconds is None else self.now + 1 + seconds * SECOND

    def oco(
        self,
        trader: str,
        side: str,
        quantity: int,
        *,
        limit: int | None = None,
        profit_from: int | None = None,
        trigger: int,
        trigger_at: int | None = None,
        stop_name: str | None = None,
        **request: Unpack[Request],
    ) -> Answer:
        """Place a limit order (with `profit_from` a take profit, with both one that becomes a limit order)
        and a stop (with `trigger_at` a stop-limit); one cancels the other.
        """
        first = self.wish(trader, side, quantity, **request)
        first = first._replace(
            type=profit_type(limit, profit_from), price=limit, stop_price=profit_from
        )
        other = first._replace(
            type=OrderType.STOP if trigger_at is None else OrderType.STOP_LIMIT,
            price=trigger_at,
            stop_price=trigger,
            display_quantity=None,
            client_order_id=stop_name,
        )
        return self.send(PlaceGroup((first, other), (GroupRole.OCO_LIMIT, GroupRole.OCO_STOP)))

    def bracket(
        self,
        trader: str,
        side: str,
        quantity: int,
        *,
        profit: int | None = None,
        profit_from: int | None = None,
        loss: int | None = None,
        loss_at: int | None = None,
        **request: Unpack[Request],
    ) -> Answer:
        """Place an entry with the exits that it arms; with `profit_from` the take profit is triggered."""
        entry = self.wish(trader, side, quantity, **request)
        orders, roles = [entry], [GroupRole.ENTRY]
        if profit is not None or profit_from is not None:
            exit_ = self.wish(trader, entry.side.opposite, None)
            exit_ = exit_._replace(type=profit_type(profit, profit_from))
            orders.append(exit_._replace(price=profit, stop_price=profit_from))
            roles.append(GroupRole.TAKE_PROFIT)
        if loss is not None:
            other: Request = {"stop": loss} if loss_at is None else {"stop": loss, "at": loss_at}
            orders.append(self.wish(trader, entry.side.opposite, None, **other))
            roles.append(GroupRole.STOP_LOSS)
        return self.send(PlaceGroup(tuple(orders), tuple(roles)))

    def cancel(self, trader: str, order: OrderName, *, only: str | None = None) -> Answer:
        """Cancel an order as its owner, perhaps only if it is this now."""
        order_id, client_order_id = self._name(order)
        command = CancelOrder(self.account(trader), order_id, client_order_id)
        return self.send(command._replace(only=None if only is None else OrderStatus(only)))

    def cancel_all(
        self, trader: str, side: str | None = None, *, connection: str | None = None
    ) -> Answer:
        """Cancel all orders of a trader, perhaps of one side or connection."""
        command = CancelAll(self.account(trader), None if side is None else Side(side))
        if connection is not None:
            reason = Reason.CANCEL_ON_DISCONNECT
            command = command._replace(connection=connection, reason=reason)
        return self.send(command)

    def cancel_lost(self, gateway: str) -> Answer:
        """Cancel the orders of a gateway's connections."""
        return self.send(CancelLost(gateway))

    def cancel_all_after(self, trader: str, seconds: int) -> Answer:
        """Set a trader's dead man's switch; 0 disarms it."""
        at = self._in(seconds) if seconds else None
        return self.send(CancelAllAfter(self.account(trader), at))

    def wait(self, seconds: int) -> Answer:
        """Let time pass, and let what is due by then be done."""
        self.now += seconds * SECOND
        return self.send(FireTimers())

    def amend(
        self,
        trader: str,
        order: OrderName,
        *,
        at: int | None = None,
        quantity: int | None = None,
        stop: int | None = None,
        deadline_in: int | None = None,
        validate_only: bool = False,
        must_keep_place: bool = False,
    ) -> Answer:
        """Give an order another price, another total quantity, or both."""
        order_id, client_order_id = self._name(order)
        return self.send(
            AmendOrder(
                self.account(trader),
                order_id,
                client_order_id,
                at,
                quantity,
                stop,
                self._in(deadline_in),
                validate_only,
                must_keep_place,
            )
        )

    def set_fee_rates(self, trader: str, rates: tuple[int, int] | None) -> Answer:
        """Give a trader (maker, taker) rates of its own."""
        own = None if rates is None else FeeRates(*rates)
        return self.send(SetFeeRates({self.account(trader): own}))

    def freeze(self, trader: str) -> Answer:
        """Freeze a trader's account."""
        return self.send(SetFrozen(self.account(trader), frozen=True))

    def unfreeze(self, trader: str) -> Answer:
        """Unfreeze a trader's account."""
        return self.send(SetFrozen(self.account(trader), frozen=False))

    def open(self) -> Answer:
        """Open the market."""
        return self.send(SetMarketStatus(MarketStatus.OPEN))

    def halt(self) -> Answer:
        """Halt the market."""
        return self.send(SetMarketStatus(MarketStatus.HALTED))

    def close(self) -> Answer:
        """Close the market."""
        return self.send(SetMarketStatus(MarketStatus.CLOSED))

    def auction(self, seconds: int | None = None) -> Answer:
        """Collect orders; with `seconds`, open by itself after them."""
        return self.send(SetMarketStatus(MarketStatus.AUCTION, seconds))

    def configure(self, **changes: int | str | None) -> Answer:
        """Change the market's specification."""
        return self.send(ConfigureMarket(replace(self.engine.spec, **changes)))  # type: ignore[arg-type]

    def send(self, command: Command) -> Answer:
        """Execute a command: at once, or at the end of the batch at hand."""
        answer = Answer(command)
        if self._waiting is None:
            self._run([answer])
        else:
            self._waiting.append(answer)
        return answer

    def run(self, commands: Iterable[Command], *, fails: bool = False) -> list[Answer]:
        """Execute commands as one batch; `fails`: it cannot be made durable, and is undone."""
        answers = [Answer(command) for command in commands]
        self._run(answers, fails=fails)
        return answers

    @contextmanager
    def batch(self, *, fails: bool = False) -> Iterator[None]:
        """Gather what is said inside into one batch; `fails`: it is undone."""
        assert self._waiting is None, "a batch within a batch"
        answers: list[Answer] = []
        self._waiting = answers
        yield
        self._waiting = None
        self._run(answers, fails=fails)

    def restart(self) -> None:
        """Lose the engine and load another one from the rows: it must be the same."""
        before = picture(self.engine)
        rows = self.rows
        self.engine = Engine.load(
            rows.spec,
            rows.state,
            rows.live.values(),
            rows.cancel_after,
            rows.fee_rates,
            rows.frozen,
        )
        assert picture(self.engine) == before
        self.prove()

    def deposit(self, trader: str, asset: str, amount: int) -> None:
        """Bring money in."""
        self.rows.deposit(self.account(trader), self._asset(asset), amount)

    # What there is to see

    @property
    def trades(self) -> list[str]:
        """All trades so far: "carol buys 5 @ 101 from alice", the taker first."""
        return [
            f"{self._names[trade.taker_account]} {trade.taker_side}s {trade.quantity} @ {trade.price}"
            f" {'from' if trade.taker_side is Side.BUY else 'to'} {self._names[trade.maker_account]}"
            for trade in self.rows.trades
        ]

    def ladder(self) -> list[str]:
        """The order book, highest price first, each level's queue in time order."""
        book = self.engine.book
        levels = [*reversed(list(book.asks)), *book.bids]
        sides = {Side.SELL: "ask", Side.BUY: "bid"}
        return [
            f"{level.price} {sides[level.first.side]}: "
            + ", ".join(
                f"{order.shown}{f'+{hidden}' if (hidden := order.state.hidden) else ''} "
                f"{self._names[order.account]}"
                for order in level
            )
            for level in levels
            if level.first is not None
        ]

    def waiting(self) -> list[str]:
        """The stops that wait, those that trigger first in front, the buys before the sells."""
        book = self.engine.book
        return [
            f"{self._names[order.account]} {order.side}s {order.remaining} from {order.stop_price}"
            for side in (book.rising_stops, book.falling_stops)
            for order in side.orders.values()
        ]

    def indication(self) -> Indication:
        """What the auction at hand would come to: price, volume, surplus and its side."""
        found = self.batches[-1].indication
        assert found is not None, "there is no auction"
        return found

    def group(self, answer: Answer) -> list[OrderState]:
        """The orders of a group as they are now."""
        return [self.rows.orders[order.id] for order in answer.done.group]

    def balance(self, trader: str, asset: str) -> Balance:
        """What a trader has of an asset: (available, held)."""
        return self.rows.balances[self.account(trader), self._asset(asset)]

    def order(self, answer: Answer) -> OrderState:
        """An order as it is now, ended or not."""
        return self.rows.orders[answer.order.id]

    def account(self, trader: str) -> int:
        """The trader's account number; a new trader gets one, and the opening balances."""
        for account, name in self._names.items():
            if name == trader:
                return account
        account = max(self._names) + 1
        self._names[account] = trader
        for asset in Asset:
            self.rows.deposit(account, asset, self._opening)
        return account

    # Behind the verbs

    def _run(self, answers: list[Answer], *, fails: bool = False) -> None:
        before = picture(self.engine) if fails else {}
        commands = [answer.command for answer in answers]
        self.now += 1
        known = self.rows.known(self.engine.needs(commands))
        self.engine.begin(known, self.now)
        for answer in answers:
            answer._outcome = self.engine.execute(answer.command)
        batch = self.engine.finish()
        self.engine._market.ledger.check()
        if fails:
            self.engine.undo()
            assert picture(self.engine) == before
        else:
            self.rows.commit(batch)
            self.engine.accept()
            self.batches.append(batch)
            self.follower.follow(batch)
        if self._prove:
            self.prove()

    def prove(self) -> None:
        """Assert all that must be true between batches."""
        self.engine.check()
        self.rows.check(self.engine)
        self.follower.check(self.engine)

    def _asset(self, name: str) -> Asset:
        spec = self.engine.spec
        return {spec.base: Asset.BASE, spec.quote: Asset.QUOTE}[name]

    @staticmethod
    def _name(order: OrderName) -> tuple[int | None, str | None]:
        """(order_id, client_order_id), one of them None."""
        match order:
            case Answer():
                return order.order.id, None
            case int():
                return order, None
            case str():
                return None, order
