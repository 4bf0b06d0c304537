"""What the views share: who may call, and the way from a view's thread to the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import async_to_sync
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from markets import process
from markets.authentication import MayTrade
from markets.matching.spec import MarketSpec
from markets.messages.public import (
    JSON,
)

P = ParamSpec("P")
T = TypeVar("T")


def in_loop(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call something of the event loop from a view's thread."""

    async def there() -> T:
        return call(*args, **kwargs)

    return async_to_sync(there)()


def wait_for(call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Await something of the event loop from a view's thread."""
    return async_to_sync(call)(*args, **kwargs)


def spec_by_market() -> dict[str, MarketSpec]:
    """Every market's specification."""
    return {symbol: view.spec for symbol, view in list(process.current().hub.markets.items())}


def body(request: Request) -> JSON:
    """The JSON object that was sent; the parser lets nothing else through."""
    data: Any = request.data
    return dict(data)


class PublicView(APIView):
    """Market data: nobody need say who they are, and wrong keys do not matter."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class PrivateView(APIView):
    """An account's own data and orders."""

    permission_classes = (MayTrade,)
