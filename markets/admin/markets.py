"""Markets: made here, changed by their engines."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from markets import operators
from markets.admin.forms import (
    READERS_COLUMNS,
    ChangeMarketForm,
    DecimalInput,
    NewMarketForm,
    NoteForm,
)
from markets.admin.pages import (
    NONE,
    AnyAdmin,
    Tool,
    ask,
    change_url,
    list_url,
    readable,
)
from markets.admin.status import VERBS, status_question, status_url
from markets.fields import ExactDecimalField
from markets.matching.types import MarketStatus, format_units
from markets.models import SPECIFICATION, Batch, Market, OperatorCommand, Order, Trade

ANSWER_SECONDS: Final = 3.0
"""How long a page waits for an engine."""
COMMANDS_SHOWN: Final = 5
COLOURS: Final = {"open": "#1a7f37", "halted": "#b35900", "closed": "#b3261e"}


@admin.register(Market)
class MarketAdmin(AnyAdmin):
    """Every change goes to the market's engine, which obeys in a batch of its own."""

    change_form_template = "admin/markets/change_form.html"
    list_display = (
        "symbol",
        "coloured_status",
        "last_sequence",
        "decimal_last_price",
        "open_orders",
        "created_at",
    )
    list_select_related = ("base", "quote")
    search_fields = ("symbol",)
    actions = ("open_selected", "halt_selected", "close_selected")
    formfield_overrides = {ExactDecimalField: {"widget": DecimalInput}}
    save_on_top = False

    STATE = (
        "symbol",
        "coloured_status",
        "last_sequence",
        "latest_batch",
        "decimal_last_price",
        "open_orders",
        "latest_commands",
        "created_at",
    )

    # What is shown

    @admin.display(description="status", ordering="status")
    def coloured_status(self, market: Market) -> SafeString:
        """Its status in a colour."""
        return format_html(
            '<b style="color: {}">{}</b>', COLOURS.get(market.status, "inherit"), market.status
        )

    @admin.display(description="last price")
    def decimal_last_price(self, market: Market) -> str:
        """The price of its last trade."""
        if market.last_price is None:
            return NONE
        return f"{format_units(market.last_price, market.quote.decimals)} {market.quote}"

    @admin.display(description="open orders")
    def open_orders(self, market: Market) -> int:
        """How many orders rest."""
        return operators.open_orders_of(market)

    @admin.display(description="latest batch")
    def latest_batch(self, market: Market) -> str:
        """What its engine wrote last, and when."""
        batch = Batch.objects.filter(market=market).order_by("-sequence").first()
        if batch is None:
            return "none yet"
        return (
            f"{batch.prev_sequence} to {batch.sequence} at {readable(batch.timestamp)}, "
            f"book checksum {batch.checksum}"
        )

    @admin.display(description="latest commands")
    def latest_commands(self, market: Market) -> SafeString | str:
        """What operators asked for last, and what came of it."""
        commands = OperatorCommand.objects.filter(market=market).order_by("-pk")[:COMMANDS_SHOWN]
        rows = [
            (
                change_url(command),
                readable(command.created_at),
                command.requested_by,
                ", ".join(f"{name} = {value}" for name, value in command.params.items()),
                operators.outcome_of(command),
            )
            for command in commands
        ]
        return format_html_join("", '<div><a href="{}">{}</a> {}: {}, {}</div>', rows) or "none yet"

    # Forms

    def get_form(
        self, request: HttpRequest, obj: Market | None = None, change: bool = False, **options: Any
    ) -> Any:
        """One form for a new market, another for one that trades."""
        options["form"] = NewMarketForm if obj is None else ChangeMarketForm
        return super().get_form(request, obj, change, **options)

    def get_readonly_fields(self, request: HttpRequest, obj: Market | None = None) -> Any:
        """What the engine writes."""
        return () if obj is None else self.STATE

    def get_fieldsets(self, request: HttpRequest, obj: Market | None = None) -> Any:
        """A new market's assets, or a market's state; its rules; what only readers use."""
        rules: tuple[str, ...] = SPECIFICATION
        first: tuple[str | None, dict[str, Any]]
        if obj is None:
            first = (None, {"fields": ("base_symbol", "quote_symbol", "first_status")})
        else:
            first = (None, {"fields": self.STATE})
            rules = (*rules, "note")
        description = (
            "Changed by the market's engine, in its sequence. Tick and lot cannot change under open "
            "orders."
        )
        return [
            first,
            ("Rules", {"fields": rules, "description": "" if obj is None else description}),
            ("Market data", {"fields": READERS_COLUMNS}),
        ]

    def save_form(self, request: HttpRequest, form: Any, change: Any) -> Market:
        """Make a new market whole; leave one that is there as it is."""
        market: Market = super().save_form(request, form, change)
        if change:
            return market
        created = operators.create_market(**form.wanted())
        for asset in created.new_assets:
            self.log_addition(request, asset, f"Made for the market {created.market}.")
        return created.market

    def save_model(self, request: HttpRequest, obj: Market, form: Any, change: Any) -> None:
        """Ask the engine for what is its own; write what only readers use."""
        if not change:
            return
        settings = form.changed(READERS_COLUMNS)
        if settings:
            Market.objects.filter(pk=obj.pk).update(**settings)
        columns = form.changed(SPECIFICATION)
        if columns:
            market = Market.objects.select_related("base", "quote").get(pk=obj.pk)
            command = operators.configure_market(
                market, columns, request.user.get_username(), form.cleaned_data["note"]
            )
            # After the commit: an engine on SQLite cannot write while this request does.
            transaction.on_commit(partial(self._report, request, [command]))
        if not (settings or columns):
            self.message_user(request, "Nothing was changed.", messages.WARNING)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """What was asked for, and why."""
        if add:
            return super().construct_change_message(request, form, formsets, add)
        wanted = form.changed((*SPECIFICATION, *READERS_COLUMNS))
        changes = ", ".join(f"{name} = {value}" for name, value in wanted.items())
        return _with_note(f"Asked for {changes}", form.cleaned_data["note"]) if changes else ""

    def log_change(self, request: HttpRequest, obj: Market, message: Any) -> Any:
        """Unless nothing was asked for."""
        return super().log_change(request, obj, message) if message else None

    def response_change(self, request: HttpRequest, obj: Market) -> HttpResponse:
        """Back to the market: what came of it is in the messages."""
        return HttpResponseRedirect(change_url(obj))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add the buttons."""
        tools = [Tool("Orders", list_url(Order, f"?market={object_id}"))]
        tools.append(Tool("Trades", list_url(Trade, f"?market={object_id}")))
        if self.has_change_permission(request):
            tools += [
                Tool(f"{verb}…", status_url(status, [object_id])) for status, verb in VERBS.items()
            ]
        context = {
            "tools": tools,
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
        }
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: its orders and trades stay."""
        return False

    # Open, halt, close

    @admin.action(description="Open selected markets…", permissions=["change"])
    def open_selected(self, request: HttpRequest, queryset: QuerySet[Market]) -> HttpResponse:
        """Ask first."""
        return HttpResponseRedirect(status_url(MarketStatus.OPEN, _keys(queryset)))

    @admin.action(description="Halt selected markets…", permissions=["change"])
    def halt_selected(self, request: HttpRequest, queryset: QuerySet[Market]) -> HttpResponse:
        """Ask first."""
        return HttpResponseRedirect(status_url(MarketStatus.HALTED, _keys(queryset)))

    @admin.action(description="Close selected markets…", permissions=["change"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet[Market]) -> HttpResponse:
        """Ask first."""
        return HttpResponseRedirect(status_url(MarketStatus.CLOSED, _keys(queryset)))

    def get_urls(self) -> list[URLPattern]:
        """Add the page that opens, halts or closes."""
        view = self.admin_site.admin_view(self.status_view)
        return [
            path("status/<str:status>/", view, name="markets_market_status"),
            *super().get_urls(),
        ]

    def status_view(self, request: HttpRequest, status: str) -> HttpResponse:
        """Ask why; then tell the engines, and say what they did."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if status not in tuple(MarketStatus):
            raise Http404("there is no such status")
        wanted = MarketStatus(status)
        keys = [key for key in request.GET.getlist("market") if key.isascii() and key.isdigit()]
        markets = list(Market.objects.filter(pk__in=keys))
        if not markets:
            raise Http404("there is no such market")
        form = NoteForm(request.POST or None, required=wanted is not MarketStatus.OPEN)
        back = change_url(markets[0]) if len(markets) == 1 else list_url(Market)
        if request.method != "POST" or not form.is_valid():
            return ask(self, request, status_question(wanted, markets, form, back))
        self._set_status(request, markets, wanted, form.cleaned_data["note"])
        return HttpResponseRedirect(back)

    def _set_status(
        self, request: HttpRequest, markets: list[Market], status: MarketStatus, note: str
    ) -> None:
        by = request.user.get_username()
        with transaction.atomic():
            commands = [operators.set_market_status(market, status, by, note) for market in markets]
            for market in markets:
                self.log_change(
                    request, market, _with_note(f"Asked to {VERBS[status].lower()}", note)
                )
        self._report(request, commands)

    def _report(self, request: HttpRequest, commands: list[OperatorCommand]) -> None:
        """Wait a moment for the engines, and tell the operator what came of the commands."""
        deadline = time.monotonic() + ANSWER_SECONDS
        for command in commands:
            operators.wait_for(command, max(0.0, deadline - time.monotonic()))
            level = messages.SUCCESS
            if command.refusal:
                level = messages.ERROR
            elif not command.done:
                level = messages.WARNING
            self.message_user(request, f"{command.market}: {operators.outcome_of(command)}", level)


def _keys(queryset: QuerySet[Market]) -> list[str]:
    return [str(key) for key in queryset.values_list("pk", flat=True)]


def _with_note(text: str, note: str) -> str:
    return f"{text}: {note}" if note else f"{text}."
