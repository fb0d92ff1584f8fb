"""Schemas of stored tables: which declaration wrote a file, and the refusal of files that another one wrote.

Put here: the version a file should have, the comparison of stored ones, and the text of the refusal.
Keep out: what a table is (quant_core.tables) and reading of files (lake.py, unpartitioned.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from quant_core.errors import SchemaVersionError
from quant_core.tables import TABLES, Table

_NAMED_PARTITIONS = 3

Schema = Mapping[str, Any]
"""Column name → Polars dtype."""


def declared_version(table: str) -> str:
    """The schema version that files of a table have when they are written now; "" for a table declared nowhere.

    >>> declared_version("bars") == TABLES["bars"].schema_version, declared_version("my_notes")
    (True, '')
    """
    return TABLES[table].schema_version if table in TABLES else ""


def refuse_other_versions(
    table: str,
    stored: Mapping[str, str],
    schema_of: Callable[[str], Schema],
    *,
    expected: str,
    command: str,
) -> None:
    """Raise unless every file was written by the present declaration of its table.

    Args:
        table: its name.
        stored: partition → schema version in its file; "" in files older than schema versions.
        schema_of: partition → the columns of its file; asked only for the text of a refusal.
        expected: the version of the present declaration.
        command: what writes the files anew.

    Raises:
        SchemaVersionError: a file has another version; the text names table, partitions, both schemas and command.
    """
    other = [place for place, version in stored.items() if version != expected]
    if not other:
        return
    found = " and ".join(sorted({stored[place] or "none (older than schema versions)" for place in other}))
    difference = _difference_from_declaration(table, schema_of(other[0])) if table in TABLES else ""
    raise SchemaVersionError(
        f"Table {table} has another schema in {len(other)} of {len(stored)} files: {_named(other)}: expected schema "
        f"{expected or 'none: the table is not declared'}, found {found}{difference}. Write them anew: {command}"
    )


def refuse_mixed_columns(
    table: str, stored: Mapping[str, str], schema_of: Callable[[str], Schema], *, command: str
) -> None:
    """Raise unless all files have the same columns: blocks of the research file add columns to some tables.

    Args:
        table: its name.
        stored: partition → hash of the columns in its file.
        schema_of: partition → the columns of its file; asked only for the text of a refusal.
        command: what writes the files anew.

    Raises:
        SchemaVersionError: files differ; the fewer ones are named.
    """
    counts = Counter(stored.values())
    if len(counts) < 2:
        return
    usual = counts.most_common(1)[0][0]
    example = next(place for place, columns in stored.items() if columns == usual)
    other = [place for place, columns in stored.items() if columns != usual]
    difference = _difference(schema_of(other[0]), schema_of(example), otherwise="same columns in another order")
    raise SchemaVersionError(
        f"Table {table} has mixed columns: expected those of {example} in all {len(stored)} files, found others in "
        f"{len(other)}: {_named(other)}{difference}. "
        f"Write them anew: {command}"
    )


def refuse_other_raw_columns(rows: pl.DataFrame, table: Table, where: str) -> pl.DataFrame:
    """Give back the rows of a raw part, unless their columns are not the declared ones.

    Raises:
        SchemaVersionError: they differ. Raw rows cannot be computed again, so no command mends them.
    """
    if dict(rows.schema) != table.schema:
        difference = _difference(rows.schema, table.schema, otherwise="")
        raise SchemaVersionError(
            f"Raw part {where} has another schema{difference}: expected {table.schema_version} of {table.name}. "
            "Raw rows are never computed again: read them with the release that wrote them"
        )
    return rows


def _named(places: list[str]) -> str:
    """The first few partitions, and how many more there are."""
    more = len(places) - _NAMED_PARTITIONS
    return ", ".join(places[:_NAMED_PARTITIONS]) + (f" and {more} more" if more > 0 else "")


def _difference_from_declaration(table: str, found: Schema) -> str:
    """What a file lacks, has besides, or holds as another type than the table's declaration says."""
    declared, may_have_more = TABLES[table].schema, TABLES[table].extra_columns
    comparable = {n: t for n, t in found.items() if n in declared or not may_have_more}
    return _difference(comparable, declared, otherwise="same columns and types; what may be null, or the key, differs")


def _difference(found: Schema, expected: Schema, *, otherwise: str) -> str:
    """What a file lacks, has besides, or holds as another type; ``otherwise`` where none of these differs.

    >>> _difference({"a": pl.Int64, "b": pl.Date}, {"a": pl.Float64, "c": pl.Date}, otherwise="")
    ' (it lacks c; has b besides; a is Int64, not Float64)'
    """
    parts: list[str] = []
    if lacking := [name for name in expected if name not in found]:
        parts.append(f"it lacks {', '.join(lacking)}")
    if besides := [name for name in found if name not in expected]:
        parts.append(f"has {', '.join(besides)} besides")
    both = [name for name in expected if name in found]
    parts += [f"{name} is {found[name]}, not {expected[name]}" for name in both if found[name] != expected[name]]
    return f" ({'; '.join(parts) or otherwise})"
