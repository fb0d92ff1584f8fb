"""The quick check of a table agrees with pandera on every kind of breach, on tables that have every kind of column."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from quant_core.tables import TABLES
from quant_core.tables._table import Column, Table


def _values(column: Column) -> list[object]:
    """Two legal values."""
    if column.dtype == pl.String:
        return ["a", "b"]
    if column.dtype == pl.Boolean:
        return [True, False]
    if column.dtype == pl.Date:
        return [date(2024, 1, 1), date(2024, 1, 2)]
    if isinstance(column.dtype, pl.Datetime) or column.dtype == pl.Datetime:
        return [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)]
    legal = column.minimum if column.minimum is not None else column.maximum
    return [1 if legal is None else legal] * 2


def _sound(table: Table) -> pl.DataFrame:
    return pl.DataFrame({c.name: pl.Series(_values(c)).cast(c.dtype) for c in table.columns})


def _breaches(table: Table) -> dict[str, pl.DataFrame]:
    """The sound frame, broken in every way that a column allows."""
    sound = _sound(table)
    frames = {
        "sound": sound,
        "empty": sound.clear(),
        "extra": sound.with_columns(extra=pl.lit(1.0)),
        "missing": sound.drop(table.columns[-1].name),
        "order": sound.select(reversed(sound.columns)),
    }
    for c in table.columns:
        value = pl.col(c.name)
        frames[f"{c.name} null"] = sound.with_columns(pl.when(pl.int_range(pl.len()) > 0).then(value).alias(c.name))
        frames[f"{c.name} type"] = sound.with_columns(pl.lit(b"").alias(c.name))
        if not sound.schema[c.name].is_numeric():
            continue
        for name, bound in (("low", c.minimum), ("high", c.maximum)):
            if bound is not None:
                beyond = bound - 1 if name == "low" else bound + 1
                frames[f"{c.name} {name}"] = sound.with_columns(
                    pl.lit(beyond, dtype=pl.Int64).alias(c.name).cast(c.dtype, strict=False)
                )
        if sound.schema[c.name].is_float():
            for name, number in (("nan", float("nan")), ("inf", float("inf")), ("-inf", float("-inf"))):
                frames[f"{c.name} {name}"] = sound.with_columns(pl.lit(number).cast(c.dtype).alias(c.name))
    return frames


def _pandera_accepts(table: Table, frame: pl.DataFrame) -> bool:
    try:
        table.pandera_schema().validate(frame, lazy=True)
    except SchemaErrors:
        return False
    return True


@pytest.mark.parametrize("name", ["bars", "features", "quality", "coverage", "seasonality_stability"])
def test_the_quick_check_says_what_pandera_says(name: str) -> None:
    table = TABLES[name]
    frames = _breaches(table)
    differing = [kind for kind, frame in frames.items() if table.is_sound(frame) != _pandera_accepts(table, frame)]
    assert differing == []
    assert table.is_sound(frames["sound"])
    assert not table.is_sound(frames["missing"])
