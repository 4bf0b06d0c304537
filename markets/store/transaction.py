"""The one transaction of a batch: orders, trades, balances, what accounts are told, and the sequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    IntegrityError,
    InterfaceError,
    connection,
    connections,
    transaction,
)

from markets import models
from markets.matching.events import Batch
from markets.matching.types import Asset
from markets.messages.orders import Telling
from markets.messages.public import JSON, balance_json
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

    def __init__(self, keys: Keys, batch: Batch, telling: Telling) -> None:
        self.symbol = keys.symbol
        self._keys = keys
        self._batch = batch
        self._messages = {account: list(told) for account, told in telling.private.items()}

    def commit(
        self, command_id: int | None = None, configuration: Mapping[str, Any] | None = None
    ) -> Committed:
        """Make the batch durable. Raises SequenceTaken, Outdated, or StoreUnavailable."""
        with speaking():
            database = connections[DEFAULT_DB_ALIAS]
            self._dialect = dialect_of(database)
            with self._dialect.writing(), database.wrap_database_errors, transaction.atomic():
                return self._write(command_id, configuration or {})

    def _write(self, command_id: int | None, configuration: Mapping[str, Any]) -> Committed:
        self._advance(configuration)
        accounts = {account for account, _ in self._batch.balances} | self._messages.keys()
        sequences: dict[int, int] = dict(
            self._dialect.read(
                "markets_account", ("id", "event_sequence"), accounts, by="id", lock=True
            )
        )
        balances = self._change_balances()
        self._write_orders_and_trades()
        self._set_by_account()
        events = self._tell_accounts(balances, sequences)
        self._note_batch(command_id)
        return Committed(events)

    def _write_orders_and_trades(self) -> None:
        market, batch, dialect = self._keys.market, self._batch, self._dialect
        created = [order_row(market, order) for order in batch.created.values()]
        dialect.insert("markets_order", ORDER_COLUMNS, created)
        changed = [order_change(order) for order in batch.changed.values()]
        dialect.update("markets_order", ORDER_CHANGES, changed)
        trades = [trade_row(market, trade) for trade in batch.trades]
        dialect.insert("markets_trade", TRADE_COLUMNS, trades)

    def _note_batch(self, command_id: int | None) -> None:
        batch = self._batch
        row = (
            self._keys.market,
            batch.prev_sequence,
            batch.sequence,
            len(batch.created),
            len(batch.trades),
            batch.checksum,
            batch.timestamp,
        )
        self._dialect.insert("markets_batch", BATCH_COLUMNS, [row])
        if command_id is not None:
            models.OperatorCommand.objects.filter(pk=command_id, done=False).update(
                done=True, sequence=batch.sequence
            )

    def _advance(self, configuration: Mapping[str, Any]) -> None:
        """Law 1: a batch is written by whoever wrote the one before it."""
        batch, state = self._batch, self._batch.state
        advanced = self._dialect.execute(
            "UPDATE markets_market SET last_sequence = ?, status = ?, last_price = ?, "
            "auction_ends_at = ? WHERE id = ? AND last_sequence = ?",
            (
                state.sequence,
                state.status.value,
                state.last_price,
                state.auction_ends_at,
                self._keys.market,
                batch.prev_sequence,
            ),
        )
        if advanced != 1:
            raise SequenceTaken(f"{self.symbol} is not at sequence {batch.prev_sequence}")
        if configuration:
            models.Market.objects.filter(pk=self._keys.market).update(**configuration)

    def _set_by_account(self) -> None:
        """Keep the dead man's switches and fee rates that the batch set."""
        batch = self._batch
        if not batch.cancel_after and not batch.fee_rates:
            return
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

    def _change_balances(self) -> dict[int, list[JSON]]:
        """Apply the batch's differences under the rows' locks; return what accounts have now."""
        batch, assets, dialect = self._batch, self._keys.assets, self._dialect
        if not batch.balances:
            return {}
        changes = {
            (account, assets[asset].pk): (assets[asset], change)
            for (account, asset), change in batch.balances.items()
        }
        rows = self._balances(changes)
        found = {(row[1], row[2]) for row in rows}
        missing = [
            (account, asset, "0", "0", False)
            for account, asset in changes
            if (account, asset) not in found
        ]
        if missing:
            dialect.insert("markets_balance", BALANCE_COLUMNS, missing)
            rows = self._balances(changes)
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
        dialect.update("markets_balance", BALANCE_CHANGES, updates)
        return now

    def _balances(self, changes: Mapping[tuple[int, int], object]) -> list[tuple[Any, ...]]:
        accounts = {account for account, _ in changes}
        columns = ("id", "account_id", "asset_id", "available", "held", "overdraft")
        return self._dialect.read("markets_balance", columns, accounts, by="account_id", lock=True)

    def _tell_accounts(
        self, balances: Mapping[int, list[JSON]], sequences: Mapping[int, int]
    ) -> dict[int, PrivateEvents]:
        """Number and keep what each account is told, so that nothing is missed while away."""
        messages = self._messages
        for account, changed in balances.items():
            message = msgspec.json.encode(["balances", {"balances": changed}]).decode()
            messages.setdefault(account, []).append(message)
        messages.pop(self._keys.fee_account, None)
        if not messages:
            return {}
        events = {
            account: PrivateEvents(
                first=sequences[account] + 1,
                last=sequences[account] + len(told),
                payload=f"[{','.join(told)}]",
            )
            for account, told in messages.items()
        }
        self._dialect.update(
            "markets_account",
            ACCOUNT_CHANGES,
            [(account, event.last) for account, event in events.items()],
        )
        self._dialect.insert(
            "markets_accountevents",
            EVENT_COLUMNS,
            [
                (account, event.first, event.last, event.payload)
                for account, event in events.items()
            ],
        )
        return events


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
ACCOUNT_CHANGES = (("id", "bigint"), ("event_sequence", "bigint"))
BATCH_COLUMNS = (
    ("market_id", "bigint"),
    ("prev_sequence", "bigint"),
    ("sequence", "bigint"),
    ("orders", "integer"),
    ("trades", "integer"),
    ("checksum", "bigint"),
    ("timestamp", "bigint"),
)
