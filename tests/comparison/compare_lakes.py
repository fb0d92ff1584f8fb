"""Compare two lakes by key: the same numbers under earlier and present names?

``python -m tests.comparison.compare_lakes OLD_LAKE NEW_LAKE`` reads every Parquet file of both folders, brings ids to
their present names (the blocks' own declarations of what they replace), joins the rows by the table's key and prints
each difference and a last line ``N differences``. It ends with 1 where N > 0. Values are compared exactly, unless
``--rounding 1e-12`` lets floats differ by that share of themselves. With ``--additions`` columns, rows and files that
only the new lake has are printed and not counted. Left out: what says where a number came from (provenance columns,
hashes in file headers, reports), and ranks: the spelling of ids breaks their ties; what they rank by is compared.
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polars as pl

from quant_core.dimensions.contract import DayDimension
from quant_core.dimensions.cross import Cross
from quant_core.dimensions.last_day_of_month import LastDayOfMonth
from quant_core.errors import ConfigError
from quant_core.grammar import parse_block
from quant_core.reference import families
from quant_core.renames import RenamedWarning
from quant_core.tables import TABLES

MARTS = Path(__file__).resolve().parents[2] / "sql" / "marts"
LEFT_OUT = {"data_version", "code_version", "spec_id", "provenance", "rank", "rank_lift_freq", "rank_lift_bayes"}
FAMILY_OF = {
    "event": "events",
    "condition": "conditions",
    "target": "targets",
    "dimension": "dimensions",
    "metric": "profile_metrics",
    "world": "worlds",
}
"""Columns that hold ids, also with a prefix such as ``strongest_``."""


@cache
def present_name(family: str, text: str) -> str:
    """An id under the names of today; a text that is no id of the family stays as it is.

    Profiles took the date of a bar in UTC unless told otherwise; today they take the session's (``dow(zone=session)``).

    >>> present_name("targets", "continuation_n(n=5,direction=up)"), present_name("conditions", "all")
    ('continuation_n(horizon_bars=5,direction=up)', 'all')
    >>> present_name("dimensions", "cross(first=hour(zone=UTC),second=dow(zone=UTC))")
    'cross(first=hour(zone=utc),second=dow(zone=session))'
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RenamedWarning)
        try:
            block = parse_block(families()[family], text)
        except ConfigError:
            return text
    if isinstance(block, Cross):
        parts = (present_name("dimensions", str(part).replace("=utc", "=UTC")) for part in (block.first, block.second))
        return "cross(first={},second={})".format(*parts)
    if isinstance(block, DayDimension | LastDayOfMonth) and "zone=UTC" in text:
        return block.canonical.replace("zone=utc", "zone=session")
    return block.canonical


def read(path: Path, table: str) -> pl.DataFrame:
    """One file with the names of today and without what is left out."""
    frame = pl.read_parquet(path)
    frame = frame.drop(c for c in LEFT_OUT if c in frame.columns)
    if table == "features":
        return frame.rename({c: present_name("features", c) for c in frame.columns})
    for column in frame.columns:
        family = FAMILY_OF.get(column.rpartition("_")[2])
        if family and frame.schema[column] == pl.String:
            names = {v: present_name(family, v) for v in frame[column].unique().drop_nulls()}
            frame = frame.with_columns(pl.col(column).replace(names))
    return frame


def key_of(table: str, frame: pl.DataFrame) -> list[str]:
    """What a row is found by: the declared key, a mart's key line, else every column."""
    mart = MARTS / f"{table}.sql"
    if table in TABLES:
        known = list(TABLES[table].key)
    elif table == "raw_bars":
        known = list(TABLES["raw_rows"].key)
    elif mart.exists() and (line := re.search(r"^-- Key: (.*)$", mart.read_text(encoding="utf-8"), re.MULTILINE)):
        known = [name.strip() for name in line[1].split(",")]
    else:
        known = list(frame.columns)
    return [name for name in known if name in frame.columns]


def compare_frames(old: pl.DataFrame, new: pl.DataFrame, key: list[str], rounding: float = 0.0) -> Iterator[str]:
    """Each difference of two tables as one line, without the table's name."""
    for column in old.columns:
        if column not in new.columns:
            yield f"column {column} is missing"
        elif old.schema[column] != new.schema[column]:
            yield f"column {column} is {new.schema[column]}, was {old.schema[column]}"
    yield from (f"column {column} is new" for column in new.columns if column not in old.columns)
    for name, frame in (("old", old), ("new", new)):
        if repeated := frame.height - frame.select(key).n_unique():
            yield f"{repeated} rows repeat a key in the {name} table"
    shared = [c for c in old.columns if c in new.columns and c not in key]
    marked = (old.with_columns(pl.lit(True).alias("in_old")), new.with_columns(pl.lit(True).alias("in_new")))
    both = marked[0].join(marked[1], on=key, how="full", suffix=" new", coalesce=True, nulls_equal=True)
    for row in both.filter(pl.col("in_new").is_null()).iter_rows(named=True):
        yield f"{_place(row, key)}: row is missing"
    for row in both.filter(pl.col("in_old").is_null()).iter_rows(named=True):
        yield f"{_place(row, key)}: row is new"
    matched = both.filter(pl.col("in_old") & pl.col("in_new"))
    for column in shared:
        was, now = pl.col(column), pl.col(f"{column} new")
        # Nulls equal nulls, nan equals nan.
        differs = was.ne_missing(now)
        if old.schema[column].is_float() and new.schema[column].is_float():
            near = (was - now).abs() <= rounding * pl.max_horizontal(was.abs(), now.abs())
            differs &= ~near.fill_null(value=False)
        unequal = matched.filter(differs)
        for row in unequal.iter_rows(named=True):
            yield f"{_place(row, key)}: {column} was {row[column]!r}, is {row[f'{column} new']!r}"


def _place(row: dict[str, object], key: list[str]) -> str:
    return ", ".join(f"{name}={row[name]}" for name in key)


def compare_lakes(old: Path, new: Path, rounding: float = 0.0) -> Iterator[str]:
    """Each difference of two lakes as one line."""
    paths = [{p.relative_to(root) for p in root.rglob("*.parquet")} for root in (old, new)]
    if not paths[0]:
        raise SystemExit(f"{old} holds no Parquet file. Name the folder of a lake.")
    yield from (f"{path}: is missing" for path in sorted(paths[0] - paths[1]))
    yield from (f"{path}: is new" for path in sorted(paths[1] - paths[0]))
    for path in sorted(paths[0] & paths[1]):
        table = path.parts[0]
        before, after = read(old / path, table), read(new / path, table)
        for difference in compare_frames(before, after, key_of(table, before), rounding):
            yield f"{path}: {difference}"


def main(arguments: list[str]) -> int:
    """Print the differences and their number."""
    parser = argparse.ArgumentParser(prog="python -m tests.comparison.compare_lakes")
    parser.add_argument("old", type=Path, help="lake made by the code before")
    parser.add_argument("new", type=Path, help="lake made by the code now")
    parser.add_argument("--rounding", type=float, default=0.0, help="share of itself by which a float may differ")
    parser.add_argument("--additions", action="store_true", help="do not count what only the new lake has")
    options = parser.parse_args(arguments)
    count = 0
    for line in compare_lakes(options.old, options.new, options.rounding):
        count += not (options.additions and line.endswith(" is new"))
        print(line)  # noqa: T201 (the report)
    print(f"{count} differences")  # noqa: T201
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
