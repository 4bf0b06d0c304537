"""What a load balancer and a monitor ask: does it live, is it ready, how is it doing."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from markets import process
from markets.matching.types import MarketStatus
from markets.metrics import registry


def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives."""
    del request
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """The database, the channel layer, and an engine for every open market answer, and this process does not
    stop; else 503 and what not.
    """
    del request
    checks = {
        "takes_orders": _takes_orders(),
        "database": _database(),
        "channel_layer": _channel_layer(),
        **_engines(),
    }
    ready = all(checks.values())
    return JsonResponse(
        {"status": "ok" if ready else "not ready", "checks": checks}, status=200 if ready else 503
    )


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _channel_layer() -> bool:
    try:
        return async_to_sync(process.current().gateway.echo)()
    except process.NotStarted:
        return False


def _takes_orders() -> bool:
    try:
        return not process.current().stopping
    except process.NotStarted:
        return False


def _engines() -> dict[str, bool]:
    try:
        markets = process.current().hub.markets
    except process.NotStarted:
        return {"hub": False}
    return {
        f"engine {symbol}": view.engine_alive
        for symbol, view in list(markets.items())
        if view.status == MarketStatus.OPEN
    }


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus: what this process saw."""
    del request
    return HttpResponse(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)
