"""What the exchange is watched with (metrics, their table, dashboard, alerts) names the same things."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from markets import metrics
from tests.test_docs import OPERATIONS, ROOT, rows, section

DASHBOARD = ROOT / "docs" / "grafana" / "exchange.json"
ALERTS = ROOT / "docs" / "alerts.yml"
NAME = re.compile(r"\bexchange_[a-z_]+\b")
LABEL = re.compile(r"\b(?:by|on|group_left) \(([a-z_, ]*)\)")
OF_PROMETHEUS = {"instance", "le"}
SAMPLES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
}


def families() -> dict[str, tuple[str, ...]]:
    """Every metric of ours by its name, and the names of its samples."""
    return {
        family.name + ("_total" if family.type == "counter" else ""): tuple(
            family.name + suffix for suffix in SAMPLES[family.type]
        )
        for family in REGISTRY.collect()
        if family.name.startswith("exchange_")
    }


def sample_names() -> set[str]:
    return {name for names in families().values() for name in names}


def labels() -> dict[str, tuple[str, ...]]:
    """The labels of every metric of ours, by its name without `_total`."""
    return {
        metric._name: tuple(metric._labelnames)
        for metric in vars(metrics).values()
        if isinstance(metric, MetricWrapperBase)
    }


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def alerts() -> list[dict[str, Any]]:
    return [
        rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
    ]


def expressions() -> Iterator[str]:
    for panel in panels():
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (alert["expr"] for alert in alerts())


def test_every_metric_says_what_it_is_and_is_named_as_prometheus_wishes() -> None:
    assert families()
    for family in REGISTRY.collect():
        if family.name.startswith("exchange_"):
            assert family.documentation[0].isupper() or family.documentation[0].isdigit()
            if family.type == "histogram":
                assert family.name.endswith(("_seconds", "_commands")), "its unit"


def test_the_table_in_operations_has_every_metric_and_no_other() -> None:
    table = {
        row[0].strip("`"): row[1]
        for row in rows(section(OPERATIONS, "### Metrics"))
        if row[0].startswith("`exchange_")
    }

    assert table.keys() == families().keys()
    told = {name.removesuffix("_total"): tuple(cell.split(", ")) for name, cell in table.items()}
    assert told == labels()


def test_dashboard_and_alerts_ask_for_metrics_and_labels_that_exist() -> None:
    known = {label for names in labels().values() for label in names} | OF_PROMETHEUS
    for expression in expressions():
        assert set(NAME.findall(expression)) <= sample_names(), expression
        grouped = {label.strip() for by in LABEL.findall(expression) for label in by.split(",")}
        assert grouped - {""} <= known, expression
        assert expression.count("(") == expression.count(")"), expression
        assert expression.count("{") == expression.count("}"), expression


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {
        name
        for panel in panels()
        for target in panel.get("targets", ())
        for name in NAME.findall(target["expr"])
    }

    assert {name for name, samples in families().items() if not shown & set(samples)} == set()


def test_the_dashboard_can_be_imported_anywhere() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}

    assert "id" not in dashboard, "the number that it had somewhere else"
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)
    for panel in panels():
        if panel["type"] == "row":
            continue
        for asked in (panel, *panel["targets"]):
            assert asked["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel
    places = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels())
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(places)) == len(places), "nothing lies on something else"
    assert max(x for x, _ in places) < 24


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_how_urgent_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    assert re.fullmatch(r"Exchange[A-Za-z]+", alert["alert"])
    assert alert["labels"]["severity"] in ("page", "ticket")
    assert set(alert["annotations"]) == {"summary", "description"}
    assert re.fullmatch(r"\d+[sm]", alert.get("for", "0s"))


def test_alerts_have_names_of_their_own() -> None:
    names = [alert["alert"] for alert in alerts()]

    assert len(set(names)) == len(names)
