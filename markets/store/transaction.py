"""The one transaction of a batch: orders, trades, balances, what accounts are told, and the sequence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, IntegrityError, InterfaceError, connection, transaction
from django.db.backends.utils import CursorWrapper

from markets import models
from markets.matching.events import Batch
from markets.matching.types import Asset
from markets.messages.public import JSON, balance_json, private_messages
from markets.rows import (
    ORDER_CHANGES,
    ORDER_COLUMNS,
    TRADE_COLUMNS,
    order_change,
    order_row,
    trade_row,
)
from markets.store.dialects import dialect_of
from markets.store.errors import Outdated, SequenceTaken, StoreUnavailable


@dataclass(frozen=True, slots=True)
class Keys:
    """The rows that one market's batches are about."""

    symbol: str
    market: int
    assets: dict[Asset, models.Asset]
    fee_account: int


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


@contextmanager
def speaking() -> Iterator[None]:
    """Turn the database's own failures into the store's, and drop a dead connection."""
    try:
        yield
    except IntegrityError as error:
        # Two markets took one client_order_id at once: the second finds it when it reads again.
        raise Outdated(frozenset()) from error
    except (DatabaseError, InterfaceError) as error:
        connection.close()
        raise StoreUnavailable(str(error).splitlines()[0] if str(error) else "gone") from error


class Transaction:
    """Writes one batch of a market, wholly or not at all."""

    def __init__(self, keys: Keys, batch: Batch) -> None:
        self.symbol = keys.symbol
        self._keys = keys
        self._batch = batch
        self._dialect = dialect_of(connection)

    def commit(
        self, command_id: int | None = None, configuration: Mapping[str, Any] | None = None
    ) -> Committed:
        """Make the batch durable. Raises SequenceTaken, Outdated, or StoreUnavailable."""
        messages = private_messages(self._batch)
        with self._dialect.writing(), speaking(), transaction.atomic():
            self._advance(configuration or {})
            with connection.cursor() as cursor:
                accounts = {account for account, _ in self._batch.balances} | messages.keys()
                sequences = dict(
                    self._dialect.lock(
                        cursor, "markets_account", ("id", "event_sequence"), accounts, by="id"
                    )
                )
                balances = self._change_balances(cursor)
                self._write_orders_and_trades(cursor)
                self._set_by_account()
                events = self._tell_accounts(cursor, messages, balances, sequences)
            self._note_batch(command_id)
        return Committed(events)

    def _write_orders_and_trades(self, cursor: CursorWrapper) -> None:
        market, batch, dialect = self._keys.market, self._batch, self._dialect
        created = [order_row(market, order) for order in batch.created.values()]
        dialect.insert(cursor, "markets_order", ORDER_COLUMNS, created)
        changed = [order_change(order) for order in batch.changed.values()]
        dialect.update(cursor, "markets_order", ORDER_CHANGES, changed)
        trades = [trade_row(market, trade) for trade in batch.trades]
        dialect.insert(cursor, "markets_trade", TRADE_COLUMNS, trades)

    def _note_batch(self, command_id: int | None) -> None:
        batch = self._batch
        models.Batch.objects.create(
            market_id=self._keys.market,
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

    def _advance(self, configuration: Mapping[str, Any]) -> None:
        """Law 1: a batch is written by whoever wrote the one before it."""
        batch, state = self._batch, self._batch.state
        advanced = models.Market.objects.filter(
            pk=self._keys.market, last_sequence=batch.prev_sequence
        ).update(
            last_sequence=state.sequence,
            status=state.status.value,
            last_price=state.last_price,
            auction_ends_at=state.auction_ends_at,
            **configuration,
        )
        if advanced != 1:
            raise SequenceTaken(f"{self.symbol} is not at sequence {batch.prev_sequence}")

    def _set_by_account(self) -> None:
        """Keep the dead man's switches and fee rates that the batch set."""
        batch = self._batch
        switches = models.CancelAfter.objects.filter(market=self._keys.market)
        for account, at in batch.cancel_after.items():
            if at is None:
                switches.filter(account=account).delete()
            else:
                switches.update_or_create(
                    market_id=self._keys.market, account_id=account, defaults={"at": at}
                )
        fees = models.AccountFees.objects.filter(market=self._keys.market)
        for account, rates in batch.fee_rates.items():
            if rates is None:
                fees.filter(account=account).delete()
            else:
                fees.update_or_create(
                    market_id=self._keys.market,
                    account_id=account,
                    defaults={"maker_fee_rate": rates.maker, "taker_fee_rate": rates.taker},
                )

    def _change_balances(self, cursor: CursorWrapper) -> dict[int, list[JSON]]:
        """Apply the batch's differences under the rows' locks; return what accounts have now."""
        batch, assets, dialect = self._batch, self._keys.assets, self._dialect
        if not batch.balances:
            return {}
        changes = {
            (account, assets[asset].pk): (assets[asset], change)
            for (account, asset), change in batch.balances.items()
        }
        accounts = {account for account, _ in changes}
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
        messages.pop(self._keys.fee_account, None)
        if not messages:
            return {}
        dialect = self._dialect
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
