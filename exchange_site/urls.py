"""The site's addresses: pages, admin, REST API and its documents, health."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from markets import health, pages

urlpatterns = [
    path("", pages.front, name="front"),
    path("markets/<str:symbol>/", pages.market, name="market"),
    path("login/", pages.LogIn.as_view(), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("admin/login/", pages.admin_log_in),
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

handler400 = "markets.problems.bad_request"
handler403 = "markets.problems.permission_denied"
handler404 = "markets.pages.not_found"
handler500 = "markets.problems.server_error"
