"""Markets: made here, changed by their engines."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from markets import operators, schedules
from markets.admin import commands
from markets.admin.forms import (
    READERS_COLUMNS,
    ChangeMarketForm,
    DecimalInput,
    NewMarketForm,
)
from markets.admin.halting import halt_all_view, resume_all_view
from markets.admin.market_changes import preview_page
from markets.admin.overview import overview_view
from markets.admin.pages import (
    NONE,
    AnyAdmin,
    Tool,
    change_url,
    in_a_line,
    links,
    list_url,
    readable,
    with_note,
)
from markets.admin.status import (
    ACTIONS,
    CHANGES,
    auction_in_words,
    status_url,
    status_view,
)
from markets.fields import ExactDecimalField
from markets.matching.types import MarketStatus, format_units
from markets.models import (
    SPECIFICATION,
    Batch,
    Market,
    MarketSchedule,
    OperatorCommand,
    Order,
    Trade,
)


@admin.register(Market)
class MarketAdmin(AnyAdmin):
    """Every change goes to the market's engine, which obeys in a batch of its own."""

    change_form_template = "admin/markets/change_form.html"
    list_display = (
        "symbol",
        "coloured_status",
        "engine",
        "last_sequence",
        "decimal_last_price",
        "open_orders",
        "created_at",
    )
    list_select_related = ("base", "quote")
    search_fields = ("symbol",)
    actions = ACTIONS
    formfield_overrides = {ExactDecimalField: {"widget": DecimalInput}}
    save_on_top = False

    STATE = (
        "symbol",
        "coloured_status",
        "auction",
        "hours",
        "engine",
        "last_sequence",
        "latest_batch",
        "decimal_last_price",
        "open_orders",
        "lists",
        "latest_commands",
        "created_at",
    )

    # What is shown

    @admin.display(description="status", ordering="status")
    def coloured_status(self, market: Market) -> SafeString:
        """Its status in a colour, and how long an auction lasts."""
        until = ""
        if market.status == MarketStatus.AUCTION and market.auction_ends_at is not None:
            until = format_html(" until {}", in_a_line(market.auction_ends_at))
        return format_html(
            '<b class="status-{}">{}</b>{}',
            market.status,
            market.status,
            until,
        )

    @admin.display(description="engine")
    def engine(self, market: Market) -> str:
        """Who runs it, since when, and how far behind it is."""
        return engine_in_words(operators.market_engines([market])[0])

    @admin.display(description="last price")
    def decimal_last_price(self, market: Market) -> str:
        """The price of its last trade."""
        if market.last_price is None:
            return NONE
        return f"{format_units(market.last_price, market.quote.decimals)} {market.quote}"

    @admin.display(description="open orders")
    def open_orders(self, market: Market) -> str:
        """How many orders rest, and how many stops wait."""
        count = operators.open_orders_of(market)
        return f"{count}+" if count >= operators.MAX_COUNTED else str(count)

    @admin.display(description="lists")
    def lists(self, market: Market) -> SafeString:
        """Where its rows are."""
        query, records = f"?market={market.pk}", f"?market__id__exact={market.pk}"
        return links(
            [
                ("orders", list_url(Order, query)),
                ("open orders", list_url(Order, f"{query}&status=live")),
                ("trades", list_url(Trade, query)),
                ("batches", list_url(Batch, records)),
                ("commands", list_url(OperatorCommand, records)),
            ]
        )

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

    @admin.display(description="auction")
    def auction(self, market: Market) -> str:
        """What it would come to, and when it ends."""
        if market.status != MarketStatus.AUCTION:
            return NONE
        ends = "until somebody opens the market"
        if market.auction_ends_at is not None:
            ends = f"until {readable(market.auction_ends_at)}, when it opens by itself"
        now = auction_in_words(market)
        return f"{ends}; {now}" if now else ends

    @admin.display(description="hours")
    def hours(self, market: Market) -> SafeString:
        """When it opens and closes, and what is next."""
        rows = MarketSchedule.objects.filter(market=market)
        lines: list[object] = [_hours_of(schedule) for schedule in rows]
        due = schedules.next_change_of(market, timezone.now())
        if due is not None:
            lines.append(f"next: {due.in_words()}")
        add = f"{reverse('admin:markets_marketschedule_add')}?market={market.pk}"
        lines.append(links([("add hours" if rows else "none: add hours", add)]))
        return format_html_join("", "<div>{}</div>", ((line,) for line in lines))

    @admin.display(description="latest commands")
    def latest_commands(self, market: Market) -> SafeString | str:
        """What operators asked for last, and what came of it."""
        return commands.latest(market) or "none yet"

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
            shown: tuple[str, ...] = self.STATE
            if obj.status != MarketStatus.AUCTION:
                shown = tuple(name for name in shown if name != "auction")
            first = (None, {"fields": shown})
        description = (
            "Changed by the market's engine, in its sequence. Tick and lot cannot change under open "
            "orders. You are shown what a change does before anything is asked for."
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
            transaction.on_commit(partial(commands.report, self, request, [command]))
        if not (settings or columns):
            self.message_user(request, "Nothing was changed.", messages.WARNING)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """What was asked for, and why."""
        if add:
            return super().construct_change_message(request, form, formsets, add)
        wanted = form.changed((*SPECIFICATION, *READERS_COLUMNS))
        changes = ", ".join(
            f"{name} = {'none' if value is None else value}" for name, value in wanted.items()
        )
        return with_note(f"Asked for {changes}", form.cleaned_data["note"]) if changes else ""

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
        """Show what a change would do before it is asked for; add the buttons."""
        if request.method == "POST":
            market: Market | None = self.get_object(request, object_id)
            if market is not None and self.has_change_permission(request, market):
                wanted = self.get_form(request, market, change=True)
                # The form writes into the row that it is given: the preview compares with what is.
                form = wanted(request.POST, instance=self.get_object(request, object_id))
                page = preview_page(self, request, market, form)
                if page is not None:
                    return page
        tools = []
        if self.has_change_permission(request):
            tools = [
                Tool(f"{change.label}…", status_url(status, [object_id]))
                for status, change in CHANGES.items()
            ]
        context = {
            "tools": tools,
            "button": "Show what changes…" if self.has_change_permission(request) else "",
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
        }
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: its orders and trades stay."""
        return False

    # Open, auction, halt, close

    def get_urls(self) -> list[URLPattern]:
        """Add the page that asks before it is done."""
        pages: dict[str, tuple[str, Callable[..., HttpResponse]]] = {
            "status/<str:status>/": ("status", status_view),
            "halt-all/": ("halt_all", halt_all_view),
            "resume-all/": ("resume_all", resume_all_view),
            "overview/": ("overview", overview_view),
        }
        return [
            *(
                path(
                    route,
                    self.admin_site.admin_view(partial(view, self)),
                    name=f"markets_market_{name}",
                )
                for route, (name, view) in pages.items()
            ),
            *super().get_urls(),
        ]


def engine_in_words(engine: operators.MarketEngine) -> str:
    """Who runs a market, since when, and how far behind it is."""
    if not engine.runs:
        return "nobody runs it"
    if engine.process is None or engine.since is None:
        return "starting"
    words = f"{engine.process} since {readable(engine.since)[:19]}"
    if engine.waiting:
        words += f", {engine.waiting} waiting, {engine.behind_ms} ms behind"
    return words


def _hours_of(schedule: MarketSchedule) -> SafeString:
    return format_html('<a href="{}">{}</a>', change_url(schedule), schedules.in_words(schedule))
