"""The leak audit: recompute on data cut at some instants and compare everything at or before the cut.

Put here: cutting, comparing and shrinking a finding to the shortest slice that reproduces it.
Keep out: where to cut (cuts.py), which blocks are audited (computations.py), and other contrasts than a cut
(rewriting.py, fresh_process.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from quant_core.errors import DataContractError

Inputs = Mapping[str, pl.DataFrame]
Computation = Callable[[Inputs], pl.DataFrame]
Difference = tuple[str, tuple[object, ...], object, object]
"""Column, key of the row, and both values."""

TAKEN_AWAY = "changes when data after {cut} are taken away: {with_future} with them, {without_future} without"

# Floating sums may be grouped differently on a shorter frame; a leak moves values by far more than this.
RELATIVE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Leak:
    """A column whose value at a decision time changed with what nobody could know then.

    Attributes:
        block: the block that computes the column.
        column: the leaking column.
        cut: the data were cut after this instant (UTC).
        key: key of the first row that differs.
        with_future, without_future: the value computed on all data, and on the data known at the cut.
        slice_rows: per input, first row and one past the last row of the shortest slice that still shows the leak.
        contrast: what was done and seen, with the names of attributes in braces; by default data were taken away.
    """

    block: str
    column: str
    cut: datetime
    key: tuple[object, ...]
    with_future: object
    without_future: object
    slice_rows: Mapping[str, tuple[int, int]]
    contrast: str = TAKEN_AWAY

    @property
    def happening(self) -> str:
        """What was done and seen, in words."""
        values = {"with_future": self.with_future, "without_future": self.without_future}
        return self.contrast.format(cut=self.cut, **values)

    def __str__(self) -> str:
        rows = ", ".join(f"{name}[{start}:{stop}]" for name, (start, stop) in self.slice_rows.items())
        row = ", ".join(map(str, self.key))
        origin = "" if self.block == self.column else f" of {self.block}"
        return f"Column {self.column!r}{origin} at {row} {self.happening}. Shortest slice that shows it: {rows}."


@dataclass(frozen=True)
class LeakAudit:
    """What the audit of one computation needs to know.

    Attributes:
        compute: inputs by name → one row per decision; must be a pure function of its inputs.
        key: columns of the result that identify a row.
        decided_at: column of the result: the instant (UTC) the row claims to be known.
        known_at: column of every input: the instant (UTC) the input row becomes known.
        block: what computes every column of the result; "" where each column is a block of its own, named after it.
        waits: a value may be null until it is known, and is held to what it is from then on.
    """

    compute: Computation
    key: tuple[str, ...] = ("ts",)
    decided_at: str = "ts_close"
    known_at: str = "ts_close"
    block: str = ""
    waits: bool = False


@dataclass(frozen=True)
class Comparison:
    """What comparing gave; ``n_values`` of 0 means that nothing was compared."""

    leaks: list[Leak]
    n_values: int


def find_leaks(audit: LeakAudit, inputs: Inputs, cuts: Sequence[datetime]) -> list[Leak]:
    """Compare every column at or before each cut; at most one leak per column, shrunk.

    For a cut c: result(inputs known at c) must equal result(all inputs) on the rows decided at or before c.
    Floats may differ by a relative 1e-9; nulls and NaN equal themselves; a row that appears or vanishes is a leak
    of the column ``row``.

    Args:
        audit: the computation and how to read its result.
        inputs: frames by name, each with the column ``audit.known_at``.
        cuts: instants (UTC); see ``cuts_of``.

    Raises:
        DataContractError: the result lacks a key or decision column, or repeats a key.

    Source: none, ours.

    Example, by hand: tomorrow's close is known nowhere; yesterday's is.

    >>> ts = pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 1, 4), "1d", time_zone="UTC", eager=True)
    >>> frame = pl.DataFrame({"ts": ts, "ts_close": ts.dt.offset_by("1d"), "close": [1.0, 2.0, 4.0, 8.0]})
    >>> def compute(inputs):
    ...     close = pl.col("close")
    ...     return inputs["bars"].with_columns(before=close.shift(1), after=close.shift(-1)).drop("close")
    >>> for leak in find_leaks(LeakAudit(compute), {"bars": frame}, [frame["ts_close"][1]]):
    ...     print(leak.column, leak.with_future, leak.without_future, dict(leak.slice_rows))
    after 4.0 None {'bars': (1, 3)}
    """
    return compare_at_cuts(audit, inputs, cuts).leaks


def compare_at_cuts(audit: LeakAudit, inputs: Inputs, cuts: Sequence[datetime]) -> Comparison:
    """The leaks of ``find_leaks``, and how many values were compared: rows decided by each cut times columns."""
    whole = _result(audit, inputs)
    found: dict[str, Leak] = {}
    n_values = 0
    for cut in cuts:
        differences, n_compared = _differences(audit, whole, inputs, cut)
        n_values += n_compared
        for column, key, full, part in differences:
            if column not in found:
                rows = _shortest_slice(audit, inputs, cut, column, key)
                found[column] = Leak(audit.block or column, column, cut, key, full, part, rows)
    return Comparison(list(found.values()), n_values)


def _result(audit: LeakAudit, inputs: Inputs) -> pl.DataFrame:
    """Run the computation and check that its rows can be identified and dated."""
    result = audit.compute(inputs)
    missing = [c for c in (*audit.key, audit.decided_at) if c not in result.columns]
    if missing:
        raise DataContractError(f"The audited computation must return the columns {missing}; found {result.columns}.")
    if result.select(pl.struct(audit.key).is_duplicated().any()).item():
        raise DataContractError(f"The audited computation repeats keys {audit.key}; one row per decision is expected.")
    return result


def _known(audit: LeakAudit, inputs: Inputs, cut: datetime) -> dict[str, pl.DataFrame]:
    """The inputs as they were known at an instant."""
    return {name: frame.filter(pl.col(audit.known_at) <= cut) for name, frame in inputs.items()}


def _differences(audit: LeakAudit, whole: pl.DataFrame, inputs: Inputs, cut: datetime) -> tuple[list[Difference], int]:
    """What differs on the rows decided at or before a cut, and the number of values compared."""
    part = _result(audit, _known(audit, inputs, cut))
    before = pl.col(audit.decided_at) <= cut
    return differences(whole.filter(before), part.filter(before), audit.key, (audit.decided_at,), waits=audit.waits)


def differences(
    left: pl.DataFrame, right: pl.DataFrame, key: Sequence[str], apart: Sequence[str] = (), *, waits: bool = False
) -> tuple[list[Difference], int]:
    """First differing row of each column of two results, and the number of values compared.

    Args:
        left: one result; no key twice.
        right: the other one, with the same columns.
        key: columns that identify a row.
        apart: columns that are not compared.
        waits: nulls of ``right`` are values that are not known yet and not compared.

    >>> left, right = (pl.DataFrame({"bar": [1, 2], "close": [5.0, last]}) for last in (6.0, 7.0))
    >>> differences(left, right, ["bar"])
    ([('close', (2,), 6.0, 7.0)], 2)
    """
    values = [c for c in left.columns if c not in (*key, *apart)]
    both = (
        left.with_columns(pl.lit(True).alias("in left"))
        .join(
            right.with_columns(pl.lit(True).alias("in right")),
            on=list(key),
            how="full",
            coalesce=True,
            suffix=" without",
            maintain_order="left_right",
        )
        .sort(key)
    )
    found: list[Difference] = []
    one_sided = both.filter(pl.col("in left").is_null() | pl.col("in right").is_null())
    if one_sided.height:
        row = one_sided.row(0, named=True)
        found.append(("row", tuple(row[k] for k in key), bool(row["in left"]), bool(row["in right"])))
    shared = both.filter(pl.col("in left") & pl.col("in right"))
    for column in values:
        other = f"{column} without"
        known = shared.filter(pl.col(other).is_not_null()) if waits else shared
        differs = known.filter(~_same(known[column], known[other]))
        if differs.height:
            row = differs.row(0, named=True)
            found.append((column, tuple(row[k] for k in key), row[column], row[other]))
    return found, shared.height * len(values)


def _same(left: pl.Series, right: pl.Series) -> pl.Series:
    """Element-wise equality; nulls equal nulls, NaN equals NaN, floats within the tolerance."""
    equal = left.eq_missing(right)
    if left.dtype.is_float():
        scale = pl.max_horizontal(pl.col("l").abs(), pl.col("r").abs())
        near = pl.DataFrame({"l": left, "r": right}).select(
            # An infinite value is near nothing but itself, which `equal` says already.
            ((pl.col("l") - pl.col("r")).abs() <= RELATIVE_TOLERANCE * scale).fill_null(value=False)
            & scale.is_finite().fill_null(value=False)
        )
        equal = equal | near.to_series()
    return equal


def _shortest_slice(
    audit: LeakAudit, inputs: Inputs, cut: datetime, column: str, key: tuple[object, ...]
) -> dict[str, tuple[int, int]]:
    """Take rows away from both ends while the leak of this column at this key stays visible."""
    rows = {name: (0, frame.height) for name, frame in inputs.items()}

    def still_leaks(candidate: Mapping[str, tuple[int, int]]) -> bool:
        cutout = {name: inputs[name].slice(a, b - a) for name, (a, b) in candidate.items()}
        try:
            found, _ = _differences(audit, _result(audit, cutout), cutout, cut)
        except (DataContractError, pl.exceptions.PolarsError):
            # A slice too short to compute on reproduces nothing.
            return False
        return any(c == column and k == key for c, k, _, _ in found)

    if not still_leaks(rows):
        return rows
    for name in rows:
        for from_the_end in (True, False):
            rows = _shrink(rows, name, still_leaks, from_the_end=from_the_end)
    return rows


def _shrink(
    rows: dict[str, tuple[int, int]],
    name: str,
    still_leaks: Callable[[Mapping[str, tuple[int, int]]], bool],
    *,
    from_the_end: bool,
) -> dict[str, tuple[int, int]]:
    """Remove ever smaller blocks from one end of one input: 1/2 of it, 1/4, … one row."""
    start, stop = rows[name]
    block = (stop - start) // 2
    while block >= 1:
        smaller = (start, stop - block) if from_the_end else (start + block, stop)
        if smaller[1] > smaller[0] and still_leaks({**rows, name: smaller}):
            start, stop = smaller
        else:
            block //= 2
        block = min(block, stop - start)
    return {**rows, name: (start, stop)}
