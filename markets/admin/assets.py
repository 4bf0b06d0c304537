"""Assets: what there is to trade and to pay with."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from markets.admin.pages import WrittenOnceAdmin
from markets.models import Asset, Balance, Market, Transfer


@admin.register(Asset)
class AssetAdmin(WrittenOnceAdmin):
    """Made here or with a market; never changed, and deleted only if nothing was ever in it."""

    list_display = ("symbol", "decimals")
    search_fields = ("symbol",)
    fields = ("symbol", "decimals")

    def has_delete_permission(self, request: HttpRequest, obj: Asset | None = None) -> bool:
        """Whoever may, while nothing uses the asset."""
        if obj is None or not request.user.has_perm("markets.delete_asset"):
            return False
        return not (
            Market.objects.filter(Q(base=obj) | Q(quote=obj)).exists()
            or Balance.objects.filter(asset=obj).exists()
            or Transfer.objects.filter(asset=obj).exists()
        )
