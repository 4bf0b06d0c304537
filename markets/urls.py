"""The REST API's addresses, under /api/v1/."""

from django.urls import path

from markets import views

urlpatterns = [
    path("time", views.TimeView.as_view()),
    path("nodes", views.NodesView.as_view()),
    path("markets", views.MarketsView.as_view()),
    path("markets/<str:symbol>", views.MarketDetailView.as_view()),
    path("markets/<str:symbol>/book", views.BookView.as_view()),
    path("markets/<str:symbol>/trades", views.TradesView.as_view()),
    path("markets/<str:symbol>/candles", views.CandlesView.as_view()),
    path("markets/<str:symbol>/ticker", views.TickerView.as_view()),
    path("tickers", views.TickersView.as_view()),
    path("orders", views.OrdersView.as_view()),
    path("orders/batch", views.OrderBatchView.as_view()),
    path("orders/oco", views.OcoView.as_view()),
    path("orders/bracket", views.BracketView.as_view()),
    path("orders/cancel-after", views.CancelAfterView.as_view()),
    path("orders/by-client-id/<str:client_order_id>", views.OrderByClientIdView.as_view()),
    path("orders/<str:order_id>", views.OrderView.as_view()),
    path("fills", views.FillsView.as_view()),
    path("fees", views.FeesView.as_view()),
    path("balances", views.BalancesView.as_view()),
    path("faucet", views.FaucetView.as_view()),
    path("api-keys", views.ApiKeysView.as_view()),
    path("api-keys/<str:key_id>", views.ApiKeyView.as_view()),
    path("api-keys/<str:key_id>/faults", views.ApiKeyFaultsView.as_view()),
]
