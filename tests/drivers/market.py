"""One market's core, played by named traders over rows in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypedDict, Unpack

from markets.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    ConfigureMarket,
    PlaceOrder,
    SetMarketStatus,
)
from markets.matching.engine import Engine
from markets.matching.events import Batch, Done, Outcome, Refused
from markets.matching.types import (
    Asset,
    MarketSpec,
    MarketState,
    MarketStatus,
    OrderState,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
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


class Answer:
    """What a command came to. Inside a batch it is known when the batch has ended."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self._outcome: Outcome | None = None

    @property
    def outcome(self) -> Outcome:
        """What the engine said."""
        assert self._outcome is not None, "the batch has not run yet"
        return self._outcome

    @property
    def done(self) -> Done:
        """What the engine did, when it did not refuse."""
        assert isinstance(self.outcome, Done), self.outcome
        return self.outcome

    @property
    def refusal(self) -> Refused:
        """Why the engine refused."""
        assert isinstance(self.outcome, Refused), self.outcome
        return self.outcome

    @property
    def refused(self) -> str | None:
        """The code of the refusal, if it was one."""
        return str(self.outcome.code) if isinstance(self.outcome, Refused) else None

    @property
    def order(self) -> OrderState:
        """The command's order as the command left it."""
        order = self.outcome.order
        assert order is not None, self.outcome
        return order

    @property
    def events(self) -> list[str]:
        """The names of the facts that the command made, in order."""
        return [type(event).__name__ for event in self.done.events]


class Request(TypedDict, total=False):
    """What may be said of an order beside its trader, side and quantity."""

    at: int
    type: str
    time_in_force: str
    post_only: bool
    self_trade_prevention: str
    client_order_id: str


OrderName = Answer | str | int
"""How a test names an order: the answer to its placing, its client_order_id, or its id."""


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
        **changes: int,
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

    def buy(self, trader: str, quantity: int, **request: Unpack[Request]) -> Answer:
        """Place a buy order: limit where `at` names a price, else market."""
        return self.place(trader, Side.BUY, quantity, **request)

    def sell(self, trader: str, quantity: int, **request: Unpack[Request]) -> Answer:
        """Place a sell order: limit where `at` names a price, else market."""
        return self.place(trader, Side.SELL, quantity, **request)

    def place(
        self,
        trader: str,
        side: str,
        quantity: int,
        *,
        at: int | None = None,
        type: str | None = None,
        time_in_force: str | None = None,
        post_only: bool = False,
        self_trade_prevention: str = SelfTradePrevention.CANCEL_NEWEST,
        client_order_id: str | None = None,
    ) -> Answer:
        """Place an order."""
        default = OrderType.MARKET if at is None else OrderType.LIMIT
        return self.send(
            PlaceOrder(
                account=self.account(trader),
                side=Side(side),
                type=default if type is None else OrderType(type),
                quantity=quantity,
                price=at,
                time_in_force=None if time_in_force is None else TimeInForce(time_in_force),
                post_only=post_only,
                self_trade_prevention=SelfTradePrevention(self_trade_prevention),
                client_order_id=client_order_id,
            )
        )

    def cancel(self, trader: str, order: OrderName) -> Answer:
        """Cancel an order as its owner."""
        order_id, client_order_id = self._name(order)
        return self.send(CancelOrder(self.account(trader), order_id, client_order_id))

    def cancel_all(self, trader: str, side: str | None = None) -> Answer:
        """Cancel all orders of a trader, perhaps of one side."""
        return self.send(CancelAll(self.account(trader), None if side is None else Side(side)))

    def amend(
        self, trader: str, order: OrderName, *, at: int | None = None, quantity: int | None = None
    ) -> Answer:
        """Give an order another price, another total quantity, or both."""
        order_id, client_order_id = self._name(order)
        return self.send(AmendOrder(self.account(trader), order_id, client_order_id, at, quantity))

    def open(self) -> Answer:
        """Open the market."""
        return self.send(SetMarketStatus(MarketStatus.OPEN))

    def halt(self) -> Answer:
        """Halt the market."""
        return self.send(SetMarketStatus(MarketStatus.HALTED))

    def close(self) -> Answer:
        """Close the market."""
        return self.send(SetMarketStatus(MarketStatus.CLOSED))

    def configure(self, **changes: int | str) -> Answer:
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
        self.engine = Engine.load(rows.spec, rows.state, rows.resting.values())
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
        levels = [*reversed(book.asks.levels.values()), *book.bids.levels.values()]
        sides = {Side.SELL: "ask", Side.BUY: "bid"}
        return [
            f"{level.price} {sides[level.first.side]}: "
            + ", ".join(f"{order.remaining} {self._names[order.account]}" for order in level)
            for level in levels
            if level.first is not None
        ]

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
        self.engine.begin(self.rows.known(self.engine.needs(commands)), self.now)
        for answer in answers:
            answer._outcome = self.engine.execute(answer.command)
        batch = self.engine.finish()
        self.engine._matcher.ledger.check()
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
