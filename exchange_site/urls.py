"""The site's addresses: pages, admin, REST API and its documents, health."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from markets import health, pages

urlpatterns = [
    path("", pages.front, name="front"),
    path("markets/<str:symbol>/", pages.market, name="market"),
    path("", include("markets.people.urls")),  # before the admin, whose door it replaces
    path("account/", include("markets.account_pages.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("markets.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/docs/problems", pages.problem_page),
    path("favicon.ico", RedirectView.as_view(url=static("markets/favicon.svg"))),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]

handler400 = "markets.error_pages.bad_request"
handler403 = "markets.error_pages.permission_denied"
handler404 = "markets.pages.not_found"
handler429 = "markets.error_pages.too_many_requests"  # the library's of people, not Django's
handler500 = "markets.error_pages.server_error"
