"""Markets by their names in the dialect: `BTC-USD` is `BTCUSD`, unless the market has set another name.

Rules:
- A name that was set goes before one that is made; of two markets with one name the older one has it, and the
  other is not in the dialect until it sets its own.
- A market whose tick or lot is finer than 8 decimals is not in the dialect: its prices could not be written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from markets import process
from markets.binance.errors import BAD_SYMBOL, DialectError
from markets.binance.texts import PLACES
from markets.hub import Hub, MarketView
from markets.matching.spec import MarketSpec


def plain_symbol(symbol: str) -> str:
    """What a market is called that has set no name: `plain_symbol("BTC-USD")` is `"BTCUSD"`."""
    return symbol.replace("-", "")


class Names:
    """The markets of one hub by dialect name, and the other way round."""

    def __init__(self, views: Iterable[MarketView]) -> None:
        self.views: dict[str, MarketView] = {}
        """Dialect name → market, in the order of their names."""
        self._names: dict[str, str] = {}
        offered = sorted((v for v in views if _is_written(v.spec)), key=lambda v: v.spec.id_base)
        for view in (v for v in offered if v.dialect_symbol):
            self._give(view.dialect_symbol or "", view)
        for view in (v for v in offered if not v.dialect_symbol):
            self._give(plain_symbol(view.symbol), view)
        self.views = dict(sorted(self.views.items()))

    def _give(self, name: str, view: MarketView) -> None:
        if name not in self.views:
            self.views[name] = view
            self._names[view.symbol] = name

    def of(self, symbol: str) -> str | None:
        """What a market is called in the dialect; None: it is not in it."""
        return self._names.get(symbol)


def _is_written(spec: MarketSpec) -> bool:
    """Whether prices and quantities are exact in 8 decimals."""
    return all(
        decimals <= PLACES or step % 10 ** (decimals - PLACES) == 0
        for step, decimals in (
            (spec.tick_size, spec.quote_decimals),
            (spec.lot_size, spec.base_decimals),
        )
    )


_made: tuple[Hub, int, Names] | None = None


def names() -> Names:
    """This process's markets. From any thread."""
    global _made
    hub = process.current().hub
    if _made is None or _made[0] is not hub or _made[1] != hub.names_changed:
        _made = (hub, hub.names_changed, Names(list(hub.markets.values())))
    return _made[2]


def view_of(name: str) -> MarketView:
    """The market of a dialect name. Raises DialectError."""
    view = names().views.get(name)
    if view is None:
        raise DialectError(BAD_SYMBOL)
    return view


def name_of(symbol: str) -> str:
    """What a market of the exchange is called; one that is not in the dialect, as if it were."""
    return names().of(symbol) or plain_symbol(symbol)


STATUSES: Final = {
    "open": "TRADING",
    "halted": "HALT",
    "auction": "AUCTION_MATCH",
    "closed": "BREAK",
}
"""What a market's status is called."""
