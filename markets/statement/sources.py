"""Where the movements of a statement come from: transfers, and an account's side of trades."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar, Final

from django.db.models import Q, QuerySet

from markets import models
from markets.matching.types import Side, format_units
from markets.queries import LOOKED_THROUGH
from markets.statement.lines import (
    END_OF_TIME,
    EPOCH,
    MICROSECOND,
    OF_TRADES,
    TRANSFERS,
    Line,
    Place,
    Wanted,
    microseconds,
)

Movement = tuple[Place, list[Line]]
MAX_TIME: Final = microseconds(END_OF_TIME)


class Source(ABC):
    """Rows that move an account's money, with an index by account and time."""

    number: int
    time: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]

    def __init__(self, account: int, wanted: Wanted) -> None:
        self._account = account
        self._wanted = wanted

    def read(self, after: Place | None, most: int) -> tuple[list[Movement], Place | None]:
        """Movements after a place, and the place to which all were looked through, if it is not the end."""
        near = self._beyond(after)
        filters = self._filters()
        seen_to: Place | None = None
        if filters:
            edge = near.values_list(self.time, "pk")[LOOKED_THROUGH - 1 : LOOKED_THROUGH].first()
            if edge is not None:
                seen_to = Place(self._microseconds(edge[0]), self.number, edge[1])
                near = near.filter(**{f"{self.time}__gte": edge[0]})
            near = near.filter(filters)
        found = [self._movement(row) for row in near.values_list(*self.fields)[:most]]
        # Nobody looks beyond as many as were asked for.
        return found, None if len(found) == most else seen_to

    def _beyond(self, after: Place | None) -> QuerySet[Any]:
        rows = self._rows()
        begin, end = self._wanted.begin(), self._wanted.end()
        if begin is not None:
            rows = rows.filter(**{f"{self.time}__gte": self._column(begin)})
        if end is not None:
            rows = rows.filter(**{f"{self.time}__lt": self._column(end)})
        if after is not None:
            moment = self._column(EPOCH + min(after.time, MAX_TIME) * MICROSECOND)
            if self.number > after.source:
                rows = rows.filter(**{f"{self.time}__lt": moment})
            else:
                if self.number == after.source:
                    rows = rows.filter(Q(**{f"{self.time}__lt": moment}) | Q(id__lt=after.id))
                # This condition alone says where an index is to be entered.
                rows = rows.filter(**{f"{self.time}__lte": moment})
        return rows.order_by(f"-{self.time}", "-id")

    @abstractmethod
    def concerned(self) -> bool:
        """Whether it can have anything that is wanted."""

    @abstractmethod
    def _rows(self) -> QuerySet[Any]:
        """All of the account's."""

    @abstractmethod
    def _filters(self) -> Q:
        """Which of them are wanted; empty if all."""

    @abstractmethod
    def _movement(self, row: tuple[Any, ...]) -> Movement:
        """A row, read in the order of `fields`."""

    @abstractmethod
    def _column(self, moment: datetime) -> Any:
        """A moment as the rows have it."""

    @abstractmethod
    def _microseconds(self, moment: Any) -> int:
        """The other way."""


class Transfers(Source):
    """Deposits, withdrawals, play money."""

    number = 0
    time = "created_at"
    fields = ("created_at", "id", "kind", "asset__symbol", "asset__decimals", "amount", "note")

    def concerned(self) -> bool:
        """Not with a market, nor with what only trades have."""
        return self._wanted.market is None and self._wanted.kind not in OF_TRADES

    def _rows(self) -> QuerySet[Any]:
        return models.Transfer.objects.filter(account=self._account)

    def _filters(self) -> Q:
        filters = Q()
        if self._wanted.asset is not None:
            filters &= Q(asset=self._wanted.asset)
        if self._wanted.kind:
            filters &= Q(kind=self._wanted.kind)
        return filters

    def _movement(self, row: tuple[Any, ...]) -> Movement:
        created_at, id_, kind, asset, decimals, amount, note = row
        time = microseconds(created_at)
        return Place(time, self.number, id_), [Line(time, kind, asset, amount, decimals, note)]

    def _column(self, moment: datetime) -> datetime:
        return moment

    def _microseconds(self, moment: datetime) -> int:
        return microseconds(moment)


class Fills(Source):
    """The account's trades as taker, or as maker."""

    time = "timestamp"

    def __init__(
        self, account: int, wanted: Wanted, markets: dict[int, models.Market], *, taker: bool
    ) -> None:
        super().__init__(account, wanted)
        self._markets = markets
        self._role = "taker" if taker else "maker"
        self.number = 2 if taker else 1
        self.fields = (  # type: ignore[misc]  # each role's own
            "timestamp",
            "id",
            "market",
            "price",
            "quantity",
            "amount",
            "taker_side",
            f"{self._role}_order",
            f"{self._role}_fee",
        )

    def concerned(self) -> bool:
        """Not with what only transfers have, nor with an asset that is not traded."""
        return self._wanted.kind not in TRANSFERS and (
            self._wanted.asset is None or bool(self._markets_of_asset())
        )

    def _markets_of_asset(self) -> list[int]:
        asset = self._wanted.asset
        return [
            key
            for key, market in self._markets.items()
            if asset is not None and asset.pk in (market.base_id, market.quote_id)
        ]

    def _rows(self) -> QuerySet[Any]:
        return models.Trade.objects.filter(**{f"{self._role}_account": self._account})

    def _filters(self) -> Q:
        filters = Q()
        fee = f"{self._role}_fee"
        if self._wanted.market is not None:
            filters &= Q(market=self._wanted.market.pk)
        if self._wanted.asset is not None:
            filters &= Q(market__in=self._markets_of_asset())
        if self._wanted.kind == "fee":
            filters &= Q(**{f"{fee}__gte": 0}) & ~Q(**{fee: 0})
        elif self._wanted.kind == "rebate":
            filters &= ~Q(**{f"{fee}__gte": 0})
        return filters

    def _movement(self, row: tuple[Any, ...]) -> Movement:
        time, id_, key, price, quantity, amount, taker_side, order, fee = row
        market = self._markets[key]
        base, quote = market.base, market.quote
        taker_buys = taker_side == Side.BUY
        buys = taker_buys if self._role == "taker" else not taker_buys
        words = (
            f"{'bought' if buys else 'sold'} {format_units(quantity, base.decimals)} at "
            f"{format_units(price, quote.decimals)} as {self._role}"
        )

        def line(kind: str, asset: models.Asset, change: int) -> Line:
            return Line(
                time,
                kind,
                asset.symbol,
                change,
                asset.decimals,
                words,
                market.symbol,
                str(id_),
                str(order),
            )

        sign = 1 if buys else -1
        lines = [line("trade", base, sign * quantity), line("trade", quote, -sign * amount)]
        if fee:
            lines.append(line("fee" if fee > 0 else "rebate", base if buys else quote, -fee))
        return Place(time, self.number, id_), lines

    def _column(self, moment: datetime) -> int:
        return microseconds(moment)

    def _microseconds(self, moment: int) -> int:
        return moment
