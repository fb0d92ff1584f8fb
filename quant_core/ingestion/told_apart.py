"""Told apart: several rows of one time, and the unread column that would make them different instruments.

Put here: finding that column, and the refusal that names it.
Keep out: rows of one time that nothing tells apart: those are duplicates (quality checks).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.field_kinds import kind_of
from quant_core.ingestion.readers.contract import Preview, Sheet
from quant_core.ingestion.time_formats import Bools, Int64s

_FEW = 0.1  # of the repeated times may stay repeated
_SHARE_OF_NUMBERS = 0.2  # a column of numbers is a name only where so many rows repeat a time


def refuse_mixed_instruments(
    preview: Preview,
    roles: Mapping[int, str],
    times: tuple[Int64s, Bools | None],
    symbol: pl.Series,
    load: Callable[[Mapping[int, str]], Sheet],
    origin: str,
) -> None:
    """Refuse rows of one time that an unread column tells apart.

    Args:
        preview: names and sample of the file.
        roles: position → role of the columns that are read.
        times: bar opens and which of them are readable; None: all.
        symbol: the symbol of every row.
        load: reads the file again with other columns.
        origin: the file, for messages.

    Raises:
        RefusedInputError: with the column and the line that makes it the symbol.
    """
    opens, valid = times
    candidates = [i for i in range(preview.width) if i not in roles and _may_name(preview.sample, i)]
    if not candidates or _is_strictly_ordered(opens):
        return
    rows = pl.DataFrame({"ts": pl.Series(opens), "symbol": symbol})
    repeated: Bools = rows.is_duplicated().to_numpy()
    repeated = repeated if valid is None else repeated & valid
    n_repeated = int(repeated.sum())
    if n_repeated == 0:
        return
    again = load({**roles, **{i: f"other_{i}" for i in candidates}})
    if again.frame.height != len(opens):
        return
    for i in candidates:
        names = again.frame[f"other_{i}"].cast(pl.String).fill_null("")
        if _tells_apart(names, rows, repeated):
            _refuse(preview, roles, i, names.filter(pl.Series(repeated)).unique(maintain_order=True), origin)


def _is_strictly_ordered(opens: Int64s) -> bool:
    """True when every row is later than the one before, or every row earlier."""
    steps = np.diff(opens)
    return bool((steps > 0).all() or (steps < 0).all())


def _may_name(sample: Sequence[Sequence[str]], position: int) -> bool:
    """True for texts, and for whole numbers that many neighboring rows share."""
    filled = [row[position].strip() for row in sample if position < len(row) and row[position].strip()]
    if not filled:
        return False
    kinds = {kind_of(v) for v in filled[:50]}
    if kinds <= {"number"}:
        return all(v.isdigit() for v in filled) and len(set(filled)) <= max(1, len(filled) // 2)
    return not kinds & {"moment", "time_of_day"}


def _tells_apart(names: pl.Series, rows: pl.DataFrame, repeated: Bools) -> bool:
    """True when rows of one time differ in the column, and the column has far fewer values than the file has rows."""
    n_names = names.n_unique()
    if not 2 <= n_names <= len(names) / 2:
        return False
    if names.str.contains(r"^\d+$").all() and repeated.sum() < _SHARE_OF_NUMBERS * len(names):
        return False
    pairs = rows.with_columns(names.alias("name")).filter(pl.Series(repeated))
    return int(pairs.is_duplicated().sum()) <= _FEW * pairs.height


def _refuse(preview: Preview, roles: Mapping[int, str], position: int, names: pl.Series, origin: str) -> None:
    shown = ", ".join(names.head(4).to_list())
    if "symbol" in roles.values():
        column = preview.names[position] if preview.names else f"field {position + 1}"
        fix = f"split the file by {column!r}, and declare symbol or symbol_aliases for each part"
    elif preview.names is None:
        header = ", ".join("symbol" if i == position else roles.get(i, "ignore") for i in range(preview.width))
        column, fix = f"field {position + 1}", f"header: [{header}]"
    else:
        column = preview.names[position] or f"column {position + 1}"
        fix = f"columns: {{{json.dumps(column, ensure_ascii=False)}: symbol}}"
    reason = f"several rows per time, which the column {column!r} tells apart ({shown}): instruments would be mixed"
    raise RefusedInputError.at(origin, column=column, reason=reason, fix=fix)
