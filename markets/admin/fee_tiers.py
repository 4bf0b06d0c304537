"""Fee tiers: what they are, who is given one, and the engines told after each change."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from markets import fee_tiers
from markets.admin.forms import AnyModelForm, DecimalInput, NoteForm, why
from markets.admin.pages import (
    AnyAdmin,
    Question,
    ask,
    change_url,
    link_to,
    with_note,
)
from markets.fields import ExactDecimalField
from markets.messages.public import plain
from markets.models import Account, Asset, FeeTier, Market

RATES: Final = ("min_volume", "maker_fee_rate", "taker_fee_rate")
GIVEN_SHOWN: Final = 50


def assess_after_commit(page: AnyAdmin, request: HttpRequest, quotes: Iterable[int]) -> None:
    """When this request's changes are durable, ask the engines for what follows from them."""
    transaction.on_commit(partial(_assess, page, request, set(quotes)), robust=True)


def _assess(page: AnyAdmin, request: HttpRequest, quotes: set[int]) -> None:
    markets = list(Market.objects.filter(quote__in=quotes).values_list("pk", flat=True))
    asked = fee_tiers.assess(markets)
    said = "Nobody's fee rates change now."
    if asked:
        said = (
            f"Rates change in {asked} market{'' if asked == 1 else 's'} within a second: the operator "
            "commands say what came of it."
        )
    page.message_user(request, said, messages.INFO)


class FeeTierForm(AnyModelForm):
    """A tier that can be had beside the others and in all markets of its quote asset."""

    note = why("Kept in the admin log.")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "quote" in self.fields:
            quote: Any = self.fields["quote"].widget
            quote.can_add_related = quote.can_view_related = False

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        tier: FeeTier = self.instance
        if tier.min_volume <= 0:
            message = "more than 0: what everybody pays is a market's own rates"
            self.add_error("min_volume", message)
            return
        others = FeeTier.objects.filter(quote=tier.quote_id).exclude(pk=tier.pk)
        markets = Market.objects.filter(quote=tier.quote_id).select_related("base", "quote")
        try:
            fee_tiers.check([tier, *others], markets)
        except ValueError as error:
            name = str(error).partition(" ")[0].rstrip(":")
            self.add_error(name if name in RATES else None, str(error).removeprefix(f"{name}: "))


@admin.register(FeeTier)
class FeeTierAdmin(AnyAdmin):
    """Every change is assessed when it is durable; engines then change what accounts pay."""

    form = FeeTierForm
    list_display = ("name", "quote", "decimal_min_volume", "maker", "taker", "given")
    list_filter = (("quote", admin.RelatedOnlyFieldListFilter),)
    show_facets = admin.ShowFacets.NEVER
    list_select_related = ("quote",)
    formfield_overrides = {ExactDecimalField: {"widget": DecimalInput}}
    sortable_by = ()
    fields: ClassVar[Any] = ("quote", "name", *RATES, "note")

    # What is shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Its quote asset stays: accounts may have been given it beside tiers of others."""
        return () if obj is None else ("quote", "given_to")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who was given it, once it is there."""
        return self.fields if obj is None else (*self.fields[:-1], "given_to", "note")

    @admin.display(description="from a volume of 30 days")
    def decimal_min_volume(self, tier: FeeTier) -> str:
        """As a decimal, with its asset."""
        return f"{plain(tier.min_volume)} {tier.quote}"

    @admin.display(description="maker fee rate")
    def maker(self, tier: FeeTier) -> str:
        """As the API writes it."""
        return plain(tier.maker_fee_rate)

    @admin.display(description="taker fee rate")
    def taker(self, tier: FeeTier) -> str:
        """As the API writes it."""
        return plain(tier.taker_fee_rate)

    @admin.display(description="given to")
    def given(self, tier: FeeTier) -> int:
        """How many accounts."""
        return _given(tier).count()

    @admin.display(description="given to")
    def given_to(self, tier: FeeTier) -> SafeString | str:
        """The accounts that have it whatever their volume."""
        accounts = list(_given(tier)[: GIVEN_SHOWN + 1])
        links = format_html_join(", ", "{}", ((link_to(one),) for one in accounts[:GIVEN_SHOWN]))
        return (links + ", …" if len(accounts) > GIVEN_SHOWN else links) or "nobody"

    # What is changed

    def save_model(self, request: HttpRequest, obj: FeeTier, form: Any, change: Any) -> None:
        """Write it, and let it be assessed."""
        super().save_model(request, obj, form, change)
        assess_after_commit(self, request, [obj.quote_id])

    def delete_model(self, request: HttpRequest, obj: FeeTier) -> None:
        """Take it from everybody who has it."""
        super().delete_model(request, obj)
        assess_after_commit(self, request, [obj.quote_id])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[FeeTier]) -> None:
        """Take them from everybody who has them."""
        quotes = set(queryset.order_by().values_list("quote", flat=True))
        super().delete_queryset(request, queryset)
        assess_after_commit(self, request, quotes)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the accounts that lose what they were given."""
        tree, counts, missing, protected = super().get_deleted_objects(objs, request)
        del tree, counts
        said: list[Any] = []
        for tier in objs:
            accounts = [str(account) for account in _given(tier)[:GIVEN_SHOWN]]
            said += [str(tier), [f"it is taken from {', '.join(accounts)}"]] if accounts else [tier]
        return said, {self.opts.verbose_name_plural: len(objs)}, missing, protected

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """What was changed to what, and why."""
        names = [name for name in form.changed_data if name != "note"]
        changes = ", ".join(f"{name} = {form.cleaned_data[name]}" for name in names)
        return with_note(changes or "Nothing was changed", form.cleaned_data["note"])


def _given(tier: FeeTier) -> QuerySet[Account]:
    return Account.objects.filter(given_fee_tiers=tier)


# Who is given one


def may_give_tiers(request: HttpRequest) -> bool:
    """Whoever may change accounts."""
    return request.user.has_perm("markets.change_account")


class GivenTiersForm(NoteForm):
    """At most one tier of each quote asset."""

    def __init__(self, *args: Any, account: Account, **options: Any) -> None:
        super().__init__(*args, **options)
        has = {tier.quote_id: tier for tier in account.given_fee_tiers.all()}
        note = self.fields.pop("note")
        self.quotes = list(Asset.objects.filter(fee_tiers__isnull=False).distinct())
        for quote in self.quotes:
            self.fields[str(quote)] = forms.ModelChoiceField(
                FeeTier.objects.filter(quote=quote),
                label=f"Of {quote} markets",
                required=False,
                initial=has.get(quote.pk),
                empty_label="what its volume brings",
            )
        self.fields["note"] = note

    def chosen(self) -> list[FeeTier]:
        """The tiers that it shall have."""
        tiers = [self.cleaned_data[str(quote)] for quote in self.quotes]
        return [tier for tier in tiers if tier is not None]


def give_tiers_view(page: AnyAdmin, request: HttpRequest, key: int) -> HttpResponse:
    """Ask which, and why; then give them or take them away."""
    if not may_give_tiers(request):
        raise PermissionDenied
    account = get_object_or_404(Account, pk=key)
    back = change_url(account)
    form = GivenTiersForm(request.POST or None, account=account)
    if request.method != "POST" or not form.is_valid():
        question = Question(
            title=f"Fee tiers of {account}",
            explanation="A tier that is given goes before the one that its volume of 30 days brings.",
            form=form,
            button="Give these",
            back=back,
        )
        return ask(page, request, question)
    _give(page, request, account, form.chosen(), form.cleaned_data["note"])
    return HttpResponseRedirect(back)


@transaction.atomic
def _give(
    page: AnyAdmin, request: HttpRequest, account: Account, tiers: list[FeeTier], note: str
) -> None:
    before = set(account.given_fee_tiers.all())
    if before == set(tiers):
        page.message_user(request, "Nothing was changed.", messages.WARNING)
        return
    account.given_fee_tiers.set(tiers)
    names = ", ".join(str(tier) for tier in tiers) or "none"
    page.log_change(request, account, with_note(f"Given fee tiers: {names}", note))
    assess_after_commit(
        page, request, {tier.quote_id for tier in before.symmetric_difference(tiers)}
    )
