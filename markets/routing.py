"""The sockets' addresses."""

from django.urls import path

from markets.consumers.market_data import market_data_consumer
from markets.consumers.trading import trading_consumer

websocket_urlpatterns = [
    path("ws/v1/market-data", market_data_consumer),  # type: ignore[arg-type]  # ASGI, not a view
    path("ws/v1/trading", trading_consumer),  # type: ignore[arg-type]
]
