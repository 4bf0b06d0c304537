"""The store of one market: what its engine reads before a batch and writes after it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import DatabaseError, IntegrityError, InterfaceError, connection, transaction
from django.db.backends.utils import CursorWrapper

from markets import models
from markets.database import one_moment
from markets.matching.events import Batch
from markets.matching.recall import ELSEWHERE, Elsewhere, Known, Needs
from markets.matching.spec import MarketSpec
from markets.matching.types import Asset, MarketState, OrderState
from markets.messages.public import JSON, balance_json, private_messages
from markets.rows import (
    ORDER_CHANGES,
    ORDER_COLUMNS,
    ORDER_FIELDS,
    TRADE_COLUMNS,
    order_change,
    order_row,
    order_state,
    trade_row,
)
from markets.store.dialects import dialect_of
from markets.store.errors import Outdated, SequenceTaken, StoreUnavailable


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an engine starts from."""

    spec: MarketSpec
    state: MarketState
    orders: list[OrderState]


@dataclass(frozen=True, slots=True)
class PendingCommand:
    """An operator's wish, to be carried out once."""

    id: int
    kind: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PrivateEvents:
    """What an account is told of a batch: JSON of its messages, the first numbered `first`."""

    first: int
    last: int
    payload: str


@dataclass(frozen=True, slots=True)
class Committed:
    """What became durable beside the batch itself."""

    events: dict[int, PrivateEvents]


class Store:
    """One market's rows. Blocking: it lives in its engine's database thread."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self._market_id = 0
        self._assets: dict[Asset, models.Asset] = {}
        self._fee_account = 0

    @staticmethod
    @contextmanager
    def _speaking() -> Iterator[None]:
        """Turn the database's own failures into the store's, and drop a dead connection."""
        try:
            yield
        except IntegrityError as error:
            # Two markets took one client_order_id at once: the second finds it when it reads again.
            raise Outdated(frozenset()) from error
        except (DatabaseError, InterfaceError) as error:
            connection.close()
            raise StoreUnavailable(str(error).splitlines()[0] if str(error) else "gone") from error

    def load(self) -> Loaded:
        """The market as the last batch left it, its open orders by priority."""
        with self._speaking(), one_moment():
            market = self._market()
            orders = models.Order.objects.filter(models.RESTING, market=market).order_by("priority")
            return Loaded(
                spec=market.spec(self._fee_account),
                state=market.state(),
                orders=[order_state(row) for row in orders.values_list(*ORDER_FIELDS)],
            )

    def _market(self) -> models.Market:
        market = models.Market.objects.select_related("base", "quote").get(symbol=self.symbol)
        self._market_id = market.pk
        self._assets = {Asset.BASE: market.base, Asset.QUOTE: market.quote}
        self._fee_account = models.Account.objects.get(name=models.FEE_ACCOUNT_NAME).pk
        return market

    def was_written(self, batch: Batch) -> bool:
        """Settle a commit whose answer was lost. Raises SequenceTaken if another engine wrote since."""
        with self._speaking():
            last = models.Market.objects.values_list("last_sequence", flat=True).get(
                pk=self._market_id
            )
            if last == batch.prev_sequence:
                return False
            ours = models.Batch.objects.filter(
                market=self._market_id,
                prev_sequence=batch.prev_sequence,
                sequence=batch.sequence,
                checksum=batch.checksum,
                timestamp=batch.timestamp,
            )
            if last == batch.sequence and ours.exists():
                return True
        raise SequenceTaken(f"{self.symbol} went on without this engine")

    def prefetch(self, needs: Needs) -> Known:
        """Answer what an engine must know before it executes a batch."""
        with self._speaking():
            return Known(
                funds=self._funds(needs.accounts) if needs.accounts else {},
                client_order_ids=(
                    self._by_client_order_id(needs.client_order_ids)
                    if needs.client_order_ids
                    else {}
                ),
                orders=self._orders(needs.order_ids) if needs.order_ids else {},
            )

    def _funds(self, accounts: frozenset[int]) -> dict[tuple[int, Asset], int]:
        names = {asset.pk: name for name, asset in self._assets.items()}
        rows = models.Balance.objects.filter(
            account__in=accounts, asset__in=list(names)
        ).values_list("account_id", "asset_id", "available")
        return {(account, names[asset]): available for account, asset, available in rows}

    def _by_client_order_id(
        self, wanted: frozenset[tuple[int, str]]
    ) -> dict[tuple[int, str], OrderState | Elsewhere]:
        rows = models.Order.objects.filter(
            account__in={account for account, _ in wanted},
            client_order_id__in={client_order_id for _, client_order_id in wanted},
        ).values_list("market_id", *ORDER_FIELDS)
        known: dict[tuple[int, str], OrderState | Elsewhere] = {}
        for market_id, *row in rows:
            state = order_state(tuple(row))
            key = (state.account, str(state.client_order_id))
            if key in wanted:
                known[key] = state if market_id == self._market_id else ELSEWHERE
        return known

    def _orders(self, ids: frozenset[int]) -> dict[int, OrderState]:
        rows = models.Order.objects.filter(market=self._market_id, id__in=ids)
        return {row[0]: order_state(row) for row in rows.values_list(*ORDER_FIELDS)}

    def pending_commands(self) -> list[PendingCommand]:
        """Operators' wishes that no engine has carried out."""
        with self._speaking():
            rows = models.OperatorCommand.objects.filter(market=self._market_id, done=False)
            return [PendingCommand(row.pk, row.kind, row.params) for row in rows.order_by("id")]

    def close_command(self, command_id: int, refusal: str) -> None:
        """Note that an operator's wish changed nothing: refused, or so already."""
        with self._speaking():
            models.OperatorCommand.objects.filter(pk=command_id, done=False).update(
                done=True, refusal=refusal
            )

    def configured(self, params: Mapping[str, Any]) -> tuple[MarketSpec, dict[str, Any]]:
        """The market's specification with other columns. Raises ValueError if it makes no sense."""
        with self._speaking():
            market = self._market()
        unknown = params.keys() - set(models.SPECIFICATION)
        if unknown:
            raise ValueError(f"no part of a specification: {', '.join(sorted(unknown))}")
        for name, value in params.items():
            setattr(market, name, None if value is None else Decimal(value))
        return market.spec(self._fee_account), {name: getattr(market, name) for name in params}

    # The one transaction

    def commit(
        self,
        batch: Batch,
        command_id: int | None = None,
        configuration: Mapping[str, Any] | None = None,
    ) -> Committed:
        """Make a batch durable, wholly or not at all.

        `command_id`: the operator's command it carries out; `configuration`: the market's new columns.
        Raises SequenceTaken, Outdated, or StoreUnavailable (the outcome of the last is settled by
        `sequence`).
        """
        dialect = dialect_of(connection)
        messages = private_messages(batch)
        with dialect.writing(), self._speaking(), transaction.atomic():
            self._advance(batch, configuration or {})
            with connection.cursor() as cursor:
                accounts = {account for account, _ in batch.balances} | messages.keys()
                sequences = dict(
                    dialect.lock(
                        cursor, "markets_account", ("id", "event_sequence"), accounts, by="id"
                    )
                )
                balances = self._change_balances(cursor, batch)
                dialect.insert(
                    cursor,
                    "markets_order",
                    ORDER_COLUMNS,
                    [order_row(self._market_id, order) for order in batch.created.values()],
                )
                dialect.update(
                    cursor,
                    "markets_order",
                    ORDER_CHANGES,
                    [order_change(order) for order in batch.changed.values()],
                )
                dialect.insert(
                    cursor,
                    "markets_trade",
                    TRADE_COLUMNS,
                    [trade_row(self._market_id, trade) for trade in batch.trades],
                )
                events = self._tell_accounts(cursor, messages, balances, sequences)
            models.Batch.objects.create(
                market_id=self._market_id,
                prev_sequence=batch.prev_sequence,
                sequence=batch.sequence,
                orders=len(batch.created),
                trades=len(batch.trades),
                checksum=batch.checksum,
                timestamp=batch.timestamp,
            )
            if command_id is not None:
                models.OperatorCommand.objects.filter(pk=command_id, done=False).update(
                    done=True, sequence=batch.sequence
                )
        return Committed(events)

    def _advance(self, batch: Batch, configuration: Mapping[str, Any]) -> None:
        """Law 1: a batch is written by whoever wrote the one before it."""
        state = batch.state
        advanced = models.Market.objects.filter(
            pk=self._market_id, last_sequence=batch.prev_sequence
        ).update(
            last_sequence=state.sequence,
            status=state.status.value,
            last_price=state.last_price,
            **configuration,
        )
        if advanced != 1:
            raise SequenceTaken(f"{self.symbol} is not at sequence {batch.prev_sequence}")

    def _change_balances(self, cursor: CursorWrapper, batch: Batch) -> dict[int, list[JSON]]:
        """Apply the batch's differences under the rows' locks; return what accounts have now."""
        if not batch.balances:
            return {}
        changes = {
            (account, self._assets[asset].pk): (self._assets[asset], change)
            for (account, asset), change in batch.balances.items()
        }
        accounts = {account for account, _ in changes}
        dialect = dialect_of(connection)
        columns = ("id", "account_id", "asset_id", "available", "held", "overdraft")
        rows = dialect.lock(cursor, "markets_balance", columns, accounts, by="account_id")
        found = {(row[1], row[2]) for row in rows}
        missing = [
            (account, asset, "0", "0", False)
            for account, asset in changes
            if (account, asset) not in found
        ]
        if missing:
            dialect.insert(cursor, "markets_balance", BALANCE_COLUMNS, missing)
            rows = dialect.lock(cursor, "markets_balance", columns, accounts, by="account_id")
        updates, spent = [], set()
        now: dict[int, list[JSON]] = {}
        for row_id, account, asset_id, available_before, held_before, overdraft in rows:
            if (account, asset_id) not in changes:
                continue
            asset, change = changes[account, asset_id]
            available = int(available_before) + change.available
            held = int(held_before) + change.held
            assert held >= 0, f"account {account} would hold {held} units of {asset}"
            if available < 0 and not overdraft:
                spent.add(account)
            updates.append((row_id, str(available), str(held)))
            now.setdefault(account, []).append(
                balance_json(asset.symbol, asset.decimals, available, held)
            )
        if spent:
            raise Outdated(frozenset(spent))
        dialect.update(cursor, "markets_balance", BALANCE_CHANGES, updates)
        return now

    def _tell_accounts(
        self,
        cursor: CursorWrapper,
        messages: dict[int, list[tuple[str, JSON]]],
        balances: Mapping[int, list[JSON]],
        sequences: Mapping[int, int],
    ) -> dict[int, PrivateEvents]:
        """Number and keep what each account is told, so that nothing is missed while away."""
        for account, changed in balances.items():
            messages.setdefault(account, []).append(("balances", {"balances": changed}))
        messages.pop(self._fee_account, None)
        if not messages:
            return {}
        dialect = dialect_of(connection)
        events = {
            account: PrivateEvents(
                first=sequences[account] + 1,
                last=sequences[account] + len(told),
                payload=json.dumps(told, separators=(",", ":")),
            )
            for account, told in messages.items()
        }
        dialect.update(
            cursor,
            "markets_account",
            (("id", "bigint"), ("event_sequence", "bigint")),
            [(account, event.last) for account, event in events.items()],
        )
        dialect.insert(cursor, "markets_accountevents", EVENT_COLUMNS, self._event_rows(events))
        return events

    @staticmethod
    def _event_rows(events: Mapping[int, PrivateEvents]) -> Sequence[tuple[Any, ...]]:
        return [
            (account, event.first, event.last, event.payload) for account, event in events.items()
        ]


BALANCE_COLUMNS = (
    ("account_id", "bigint"),
    ("asset_id", "bigint"),
    ("available", "numeric"),
    ("held", "numeric"),
    ("overdraft", "boolean"),
)
BALANCE_CHANGES = (("id", "bigint"), ("available", "numeric"), ("held", "numeric"))
EVENT_COLUMNS = (
    ("account_id", "bigint"),
    ("first_sequence", "bigint"),
    ("last_sequence", "bigint"),
    ("payload", "text"),
)
