"""The store of one market: what its engine reads before a batch and writes after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from markets import models
from markets.database import one_moment
from markets.matching.engine import Engine
from markets.matching.events import Batch
from markets.matching.recall import ELSEWHERE, Elsewhere, Known, Needs
from markets.matching.spec import MarketSpec
from markets.matching.types import Asset, FeeRates, MarketState, OrderState
from markets.messages.orders import Telling
from markets.rows import ORDER_FIELDS, STATE_COLUMNS, order_of_columns, order_state
from markets.store.dialects import Dialect, dialect_of
from markets.store.errors import SequenceTaken
from markets.store.transaction import Committed, Keys, Transaction, speaking


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an engine starts from."""

    spec: MarketSpec
    state: MarketState
    orders: list[OrderState]
    cancel_after: dict[int, int]
    fee_rates: dict[int, FeeRates]
    frozen: frozenset[int]
    """Accounts: what the rows say now. Commands that say the same to this engine may still wait."""
    timestamp: int
    """The engine's clock with its last batch."""

    def engine(self) -> Engine:
        """The engine as it was then."""
        return Engine.load(
            self.spec, self.state, self.orders, self.cancel_after, self.fee_rates, self.frozen
        )


@dataclass(frozen=True, slots=True)
class PendingCommand:
    """An operator's wish, to be carried out once."""

    id: int
    kind: str
    params: dict[str, Any]


class Store:
    """One market's rows. Blocking: it lives in its engine's database thread."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self._keys = Keys(symbol, 0, {}, 0)

    def load(self) -> Loaded:
        """The market as the last batch left it, its live orders by priority."""
        with speaking(), one_moment():
            market = self._market()
            orders = models.Order.objects.filter(models.LIVE_ORDERS, market=market).order_by(
                "priority"
            )
            return Loaded(
                spec=market.spec(self._keys.fee_account),
                state=market.state(),
                orders=[order_state(row) for row in orders.values_list(*ORDER_FIELDS)],
                cancel_after=dict(
                    models.CancelAfter.objects.filter(market=market).values_list("account_id", "at")
                ),
                fee_rates={
                    account: FeeRates(maker, taker)
                    for account, maker, taker in models.AccountFees.objects.filter(
                        market=market
                    ).values_list("account_id", "maker_fee_rate", "taker_fee_rate")
                },
                frozen=frozenset(models.FrozenAccount.objects.values_list("account_id", flat=True)),
                timestamp=market.last_timestamp(),
            )

    def _market(self) -> models.Market:
        market = models.Market.objects.select_related("base", "quote").get(symbol=self.symbol)
        self._keys = Keys(
            symbol=self.symbol,
            market=market.pk,
            assets={Asset.BASE: market.base, Asset.QUOTE: market.quote},
            fee_account=models.Account.objects.get(name=models.FEE_ACCOUNT_NAME).pk,
        )
        return market

    def check(self, sequence: int) -> None:
        """Raises SequenceTaken if another engine wrote since."""
        with speaking():
            last = models.Market.objects.values_list("last_sequence", flat=True)
            if last.get(pk=self._keys.market) != sequence:
                raise SequenceTaken(f"{self.symbol} is not at sequence {sequence}")

    def was_written(self, batch: Batch) -> bool:
        """Settle a commit whose answer was lost: wait for it to end, then look whether it took place.

        Raises SequenceTaken if it did not and another engine wrote since.
        """
        with speaking(), transaction.atomic():
            # Its transaction may still be at it, without us; it holds the market's row until it ends.
            last = models.Market.objects.select_for_update().get(pk=self._keys.market).last_sequence
            ours = models.Batch.objects.filter(
                market=self._keys.market,
                prev_sequence=batch.prev_sequence,
                sequence=batch.sequence,
                checksum=batch.checksum,
                timestamp=batch.timestamp,
            )
            if ours.exists():
                return True
            if last == batch.prev_sequence:
                return False
        raise SequenceTaken(f"{self.symbol} went on without this engine")

    def prefetch(self, needs: Needs) -> Known:
        """Answer what an engine must know before it executes a batch."""
        with speaking():
            database = connections[DEFAULT_DB_ALIAS]
            dialect = dialect_of(database)
            with database.wrap_database_errors:
                funds = self._funds(dialect, needs.accounts) if needs.accounts else {}
                names = needs.client_order_ids
                named = self._by_client_order_id(dialect, names) if names else {}
            orders = self._orders(needs.order_ids) if needs.order_ids else {}
            return Known(funds=funds, client_order_ids=named, orders=orders)

    def _funds(self, dialect: Dialect, accounts: frozenset[int]) -> dict[tuple[int, Asset], int]:
        names = {asset.pk: name for name, asset in self._keys.assets.items()}
        columns = ("account_id", "asset_id", "available")
        rows = dialect.read("markets_balance", columns, accounts, by="account_id", lock=False)
        return {
            (account, names[asset]): int(available)
            for account, asset, available in rows
            if asset in names
        }

    def _by_client_order_id(
        self, dialect: Dialect, wanted: frozenset[tuple[int, str]]
    ) -> dict[tuple[int, str], OrderState | Elsewhere]:
        columns = ("market_id", *STATE_COLUMNS)
        known: dict[tuple[int, str], OrderState | Elsewhere] = {}
        for market, *row in dialect.named_orders(columns, wanted):
            state = order_of_columns(row)
            here = market == self._keys.market
            known[state.account, str(state.client_order_id)] = state if here else ELSEWHERE
        return known

    def _orders(self, ids: frozenset[int]) -> dict[int, OrderState]:
        rows = models.Order.objects.filter(market=self._keys.market, id__in=ids)
        return {row[0]: order_state(row) for row in rows.values_list(*ORDER_FIELDS)}

    def pending_commands(self) -> list[PendingCommand]:
        """Operators' wishes that no engine has carried out."""
        with speaking():
            rows = models.OperatorCommand.objects.filter(market=self._keys.market, done=False)
            return [PendingCommand(row.pk, row.kind, row.params) for row in rows.order_by("id")]

    def close_command(self, command_id: int, refusal: str) -> None:
        """Note that an operator's wish changed nothing: refused, or so already."""
        with speaking():
            models.OperatorCommand.objects.filter(pk=command_id, done=False).update(
                done=True, refusal=refusal
            )

    def configured(self, params: Mapping[str, Any]) -> tuple[MarketSpec, dict[str, Any]]:
        """The market's specification with other columns. Raises ValueError if it makes no sense."""
        with speaking():
            market = self._market()
        unknown = params.keys() - set(models.SPECIFICATION)
        if unknown:
            raise ValueError(f"no part of a specification: {', '.join(sorted(unknown))}")
        for name, value in params.items():
            setattr(market, name, None if value is None else Decimal(value))
        return market.spec(self._keys.fee_account), {name: getattr(market, name) for name in params}

    def commit(
        self,
        batch: Batch,
        telling: Telling,
        command_id: int | None = None,
        configuration: Mapping[str, Any] | None = None,
    ) -> Committed:
        """Make a batch durable, wholly or not at all.

        `telling`: what its owners are told; `command_id`: the operator's command it carries out;
        `configuration`: the market's new columns.
        Raises SequenceTaken, Outdated, or StoreUnavailable (the outcome of the last is settled by
        `was_written`).
        """
        return Transaction(self._keys, batch, telling).commit(command_id, configuration)
