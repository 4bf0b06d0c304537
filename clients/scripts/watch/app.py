"""WatchApp: a market on a whole screen: ladder, trades, own orders and balances, and keys to trade.

Rules:
- It is drawn REDRAWS times a second at the most, and of it only the lines that changed.
- A book that is out of step is grey, says why, and fills no form.
- What the exchange refuses is said where it was asked for; no refusal ends the screen.
"""

from collections.abc import Coroutine, Iterator
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Footer

from clients.decimals import canonical
from clients.errors import ExchangeError, OrderNotOpen
from clients.records import Balance, Fill, Order
from clients.scripts.output import sentence
from clients.scripts.watch import drawing
from clients.scripts.watch.ladder_panel import LadderPanel
from clients.scripts.watch.order_form import AmendForm, OrderForm
from clients.scripts.watch.orders_table import OrdersTable
from clients.scripts.watch.panel import Panel
from clients.scripts.watch.questions import Help, MarketChoice, Question
from clients.scripts.watch.rows import Row, place_of
from clients.scripts.watch.session import Session

REDRAWS = 15
"""Drawings a second at the most."""

DARK, LIGHT = "textual-dark", "textual-light"


class WatchApp(App[None]):
    """The screen of one session."""

    CSS_PATH = "watch.tcss"
    TITLE = "watch"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-wide")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "order('buy')", "Buy"),
        Binding("s", "order('sell')", "Sell"),
        Binding("a", "amend", "Amend"),
        Binding("c", "cancel", "Cancel"),
        Binding("X", "cancel_all", "Cancel all"),
        Binding("m", "market", "Market"),
        Binding("plus,equals_sign", "group(1)", "Group", key_display="+ -"),
        Binding("minus", "group(-1)", "Group less", show=False),
        Binding("t", "theme", "Dark or light", show=False),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.headline = Panel(id="headline")
        self.ladder = LadderPanel(id="ladder")
        self.trades = Panel(id="trades", title="trades (UTC)")
        self.orders = OrdersTable(id="orders")
        self.balances = Panel(id="balances", title="available")
        self.state = Panel(id="state")
        self._drawn: tuple[Any, ...] = ()

    def compose(self) -> ComposeResult:
        """Make the screen."""
        yield self.headline
        yield Horizontal(self.ladder, self.trades, id="market")
        yield Horizontal(self.orders, self.balances, id="account")
        yield self.state
        yield Footer(compact=True, show_command_palette=False)

    async def on_mount(self) -> None:
        """Begin to follow, and to draw."""
        await self.open(self.session.market.symbol)
        self.run_worker(self._keep(self.session.follow_tickers()), name="tickers")
        if not self.session.viewer:
            following = self._keep(self.session.follow_account(self._filled))
            self.run_worker(following, name="account")
        self.set_interval(1 / REDRAWS, self.draw)
        self.ladder.focus()

    async def open(self, symbol: str) -> None:
        """Show a market from now on."""
        await self.session.open(symbol)
        self.ladder.follow(self.session.market)
        self._restart(self._keep(self.session.follow_trades()), "trades")
        self._restart(self.session.follow_book(), "book")
        self.draw()

    def _restart(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run what follows the market at hand, in place of what followed the one before."""
        self.run_worker(work, name=name, group=name, exclusive=True)

    async def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Follow for as long as the exchange lets us, and say when it does no longer."""
        try:
            await work
        except ExchangeError as error:
            self._complain(error)

    # Drawing

    def draw(self) -> None:
        """Draw what changed since the last time."""
        session, book = self.session, self.session.book
        if book is None:
            return
        ladder = self.ladder
        now = (session.version, book.in_step, book.reason, self.size, ladder.size, ladder.step)
        if now == self._drawn:
            return
        self._drawn = now
        in_step = book.in_step
        self.ladder.set_class(not in_step, "out-of-step")
        orders = session.orders
        self.ladder.draw(book, orders, session.last_trade)
        ticker = session.tickers.get(session.market.symbol)
        self.headline.show([drawing.headline(session.market, ticker, book.status)])
        latest = list(session.trades)[: self.trades.size.height]
        self.trades.show(drawing.trades(latest, session.market))
        self.orders.draw(orders)
        if session.viewer:
            self.orders.border_title = "watching only (b says why)"
        self.balances.show(drawing.balances(self._assets()))
        account = "watching only" if session.viewer else "trading"
        url = session.exchange.url
        self.state.show([drawing.state(book, url, account, self.state.size.width)])

    def _assets(self) -> Iterator[tuple[str, Balance | None]]:
        if self.session.viewer:
            return
        for asset in (self.session.market.base, self.session.market.quote):
            yield asset, self.session.balances.get(asset)

    def _filled(self, fill: Fill) -> None:
        price, quantity = canonical(fill.price), canonical(fill.quantity)
        did = "bought" if fill.side == "buy" else "sold"
        self.notify(f"{did} {quantity} {fill.market} @ {price}", title="Fill", markup=False)

    # Keys

    def action_order(self, side: str) -> None:
        """Open the form of a new order, at the price of the selected row."""
        self._open_order_form(side, self.ladder.selected)

    def on_ladder_panel_chosen(self, event: LadderPanel.Chosen) -> None:
        """Open the form of an order that takes from the row."""
        self._open_order_form("buy" if event.row.side == "asks" else "sell", event.row)

    def _open_order_form(self, side: str, row: Row | None) -> None:
        if self._may_trade():
            self.push_screen(OrderForm(self.session, side, row))

    def action_amend(self) -> None:
        """Open the form of an amend."""
        if (order := self._order_at_hand()) is not None:
            self.push_screen(AmendForm(self.session, order))

    def action_cancel(self) -> None:
        """Cancel the order at hand."""
        if (order := self._order_at_hand()) is not None:
            self.run_worker(self._cancel(order), name="cancel")

    async def _cancel(self, order: Order) -> None:
        try:
            ended = await self.session.exchange.cancel_order(order.id)
        except OrderNotOpen as error:
            self._complain(error)
            if error.order is not None:
                self.session.put(Order.from_json(error.order))
        except ExchangeError as error:
            self._complain(error)
        else:
            self.session.put(ended)
            self.notify(sentence(ended), markup=False)

    def action_cancel_all(self) -> None:
        """Ask, and cancel all orders in the market."""
        symbol, count = self.session.market.symbol, len(self.session.orders)
        if not self._may_trade():
            return
        if not count:
            self.notify(f"You have no open order in {symbol}.", severity="warning")
            return
        orders = "the one open order" if count == 1 else f"all {count} open orders"

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._cancel_all(symbol), name="cancel all")

        self.push_screen(Question(f"Cancel {orders} in {symbol}?"), answered)

    async def _cancel_all(self, symbol: str) -> None:
        try:
            canceled = await self.session.exchange.cancel_all(symbol)
        except ExchangeError as error:
            self._complain(error)
        else:
            self.notify(f"{len(canceled)} canceled in {symbol}")

    def action_market(self) -> None:
        """Ask which market to show."""
        session = self.session
        choices = [
            (symbol, drawing.market_choice(market, session.tickers.get(symbol)))
            for symbol, market in session.markets.items()
        ]

        async def chosen(symbol: str | None) -> None:
            if symbol is not None and symbol != session.market.symbol:
                await self.open(symbol)

        self.push_screen(MarketChoice(choices, session.market.symbol), chosen)

    def action_group(self, by: int) -> None:
        """Put more ticks into a row, or fewer."""
        self.ladder.group(by)
        self.draw()

    def action_theme(self) -> None:
        """Change between dark and light."""
        self.theme = LIGHT if self.theme == DARK else DARK

    def action_help(self) -> None:
        """Tell what the keys do."""
        self.push_screen(Help())

    def _may_trade(self) -> bool:
        if self.session.viewer:
            self.notify(self.session.viewer, severity="warning", markup=False)
        return not self.session.viewer

    def _order_at_hand(self) -> Order | None:
        """The order that is selected, or one's newest in the selected row; says so where there is none."""
        if not self._may_trade():
            return None
        found = self.orders.selected
        if self.focused is self.ladder:
            row, step = self.ladder.selected, self.ladder.step
            mine = [o for o in self.session.orders if row and place_of(o, step) == row.place]
            found = mine[0] if mine else None
        if found is None:
            self.notify("Select one of your orders first: ↑ ↓, Tab.", severity="warning")
        return found

    def _complain(self, error: ExchangeError) -> None:
        self.notify(str(error), severity="error", markup=False)
