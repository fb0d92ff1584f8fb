"""A table against its recount: the same rows, the same columns, the same values.

Put here: the comparison, which names every row and column that differs, and changes that it must find.
Keep out: recounts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Rows = list[Row]
REL_TOL, ABS_TOL = 1e-9, 1e-13
"""Relative; the absolute part is for differences of nearly equal numbers, such as a lift of 0."""


@dataclass(frozen=True)
class Recounted:
    """A table of every key of the lake.

    Attributes:
        key: columns that identify a row.
        tables: per key of the lake, the rows that the engine stored and those of the recount.
    """

    key: tuple[str, ...]
    tables: list[tuple[Rows, Rows]]


def complete(rows: list[Row]) -> list[Row]:
    """The rows with null for every column that only others of them have."""
    columns = dict.fromkeys(name for row in rows for name in row)
    return [dict.fromkeys(columns) | row for row in rows]


def differences(stored: list[Row], recounted: list[Row], key: Sequence[str]) -> list[str]:
    """One line per row that only one of both has, and per value that differs.

    A column that one of both does not have differs in every row: nothing is exempt.
    """
    left, right = ({tuple(row[name] for name in key): row for row in rows} for rows in (stored, recounted))
    found = [f"{len(stored)} rows, {len(left)} keys"] if len(left) != len(stored) else []
    found += [f"{place}: only stored" for place in left.keys() - right.keys()]
    found += [f"{place}: only recounted" for place in right.keys() - left.keys()]
    for place in left.keys() & right.keys():
        a, b = left[place], right[place]
        found += [f"{place} {column}: only stored" for column in a.keys() - b.keys()]
        found += [f"{place} {column}: only recounted" for column in b.keys() - a.keys()]
        found += [
            f"{place} {column}: stored {a[column]!r}, recounted {b[column]!r}"
            for column in a.keys() & b.keys()
            if not is_same(a[column], b[column])
        ]
    return sorted(found)


def is_same(a: Any, b: Any) -> bool:
    """Equal; of two floats nearly so."""
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return a is b
    if isinstance(a, float) and isinstance(b, float | int):
        return math.isclose(a, b, rel_tol=REL_TOL, abs_tol=ABS_TOL)
    return bool(a == b)


def perturbed(row: Row, column: str) -> Row:
    """The row with another value in one column: a float by a millionth, null where there is a value of another kind."""
    value = row[column]
    if isinstance(value, float):
        return row | {column: value * (1 + 1e-6) if value else 1e-6}
    if isinstance(value, int) and not isinstance(value, bool):
        return row | {column: value + 1}
    return row | {column: 0.5 if value is None else None}
