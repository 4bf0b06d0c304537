"""The documents stay true: what they name exists, what exists is named, the first trade is made."""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import BaseCommand, load_command_class

import clients
from clients import LocalBook
from markets import private_feed, problems, serializers, urls
from markets.consumers import market_data, trading
from markets.history import INTERVALS
from markets.matching import types
from tests.drivers.exchange import ExchangeDriver

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
API = ROOT / "docs" / "api.md"
OPERATIONS = ROOT / "docs" / "operations.md"
RULES = ROOT / "docs" / "rules.md"
DECISIONS = ROOT / "docs" / "decisions.md"
PERFORMANCE = ROOT / "docs" / "performance.md"
SCALING = ROOT / "docs" / "scaling.md"
CONFORMANCE = ROOT / "docs" / "conformance" / "README.md"
DOCUMENTS = (
    README,
    API,
    RULES,
    OPERATIONS,
    PERFORMANCE,
    SCALING,
    DECISIONS,
    ROOT / "CHANGELOG.md",
    CONFORMANCE,
)
COMMANDS = sorted(
    path.stem
    for path in (ROOT / "markets" / "management" / "commands").glob("*.py")
    if path.stem != "__init__"
)
by_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def fenced(document: Path, language: str) -> Iterator[str]:
    """The code blocks of a language, without their indentation."""
    pattern = re.compile(rf"^( *)```{language}\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
    for indent, block in pattern.findall(document.read_text()):
        yield "".join(line.removeprefix(indent) for line in block.splitlines(keepends=True))


def section(document: Path, heading: str) -> str:
    """What stands under a heading, up to the next of its level."""
    level = heading.partition(" ")[0]
    _, _, rest = document.read_text().partition(f"\n{heading}\n")
    assert rest, f"{document.name} has no heading {heading!r}"
    return re.split(rf"^{level} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of the rows of tables."""
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]


def words(text: str) -> set[str]:
    """What stands in backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


# All documents


@by_document
def test_relative_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (document.parent / path) if path else document
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as the usual viewers make them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@by_document
def test_python_in_it_compiles_and_json_is_json(document: Path) -> None:
    for block in fenced(document, "python"):
        ast.parse(block)
    for block in fenced(document, "json"):
        json.loads(block)


@by_document
def test_make_targets_and_management_commands_in_it_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    django = {"migrate", "createsuperuser", "check"}
    text = document.read_text()

    for target in re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE):
        assert f"\n{target}:" in makefile, target
    for command in re.findall(r"manage\.py ([a-z_]+)", text):
        assert command in {*COMMANDS, *django}, command


# README


def first_trade() -> str:
    script, _ = fenced(README, "python")
    return script


def test_the_readmes_first_trade_uses_names_that_exist() -> None:
    tree = ast.parse(first_trade())

    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "clients"
        for alias in node.names
    }
    assert imported
    assert imported <= set(clients.__all__)


def test_the_readmes_first_trade_is_made(
    exchange: ExchangeDriver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    market = exchange.new_market(lot_size="0.01")
    maker, reader = exchange.traders(market)
    maker.place(market, "sell", "1", price="64000")
    exchange.settle(market)
    assert reader.key is not None
    monkeypatch.setenv("EXCHANGE_KEY", reader.key)
    script = first_trade().replace("http://127.0.0.1:8000", exchange.url)

    exec(compile(script.replace("BTC-USD", market), "README.md", "exec"), {"__name__": "__main__"})

    assert "filled 0.01 BTC at 64000" in capsys.readouterr().out


def test_the_readmes_three_terminals_show_what_clients_compute() -> None:
    lines = re.findall(
        r"^GOLD-USD #\d+ bid (\S+)(?: x (\S+))? ask (\S+)(?: x (\S+))? .*checksum (\d+) verified$",
        README.read_text(),
        re.MULTILINE,
    )
    assert len(lines) == 4
    for bid, bid_quantity, ask, ask_quantity, checksum in lines:
        book = LocalBook("GOLD-USD")
        bids = [[bid, bid_quantity]] if bid_quantity else []
        asks = [[ask, ask_quantity]] if ask_quantity else []
        book.replace(1, bids=bids, asks=asks)
        assert book.checksum == int(checksum)


def test_the_map_of_the_house_names_what_is_there() -> None:
    for first, _ in rows(section(README, "## The map of the house"))[1:]:
        folder = ""
        for name in words(first):
            if name.startswith(("markets/", "exchange_site/", "clients/", "tests/")):
                folder = name.partition("/")[0]
        for name in words(first):
            assert (ROOT / name).exists() or (ROOT / folder / name).exists(), name


# The API


def test_every_address_and_method_is_in_the_api() -> None:
    text = API.read_text()
    for pattern in urls.urlpatterns:
        address = re.sub(r"<str:(\w+)>", r"{\1}", str(pattern.pattern))
        view: Any = pattern.callback
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(view.view_class, method):
                heading = f"\n### {method.upper()} /api/v1/{address}\n"
                assert heading in text, heading


def test_every_error_code_has_its_anchor_and_status() -> None:
    for code, status in problems.STATUSES.items():
        assert section(API, f"#### {code}").startswith(f"{status}."), code


@pytest.mark.parametrize(
    ("heading", "shape"),
    [
        ("### POST /api/v1/orders", serializers.PlaceOrderShape),
        ("### POST /api/v1/orders", serializers.OrderShape),
    ],
)
def test_every_field_is_explained(heading: str, shape: Any) -> None:
    explained = {name for row in rows(section(API, heading)) for name in words(row[0])}

    assert set(shape().fields) <= explained


@pytest.mark.parametrize(
    ("heading", "shape"),
    [
        ("### GET /api/v1/markets/{symbol}", serializers.MarketShape),
        ("### GET /api/v1/markets/{symbol}/book", serializers.BookShape),
        ("### GET /api/v1/markets/{symbol}/ticker", serializers.TickerShape),
        ("### GET /api/v1/fills", serializers.FillPageShape),
        ("### GET /api/v1/orders", serializers.OrderPageShape),
        ("### POST /api/v1/orders", serializers.OrderWithFillsShape),
        ("### POST /api/v1/api-keys", serializers.MadeApiKeyShape),
    ],
)
def test_the_last_example_of_a_call_has_every_field(heading: str, shape: Any) -> None:
    _, _, rest = API.read_text().partition(f"\n{heading}\n")
    text = re.split(r"^##+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    example = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[-1])

    assert set(example) == set(shape().fields)
    if "results" in example:
        assert set(example["results"][0]) == set(shape().fields["results"].child.fields)


def test_every_enumeration_is_complete() -> None:
    table = {row[0]: words(row[1]) for row in rows(section(API, "## Conventions")) if len(row) > 1}

    for name, kind in (
        ("side", types.Side),
        ("type", types.OrderType),
        ("time_in_force", types.TimeInForce),
        ("order status", types.OrderStatus),
        ("market status", types.MarketStatus),
        ("self_trade_prevention", types.SelfTradePrevention),
    ):
        assert table[name] == set(kind), name


def test_every_reason_is_explained() -> None:
    explained = {row[0].strip("`") for row in rows(section(API, "### POST /api/v1/orders"))}

    assert set(types.Reason) <= explained


def test_every_method_and_channel_of_the_sockets_is_named() -> None:
    public, private = section(API, "## Market-data socket"), section(API, "## Trading socket")

    assert set(market_data.METHODS) | set(market_data.CHANNELS) <= words(public)
    assert set(trading.METHODS) | set(private_feed.CHANNELS) <= words(private)
    assert set(INTERVALS) <= words(section(API, "### GET /api/v1/markets/{symbol}/candles"))


def test_every_limit_has_the_value_of_the_code() -> None:
    limits = [row for row in rows(section(API, "## Limits")) if row[0].startswith("`")]
    assert len(limits) > 20
    for name, value, _ in limits:
        module, _, constant = name.strip("`").rpartition(".")
        holder = settings if module == "django.conf.settings" else import_module(module)
        assert Decimal(getattr(holder, constant)) == Decimal(value.replace(",", "")), name


def test_the_rates_are_those_of_the_settings() -> None:
    text = section(API, "## Limits")

    assert f"| {settings.RATE_PUBLIC:,} | by address |" in text
    assert f"| {settings.RATE_ACCOUNT:,} | by account" in text


def test_what_python_the_api_shows_runs() -> None:
    for block in fenced(API, "python"):
        exec(compile(block, "api.md", "exec"), {})


# Operations


def test_every_setting_is_in_operations_and_no_other() -> None:
    source = (ROOT / "exchange_site" / "settings.py").read_text()
    read = set(
        re.findall(
            r'(?:environ\.get|_flag|_number|_words|_seconds|_address)\(\s*"([A-Z_]+)"', source
        )
    )

    named = {row[0].strip("`") for row in rows(section(OPERATIONS, "## Settings"))[2:]}
    assert read
    assert named == read


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_operations_with_its_options(name: str) -> None:
    command = load_command_class("markets", name)
    text = section(OPERATIONS, f"### {name}")

    for option in options(command) - options(BaseCommand()):
        assert f"`{option}`" in text, option


@pytest.mark.parametrize("name", COMMANDS)
def test_operations_names_no_option_that_a_command_lacks(name: str) -> None:
    text = section(OPERATIONS, f"### {name}")

    named = {word for word in words(text) if re.fullmatch(r"--[a-z-]+", word)}
    assert named <= options(load_command_class("markets", name))


def options(command: BaseCommand) -> set[str]:
    """A command's long options."""
    parser: argparse.ArgumentParser = command.create_parser("manage.py", "command")
    return {
        option
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--")
    }


# Scaling


def test_the_calculation_of_scaling_prints_what_stands_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (calculation,) = fenced(SCALING, "python")

    exec(compile(calculation, "scaling.md", "exec"), {})

    _, _, after = SCALING.read_text().partition(calculation)
    assert after.split("```")[2].lstrip("\n") == capsys.readouterr().out


def test_scaling_counts_with_the_figures_of_performance() -> None:
    """Whoever measures anew must see what follows from it."""
    measured = PERFORMANCE.read_text()
    (calculation,) = fenced(SCALING, "python")

    for figure in ("115,210", "29.1", "84.1"):
        assert f"**{figure}**" in measured or f"| {figure} µs |" in measured, figure
        assert figure.replace(",", "_") in calculation, figure
