"""What `clients` exports is there, is documented, and needs nothing of the exchange's own code."""

import ast
import doctest
import inspect
from pathlib import Path

import clients
import clients.book
import clients.decimals

PACKAGE = Path(clients.__file__).parent


def test_every_exported_name_is_there_in_order_and_documented() -> None:
    assert clients.__all__ == sorted(set(clients.__all__))
    for name in clients.__all__:
        assert inspect.getdoc(getattr(clients, name)) or name == "OrderResult"


def test_the_names_that_a_program_needs_are_exported() -> None:
    assert set(clients.__all__) >= {
        *("ExchangeClient", "PublicClient", "LiveBook", "LocalBook", "BookFeed", "Outcome"),
        *("OrderRequest", "Order", "Fill", "Balance", "Market", "Trade", "Ticker", "Candle"),
        *("ExchangeError", "Refused", "Busy", "OutcomeUnknown", "BookOutOfStep", "OrderNotOpen"),
        *("InsufficientFunds", "NotConnected", "TimedOut", "ConnectionLost", "DeadlinePassed"),
        *("AccountClient", "OrderGroup", "StopPart", "TakeProfitPart", "CancelAfter"),
        *("AccountFees", "Auction", "MarketStatus"),
    }


def test_nothing_here_imports_django_or_the_exchange() -> None:
    foreign = {"django", "channels", "rest_framework", "markets", "exchange_site"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & foreign, path


def test_the_book_and_the_feeds_do_no_io() -> None:
    pure = ("book", "decimals", "feed", "account_feed", "order_request", "errors")
    files = [PACKAGE / f"{name}.py" for name in pure]
    for path in [*files, *(PACKAGE / "records").iterdir()]:
        source = path.read_text() if path.suffix == ".py" else ""
        for module in ("asyncio", "httpx", "websockets", "socket", "time"):
            assert f"import {module}\n" not in source
            assert f"from {module} " not in source


def test_the_examples_in_the_docs_are_true() -> None:
    for module in (clients.book, clients.decimals):
        assert doctest.testmod(module).failed == 0
