"""What a load balancer and a monitor ask: does it live, is it ready, how is it doing."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError

from markets import process
from markets.matching.types import MarketStatus
from markets.metrics import registry


def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives."""
    del request
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """The database, the channel layer, and an engine for every open market answer; else 503 and what not."""
    del request
    checks = {"database": _database(), "channel_layer": _channel_layer(), **_engines()}
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
    async def ask() -> None:
        layer: Any = get_channel_layer()
        channel = await layer.new_channel()
        await layer.send(channel, {"type": "ready"})
        await layer.receive(channel)

    try:
        async_to_sync(ask)()
    except (RedisError, OSError):
        return False
    return True


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
