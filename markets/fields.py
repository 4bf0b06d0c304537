"""Amounts and keys in the database: amounts are integers of any size, exact on SQLite and PostgreSQL alike.

SQLite's integers end at 64 bits and its other numbers are floats, so there an amount is text;
PostgreSQL has `numeric`. In Python it is always an `int`, in units of its asset. Compare amounts in
SQL with "at least 0" only (text begins with "-" when it is negative); add them up in Python.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    _IntegerField = models.Field[int, int]
    _DecimalField = models.DecimalField[Decimal, Decimal]
    _BigIntegerField = models.BigIntegerField[int, int]
else:
    _IntegerField = models.Field
    _DecimalField = models.DecimalField
    _BigIntegerField = models.BigIntegerField


class AmountField(_IntegerField):
    """An amount in units: up to 40 digits."""

    description = "Integer amount in an asset's smallest unit"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """`numeric(40)` on PostgreSQL, text elsewhere."""
        return "numeric(40)" if connection.vendor == "postgresql" else "text"

    def from_db_value(self, value: object, *_: object) -> int | None:
        """Read a row."""
        return None if value is None else int(str(value))

    def to_python(self, value: Any) -> int | None:
        """Read a form or fixture."""
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> str | None:
        """Write a row or a condition."""
        return None if value is None else str(int(value))


class IdField(_BigIntegerField):
    """A key that is given, not made. On SQLite it is the row's own place in its table: no index beside it."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """`bigint`; SQLite makes a row's place only of `integer`, which has 64 bits there, too."""
        return "bigint" if connection.vendor == "postgresql" else "integer"

    def rel_db_type(self, connection: BaseDatabaseWrapper) -> str:
        """Where others refer to it."""
        return "bigint"


class ExactDecimalField(_DecimalField):
    """A decimal that SQLite keeps as text, since its own decimals are floats."""

    def get_internal_type(self) -> str:
        """Not Django's DecimalField: SQLite's reader of those expects floats."""
        return "ExactDecimalField"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """`numeric` on PostgreSQL, text elsewhere."""
        if connection.vendor == "postgresql":
            return f"numeric({self.max_digits}, {self.decimal_places})"
        return "text"

    def from_db_value(self, value: object, *_: object) -> Decimal | None:
        """Read a row."""
        return None if value is None else Decimal(str(value))

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> str | None:
        """Write a row or a condition."""
        del connection, prepared
        number = self.to_python(value)
        return None if number is None else f"{number:f}"

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> str | None:
        """Write a row."""
        return self.get_db_prep_value(value, connection)
