"""The API describes itself: /api/schema/ is valid OpenAPI, and what it says is what is answered and taken."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.urls import URLPattern

from markets import serializers as shapes
from markets import urls
from markets.order_requests import BRACKET_FIELDS, OCO_FIELDS, PLACE_FIELDS
from markets.problems import STATUSES
from tests.drivers.exchange import ExchangeDriver


@pytest.fixture(scope="module")
def schema(exchange: ExchangeDriver) -> dict[str, Any]:
    response = exchange.http.get(f"{exchange.url}/api/schema/")
    assert response.status_code == 200
    described: dict[str, Any] = yaml.safe_load(response.text)
    return described


def test_the_schema_is_valid_and_without_warnings() -> None:
    out = StringIO()

    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)

    assert "openapi: 3" in out.getvalue()


def test_the_docs_come_from_this_machine(exchange: ExchangeDriver) -> None:
    page = exchange.http.get(f"{exchange.url}/api/docs/")

    assert page.status_code == 200
    assert "swagger" in page.text.lower()
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_every_address_is_described(schema: dict[str, Any]) -> None:
    described = {path.removeprefix("/api/v1/") for path in schema["paths"]}

    routes = {
        str(route.pattern).replace("<str:", "{").replace(">", "}")
        for route in urls.urlpatterns
        if isinstance(route, URLPattern)
    }
    assert described == routes


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield f"{method.upper()} {path.removeprefix('/api/v1/')}", operation


def test_every_call_says_that_it_may_answer_a_problem(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        for status in {str(status) for status in STATUSES.values()}:
            content = operation["responses"][status]["content"]
            assert list(content) == ["application/problem+json"], f"{name} {status}"


def test_market_data_wants_no_key_and_the_rest_does(schema: dict[str, Any]) -> None:
    public = {
        name for name, operation in operations(schema) if not any(operation.get("security", []))
    }

    assert public == {
        "GET time",
        "GET nodes",
        "GET markets",
        "GET markets/{symbol}",
        "GET markets/{symbol}/book",
        "GET markets/{symbol}/trades",
        "GET markets/{symbol}/candles",
        "GET markets/{symbol}/ticker",
        "GET tickers",
    }


@pytest.mark.parametrize(
    ("shape", "taken", "required"),
    [
        (shapes.PlaceOrderShape, PLACE_FIELDS, {"market", "side"}),
        (shapes.OcoShape, OCO_FIELDS, {"market", "side", "quantity", "stop"}),
        (shapes.BracketShape, BRACKET_FIELDS, {"market", "side", "quantity"}),
    ],
)
def test_a_new_orders_fields_are_those_that_are_taken(
    shape: type[shapes.Shape], taken: tuple[str, ...], required: set[str]
) -> None:
    fields = shape().fields

    assert set(fields) == set(taken)
    assert {name for name, field in fields.items() if field.required} == required


def test_an_order_has_the_contracts_fields() -> None:
    contract = """id client_order_id market side type time_in_force post_only price stop_price
    quantity remaining_quantity filled_quantity average_price fee status reason display_quantity
    expires_at self_trade_prevention sequence created_at updated_at"""

    assert set(contract.split()) < set(shapes.OrderShape().fields)
    assert set(shapes.OrderWithFillsShape().fields) - set(shapes.OrderShape().fields) == {"fills"}


def test_amounts_are_strings_in_the_schema(schema: dict[str, Any]) -> None:
    components = schema["components"]["schemas"]

    for name in ("price", "quantity", "remaining_quantity", "average_price", "fee"):
        assert components["OrderShape"]["properties"][name]["type"] in (
            "string",
            ["string", "null"],
        )
    assert "number" not in str(components), "there is no float anywhere"


def test_every_problem_has_a_page(exchange: ExchangeDriver) -> None:
    problem = exchange.http.get("nope", headers={"Accept": "application/json"}).json()

    page = exchange.http.get(exchange.url + problem["type"].partition("#")[0])

    assert page.status_code == 200
    assert all(f'id="{code}"' in page.text for code in STATUSES)
