"""What a table is: one declaration that feeds the check, the docs, the UI schema and the SQL comments.

Put here: Column, Table and what is derived from them.
Keep out: any particular table (one file each in this folder).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandera.polars as pa
import polars as pl

from quant_core.errors import DataContractError


@dataclass(frozen=True)
class Column:
    """One column: name, Polars dtype, unit, meaning, and what values are allowed.

    Attributes:
        unit: what one unit of the number is: ``UTC``, ``price``, ``fraction``, ``bars``, ``count``, ``id``, ``label``.
        nullable: True when null is a legal value; ``meaning`` then says what null stands for.
        minimum, maximum: inclusive bounds, or None.
        formula: for a column that follows from others of the same row: the expression over them; ``arranged`` fills it.
    """

    name: str
    dtype: Any
    unit: str
    meaning: str
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    # Expressions compare to expressions, not to a truth value.
    formula: pl.Expr | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Table:
    """A table contract: columns in order, unique key, sort order.

    Attributes:
        name: plural snake_case; equals the asset's name and the file's name in this folder.
        meaning: one sentence: what one row is.
        extra_columns: True when further columns (one per block) may follow the declared ones.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    order: tuple[str, ...]
    extra_columns: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """Column name → Polars dtype, in order."""
        return {c.name: c.dtype for c in self.columns}

    @cached_property
    def schema_version(self) -> str:
        """SHA-256 (8 hex digits) of what a reader of a stored file relies on.

        That is the columns in order, each with its type and whether it may be null, the key, and whether further
        columns may follow. Meaning, unit and bounds are left out: a file stays readable when they change. The
        version is a hash, not a number that is counted up: nobody can forget to raise it.

        >>> one = Table("demo", "One row is one x.", (Column("x", pl.Int64, "count", "A count."),), ("x",), ("x",))
        >>> other = Table("demo", "One row is one x.", (Column("x", pl.Float64, "count", "A count."),), ("x",), ("x",))
        >>> len(one.schema_version), one.schema_version == other.schema_version
        (8, False)
        """
        columns = [(c.name, str(c.dtype), c.nullable) for c in self.columns]
        return hashlib.sha256(json.dumps([columns, self.key, self.extra_columns]).encode()).hexdigest()[:8]

    @property
    def units(self) -> dict[str, str]:
        """Column name → unit."""
        return {c.name: c.unit for c in self.columns}

    def empty(self) -> pl.DataFrame:
        """A frame with the columns and no row."""
        return pl.DataFrame(schema=self.schema)

    def arranged(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The declared columns of a frame in their order, those with a formula computed; others are left out.

        >>> half = Column("half", pl.Float64, "count", "x / 2.", formula=pl.col("x") / 2)
        >>> table = Table("demo", "One row is one x.", (half, Column("x", pl.Int64, "count", "A count.")), (), ())
        >>> table.arranged(pl.DataFrame({"x": [3], "aside": [0]})).rows()
        [(1.5, 3)]
        """
        formulas = [c.formula.cast(c.dtype).alias(c.name) for c in self.columns if c.formula is not None]
        return frame.with_columns(formulas).select(list(self.schema))

    def pandera_schema(self) -> pa.DataFrameSchema:
        """The contract as a pandera schema: dtypes, nullability, bounds; strict on unknown columns."""
        columns: dict[str, pa.Column] = {}
        for c in self.columns:
            checks: list[pa.Check] = []
            if c.minimum is not None:
                checks.append(pa.Check.ge(c.minimum))
            if c.maximum is not None:
                checks.append(pa.Check.le(c.maximum))
            columns[c.name] = pa.Column(
                c.dtype, checks=checks, nullable=c.nullable, title=c.unit, description=c.meaning
            )
        exact = not self.extra_columns
        return pa.DataFrameSchema(columns, strict=exact, ordered=exact, name=self.name)

    def is_sound(self, frame: pl.DataFrame) -> bool:
        """Columns, types, nulls and bounds in one pass: true only where pandera finds nothing either.

        Pandera takes 20 ms for forty columns, which is more than computing a small table takes; it is asked only to
        say what is wrong.
        """
        names, schema = [c.name for c in self.columns], frame.schema  # the schema is made anew at each access
        right = set(names) <= set(schema) if self.extra_columns else schema.names() == names
        if not right or any(schema[c.name] != c.dtype for c in self.columns):
            return False
        return not frame.select(self._is_broken).item()

    @cached_property
    def _is_broken(self) -> pl.Expr:
        """Whether a frame of the right columns and types breaks a promise about nulls or bounds."""
        broken: list[pl.Expr] = [pl.lit(value=False)]
        for c in self.columns:
            value = pl.col(c.name)
            if not c.nullable:
                broken.append(value.is_null().any())
            if not c.nullable and c.dtype in (pl.Float32, pl.Float64):
                broken.append(value.is_nan().any())
            if c.minimum is not None:
                broken.append((value < c.minimum).any())
            if c.maximum is not None:
                broken.append((value > c.maximum).any())
        return pl.any_horizontal(*broken)

    def validate(self, frame: pl.DataFrame, *, where: str = "") -> pl.DataFrame:
        """Return the frame unchanged, or say which promise it breaks.

        Raises:
            DataContractError: wrong columns, dtype, null, bound, duplicate key or order.
        """
        place = f"{self.name}{' of ' + where if where else ''}"
        try:
            if not self.is_sound(frame):
                self.pandera_schema().validate(frame, lazy=True)
        except (pa.errors.SchemaErrors, pa.errors.SchemaError) as error:
            raise DataContractError(f"Table {place} breaks its contract: {_first_failures(error)}.") from error
        if self.key and frame.select(pl.struct(self.key).is_duplicated().any()).item():
            sample = frame.filter(pl.struct(self.key).is_duplicated()).select(self.key).head(2).rows()
            raise DataContractError(f"Table {place} breaks its contract: key {self.key} is not unique, e.g. {sample}.")
        if self.order and not frame.select(self.order).equals(frame.select(self.order).sort(self.order)):
            raise DataContractError(f"Table {place} breaks its contract: rows are not ordered by {self.order}.")
        return frame

    def markdown(self) -> str:
        """The contract as a markdown table, for docs and the web UI."""
        lines = [
            f"**{self.name}**: {self.meaning} Key: {', '.join(self.key)}.",
            "",
            "| column | type | unit | meaning |",
            "|---|---|---|---|",
        ]
        for c in self.columns:
            lines.append(f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning}{' Nullable.' if c.nullable else ''} |")
        return "\n".join(lines)


def _first_failures(error: Exception) -> str:
    """Shorten pandera's report to the first three failures."""
    cases = getattr(error, "failure_cases", None)
    if isinstance(cases, pl.DataFrame):
        keep = [c for c in ("column", "check", "failure_case") if c in cases.columns]
        return "; ".join(", ".join(f"{k}={v}" for k, v in row.items()) for row in cases.select(keep).head(3).to_dicts())
    return str(error)[:300]
