"""The sockets' addresses: the exchange's own, and the Binance dialect's, if it is on."""

from django.conf import settings
from django.urls import path, re_path

from markets.binance.socket_api.socket import api_consumer
from markets.binance.streams.socket import stream_consumer
from markets.consumers.market_data import market_data_consumer
from markets.consumers.trading import trading_consumer

websocket_urlpatterns = [
    path("ws/v1/market-data", market_data_consumer),  # type: ignore[arg-type]  # ASGI, not a view
    path("ws/v1/trading", trading_consumer),  # type: ignore[arg-type]
]
dialect_urlpatterns = [
    re_path(r"^ws(?:/(?!v1/).*)?$", stream_consumer),  # type: ignore[arg-type]
    re_path(r"^stream/?$", stream_consumer),  # type: ignore[arg-type]
    re_path(r"^ws-api/v3/?$", api_consumer),  # type: ignore[arg-type]
]
if settings.BINANCE:
    websocket_urlpatterns += dialect_urlpatterns
