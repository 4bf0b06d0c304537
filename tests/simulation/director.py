"""Who lets things happen: at each step traders ask for something, and perhaps something goes wrong.

When the steps are over nothing goes wrong any more, and the exchange has HEALING to be as if nothing had.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from django.db import DatabaseError

from markets import accounts, models, operators
from markets.matching.types import MarketStatus
from tests.simulation.follower import Follower
from tests.simulation.processes import Process
from tests.simulation.trader import Trader
from tests.simulation.wishes import JSON
from tests.simulation.world import ENGINES, WEB, World

PACE: Final = 0.04
"""Seconds between steps, on average."""
HEALING: Final = 90.0
"""Seconds in which everything must be well again."""
SETTLED: Final = 2.0
"""Seconds that everything stays well before it is checked."""
STARTING: Final = 30.0
LOTS: Final = 10_000
PRICES: Final = (96, 104)


class Director:
    """One run's steps."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.dice.random
        self._orders = 0
        self._second_engines: list[asyncio.Task[None]] = []
        self._actions: tuple[tuple[int, Callable[[Trader], None]], ...] = (
            (60, self._submit),
            (12, self._cancel),
            (12, self._amend),
            (3, self._submit_batch),
            (2, self._cancel_all),
            (2, self._submit_oco),
            (2, self._arm_switch),
            (4, self._move_money),
            (1, self._change_status),
        )

    async def run(self, steps: int) -> None:
        """All of it, up to the moment of checking."""
        world = self._world
        for name in (*WEB, *ENGINES):
            world.start(name)
        for trader in world.traders:
            world.loop.start(trader.keep_connected(), None)
        for follower in world.followers:
            world.loop.start(follower.follow(), None)
        await self._until_well(STARTING)
        world.dice.faults = True
        for step in range(steps):
            world.trace.step = step
            await asyncio.sleep(world.dice.delay(PACE))
            self._act()
            self._let_go_wrong()
        world.dice.faults = False
        await self._put_right()
        await self._until_well(HEALING)
        await asyncio.sleep(SETTLED)

    async def _put_right(self) -> None:
        world = self._world
        world.database.away = world.layer.away = False
        world.database.finish_commits()
        for process in world.processes.values():
            process.cut_off = False
            if process.paused:
                world.loop.resume(process)
        for second in self._second_engines:
            second.cancel()
        await asyncio.sleep(SETTLED)
        for symbol in world.symbols:
            world.read(_open_market, symbol)  # an engine that others wrote behind finds out

    async def _until_well(self, seconds: float) -> None:
        world = self._world
        until = world.loop.time() + seconds
        while (ill := world.ill()) is not None:
            if world.loop.time() > until:
                world.trace.violate(f"not well after {seconds:g} s: {ill}")
                return
            await asyncio.sleep(0.5)

    # What traders and operators do

    def _act(self) -> None:
        weights = [weight for weight, _ in self._actions]
        ((_, action),) = self._random.choices(self._actions, weights)
        action(self._random.choice(self._world.traders))

    def _order(self, *, named: bool) -> JSON:
        """An order that no other is like: its quantity is its own."""
        self._orders += 1
        order: JSON = {
            "market": self._random.choice(self._world.symbols),
            "side": self._random.choice(("buy", "sell")),
            "quantity": f"{self._random.randint(1, 4)}.{self._orders:04d}",
        }
        kind = self._random.random()
        if kind < 0.9:
            order["price"] = str(self._random.randint(*PRICES))
        if kind < 0.1:
            order["time_in_force"] = "ioc"
        elif kind < 0.2:
            order["post_only"] = True
        if named:
            order["client_order_id"] = f"order-{self._orders}"
        return order

    def _submit(self, trader: Trader) -> None:
        trader.ask("submit_order", self._order(named=self._random.random() < 0.9))

    def _submit_batch(self, trader: Trader) -> None:
        orders = [self._order(named=True) for _ in range(self._random.randint(2, 6))]
        trader.ask("submit_orders", {"orders": orders})

    def _submit_oco(self, trader: Trader) -> None:
        order = self._order(named=True)
        order.update(side="sell", price=str(PRICES[1] + 2), stop={"stop_price": str(PRICES[0] - 3)})
        order.pop("time_in_force", None)
        order.pop("post_only", None)
        trader.ask("submit_oco", order)

    def _named(self, trader: Trader) -> str | None:
        names = [
            wish.client_order_id
            for wish in trader.wishes[-30:]
            if wish.method == "submit_order" and wish.client_order_id
        ]
        return self._random.choice(names) if names else None

    def _cancel(self, trader: Trader) -> None:
        name = self._named(trader)
        if name is not None:
            trader.ask("cancel_order", {"client_order_id": name})

    def _amend(self, trader: Trader) -> None:
        name = self._named(trader)
        if name is not None:
            price = str(self._random.randint(*PRICES))
            trader.ask("amend_order", {"client_order_id": name, "price": price})

    def _cancel_all(self, trader: Trader) -> None:
        trader.ask("cancel_all", {"market": self._random.choice(self._world.symbols)})

    def _arm_switch(self, trader: Trader) -> None:
        trader.ask("cancel_all_after", {"timeout_seconds": self._random.choice((0, 5, 60))})

    def _move_money(self, trader: Trader) -> None:
        amount = self._random.choice((-500, -20, 20, 500))
        asset = self._random.choice(("AAA", "BBB", "USD"))
        self._manage(f"moves {amount} {asset} of {trader.name}", _transfer, trader, asset, amount)

    def _change_status(self, trader: Trader) -> None:
        symbol = self._random.choice(self._world.symbols)
        status = self._random.choice((MarketStatus.HALTED, MarketStatus.OPEN, MarketStatus.OPEN))
        self._manage(f"sets {symbol} {status}", _set_status, symbol, status)

    def _manage(self, what: str, command: Callable[..., Any], *arguments: Any) -> None:
        """A management command: a process of its own."""
        world = self._world

        async def run() -> None:
            try:
                outcome = await world.loop.run_in_executor(None, command, *arguments)
            except (DatabaseError, accounts.TransferRefused) as error:
                outcome = repr(error)
            world.trace.note(f"an operator {what}: {outcome}")

        world.graveyard.append(world.loop.start(run(), Process(f"command {world.trace.step}")))

    # What goes wrong

    def _let_go_wrong(self) -> None:
        world, dice = self._world, self._world.dice
        rates = dice.rates
        alive = [process for process in world.processes.values() if process.alive]
        one = self._random.choice(alive) if alive else None
        if one is not None:
            if dice.happens(rates.crash):
                world.trace.note(f"{one} is killed")
                one.die()
                return
            if dice.happens(rates.pause) and not one.paused:
                self._for_a_while(1.0, f"{one} sleeps", *self._pausing(one))
            if dice.happens(rates.cut_off):
                self._for_a_while(1.0, f"{one} is cut off", *self._cutting_off(one))
            if dice.happens(rates.clock_jumps):
                one.wall_offset = self._random.choice((0, -3600, -30, -1, 1, 30)) * 1_000_000
                world.trace.note(f"{one} believes it is {one.wall_offset} µs later")
        if dice.happens(rates.session_lost):
            self._lose_locks()
        if dice.happens(rates.second_engine):
            self._run_second_engine()
        if dice.happens(rates.database_away):
            self._for_a_while(1.0, "the database is away", *self._taking_away(world.database))
        if dice.happens(rates.layer_away):
            self._for_a_while(1.0, "the layer is away", *self._taking_away(world.layer))
            world.layer.disconnect(lambda process: True)
        if dice.happens(rates.layer_restarts):
            world.trace.note("the layer restarts empty")
            world.layer.restart()
        if dice.happens(rates.wire_cut):
            clients: list[Trader | Follower] = [*world.traders, *world.followers]
            self._random.choice(clients).hang_up()

    def _lose_locks(self) -> None:
        """Whoever holds markets does not, and does not know."""
        holding = self._world.locks.holding()
        if holding:
            lost = self._random.choice(holding)
            self._world.trace.note(f"{lost.process} loses its locks")
            lost.driver.drop()

    def _run_second_engine(self) -> None:
        """Somebody runs a market that is run already."""
        world = self._world
        process = world.processes[self._random.choice(ENGINES)]
        symbol = self._random.choice(world.symbols)
        if process.alive:
            seconds = world.dice.delay(1.0)
            world.trace.note(f"{process} runs {symbol}, too, for {seconds:.3f} s")
            task = world.loop.start(world.run_engine(symbol), process)
            self._second_engines.append(task)
            world.loop.later(seconds, task.cancel)

    def _for_a_while(
        self, mean: float, what: str, begin: Callable[[], object], end: Callable[[], object]
    ) -> None:
        seconds = self._world.dice.delay(mean)
        self._world.trace.note(f"{what} for {seconds:.3f} s")
        begin()
        self._world.loop.later(seconds, end)

    def _pausing(self, process: Process) -> tuple[Callable[[], object], Callable[[], object]]:
        def begin() -> None:
            process.paused = True

        return begin, lambda: self._world.loop.resume(process)

    def _cutting_off(self, process: Process) -> tuple[Callable[[], object], Callable[[], object]]:
        def begin() -> None:
            process.cut_off = True
            self._world.layer.disconnect(lambda other: other is process)

        def end() -> None:
            process.cut_off = False

        return begin, end

    @staticmethod
    def _taking_away(thing: Any) -> tuple[Callable[[], object], Callable[[], object]]:
        def begin() -> None:
            thing.away = True

        def end() -> None:
            thing.away = False

        return begin, end


def _transfer(trader: Trader, symbol: str, amount: int) -> str:
    account = models.Account.objects.get(pk=trader.account)
    asset = models.Asset.objects.get(symbol=symbol)
    units = abs(amount) * 10**asset.decimals
    move = accounts.deposit if amount > 0 else accounts.withdraw
    return str(move(account, asset, units))


def _set_status(symbol: str, status: MarketStatus) -> str:
    market = models.Market.objects.get(symbol=symbol)
    return str(operators.set_market_status(market, status, by="the simulation"))


def _open_market(symbol: str) -> None:
    _set_status(symbol, MarketStatus.OPEN)
