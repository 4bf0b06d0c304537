"""Person: somebody before the watching screen, who presses keys and looks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.geometry import Offset
from textual.pilot import Pilot

from clients import Backoff, ExchangeClient
from clients.scripts.watch.app import WatchApp
from clients.scripts.watch.form import Field, Form
from clients.scripts.watch.ladder_panel import LadderPanel
from clients.scripts.watch.panel import Panel
from clients.scripts.watch.session import Session
from tests.clients.conftest import PATIENCE
from tests.clients.stand_in import StandIn
from tests.clients.stand_in.rows import Row


class Person:
    """Somebody before the screen."""

    def __init__(self, app: WatchApp, pilot: Pilot[None], exchange: StandIn) -> None:
        self.app = app
        self.exchange = exchange
        self._pilot = pilot

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)

    async def types(self, text: str) -> None:
        await self._pilot.press(*({".": "full_stop"}.get(letter, letter) for letter in text))

    async def click(self, panel: Panel, line: int, times: int = 1) -> None:
        offset = Offset(5, line + panel.content_offset.y)
        await self._pilot.click(panel, offset=offset, times=times)

    async def sees(self, what: Callable[[], object]) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(PATIENCE):
            while not what():
                await asyncio.sleep(0.01)

    async def sees_form(self, kind: type[Any]) -> Any:
        await self.sees(lambda: isinstance(self.app.screen, kind) and self.app.screen.is_mounted)
        await self._pilot.pause()
        return self.app.screen

    async def sees_no_form(self) -> None:
        await self.sees(lambda: len(self.app.screen_stack) == 1)

    async def is_told(self, words: str) -> None:
        await self.sees(lambda: any(words in each.message for each in self.app._notifications))

    @property
    def ladder(self) -> list[list[str]]:
        """Its rows as words, without the headings and what is between."""
        return [each.text.split() for each in self.app.ladder.lines if each.bar]

    @property
    def orders(self) -> list[list[str]]:
        """The rows of the open orders: side, price, quantity, filled, status, type."""
        table = self.app.orders
        return [[str(cell) for cell in table.get_row_at(n)] for n in range(table.row_count)]

    def line(self, panel: Panel) -> str:
        return panel.lines[0].text if panel.lines else ""


def short_pause() -> Backoff:
    return Backoff(first=0.02, longest=0.1)


@asynccontextmanager
async def screen(
    exchange: StandIn, key: str | None = "alice", size: tuple[int, int] = (100, 30)
) -> AsyncIterator[Person]:
    beating = asyncio.create_task(keep_beating(exchange))
    async with ExchangeClient(exchange.url, key, make_backoff=short_pause) as client:
        app = WatchApp(Session(client, await client.markets(), "BTC-USD"))
        async with app.run_test(size=size, notifications=True) as pilot:
            person = Person(app, pilot, exchange)
            await person.sees(lambda: "verified" in person.line(app.state))
            yield person
    beating.cancel()


async def keep_beating(exchange: StandIn) -> None:
    """Say each second that the books are what they were, as an exchange does."""
    while True:
        for symbol in exchange.markets:
            exchange.heartbeat(symbol)
        await exchange.tell()
        await asyncio.sleep(1)


def of_alice(exchange: StandIn) -> list[Row]:
    return [order for order in exchange.orders.values() if order["account"] == "alice"]


def error_at(form: Form, name: str) -> str:
    field: Field = form.query_one(f"#field-{name}", Field)
    return field.error


def says(form: Form, name: str, words: str) -> bool:
    """Whether the form says it at the field, or (no name) for the whole form."""
    return (error_at(form, name) if name else str(form._general.content)) == words


def has_selected(ladder: LadderPanel, price: int) -> bool:
    return ladder.selected is not None and ladder.selected.price == price


def shows(form: Form, names: list[str]) -> bool:
    """Whether these are the fields on the screen."""
    return [field.field_name for field in form.fields() if field.display] == names
