"""History: what a delivery adds to, completes in, or changes of the rows already stored.

Put here: the comparison of delivered raw rows with stored ones, and the current view over overlapping parts.
Keep out: storing (quant_pipelines.raw.raw_store) and judging rows (quality/).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from quant_core.calendars import Calendar
from quant_core.errors import DataContractError
from quant_core.timeframes import Timeframe

VALUES = ("open", "high", "low", "close", "volume")
_PRICES = VALUES[:4]


@dataclass(frozen=True)
class Restatement:
    """How much of a known history a source changed.

    Attributes:
        n_rows_changed: bars (values of ts) whose values differ from what was stored.
        max_relative_change: largest ``|new - old| / |old|`` over open, high, low and close of those bars, fraction;
            null when no price changed from one finite non-zero number to another.
        first_ts, last_ts: first and last changed bar.
    """

    n_rows_changed: int
    max_relative_change: float | None
    first_ts: datetime
    last_ts: datetime


@dataclass(frozen=True)
class Comparison:
    """A delivery split by what it means for the stored history.

    Attributes:
        rows: delivered rows worth storing, in source order; the rest is already known.
        n_new, n_known, n_completed, n_restated: delivered rows by meaning; they add up to the rows delivered.
        restatement: the extent of the change, or None when nothing known was changed.
    """

    rows: pl.DataFrame
    n_new: int
    n_known: int
    n_completed: int
    n_restated: int
    restatement: Restatement | None


def mark_unfinished(rows: pl.DataFrame, *, timeframe: Timeframe, calendar: Calendar, fetched_at: datetime) -> pl.Series:
    """True where a bar was not complete when it was fetched: its values may still change.

    Args:
        rows: table ``raw_rows`` of one symbol.
        timeframe: native timeframe of the rows.
        calendar: calendar of the symbol; it says when a bar is complete.
        fetched_at: UTC, the moment the rows left the source.

    Missing: ``ts`` is never null.

    >>> from datetime import UTC
    >>> from quant_core.calendars import calendar_of
    >>> rows = pl.DataFrame({"ts": [datetime(2024, 1, 1, h, tzinfo=UTC) for h in (9, 10)]})
    >>> rows = rows.cast({"ts": pl.Datetime("us", "UTC")})
    >>> now = datetime(2024, 1, 1, 10, 0, tzinfo=UTC)
    >>> mark_unfinished(rows, timeframe=Timeframe.H1, calendar=calendar_of("always_open"), fetched_at=now).to_list()
    [False, True]
    """
    return (calendar.bar_close(rows["ts"], timeframe) > fetched_at).alias("is_unfinished")


def compare_history(stored: pl.DataFrame, delivered: pl.DataFrame) -> Comparison:
    """Split delivered rows into new, known, completed and restated.

    A bar (one ts) is *new* when nothing is stored at its ts; *completed* when what is stored there was unfinished
    at its fetch and the delivery differs or is finished; *restated* when what is stored was finished and the set of
    value rows differs; else *known*. Value rows are compared as sets, so repeats inside a file do not matter, and
    null equals null. Stored bars that the delivery does not mention are left alone.

    Args:
        stored: columns ts, open, high, low, close, volume, is_unfinished; the current view of the overlapping range.
        delivered: table ``raw_rows`` plus ``is_unfinished``.

    Raises:
        DataContractError: a needed column is missing.

    Example, by hand: bar 1 is known, bar 2 went from 10 to 11 (10 %), bar 3 is new.

    >>> from datetime import UTC
    >>> ts = [datetime(2024, 1, d, tzinfo=UTC) for d in (1, 2, 3)]
    >>> def rows(times, close):
    ...     values = {c: [float(x) for x in close] for c in VALUES}
    ...     return pl.DataFrame({"ts": times, **values, "is_unfinished": [False] * len(times)})
    >>> found = compare_history(rows(ts[:2], [5, 10]), rows(ts, [5, 11, 12]))
    >>> found.n_known, found.n_restated, found.n_new, found.rows["close"].to_list()
    (1, 1, 1, [11.0, 12.0])
    >>> found.restatement.n_rows_changed, round(found.restatement.max_relative_change, 12)
    (1, 0.1)
    """
    needed = {"ts", *VALUES, "is_unfinished"}
    for name, frame in (("stored", stored), ("delivered", delivered)):
        if not needed <= set(frame.columns):
            raise DataContractError(f"History compares columns {sorted(needed)}: {name} rows have {frame.columns}.")
    if delivered.is_empty():
        return Comparison(delivered, 0, 0, 0, 0, None)
    stored = stored.filter(pl.col("ts").is_in(delivered["ts"].unique().implode()))
    meaning = _meaning_by_bar(stored, delivered)
    labeled = delivered.join(meaning, on="ts", how="left", maintain_order="left")
    count = dict(labeled.group_by("meaning").len().iter_rows())
    return Comparison(
        rows=labeled.filter(pl.col("meaning") != "known").select(delivered.columns),
        n_new=count.get("new", 0),
        n_known=count.get("known", 0),
        n_completed=count.get("completed", 0),
        n_restated=count.get("restated", 0),
        restatement=_extent(stored, labeled.filter(pl.col("meaning") == "restated")),
    )


def withdrawn_rows(
    stored: pl.DataFrame,
    delivered: pl.DataFrame,
    refused: pl.DataFrame,
    span: tuple[datetime, datetime] | None = None,
) -> pl.DataFrame:
    """Stored rows that a full snapshot of their range leaves out: the source took them back.

    Args:
        stored: columns ts and is_unfinished at least; the current view.
        delivered: the snapshot's rows.
        refused: table ``quarantine``: rows of the snapshot that could not be read; their bars are not taken back.
        span: the snapshot's range, from the first inclusive to the second exclusive; None = from its first to its last
            bar. Only within a declared span are unfinished rows taken back: what a file ends before is unknown.

    Missing: a snapshot without span and rows has no range.

    >>> rows = pl.DataFrame({"ts": [1, 2, 3, 4], "is_unfinished": [False] * 3 + [True]})
    >>> withdrawn_rows(rows, rows[[0, 2]], rows[[0]].select("ts"))["ts"].to_list()
    [2]
    >>> withdrawn_rows(rows, rows.clear(), rows.clear(), span=(2, 5))["ts"].to_list()
    [2, 3, 4]
    """
    named = pl.concat([delivered["ts"], refused["ts"].drop_nulls()]).unique()
    if span is None:
        inside = pl.col("ts").is_between(delivered["ts"].min(), delivered["ts"].max()) & ~pl.col("is_unfinished")
    else:
        inside = pl.col("ts").is_between(*span, closed="left")
    return stored.filter(inside & ~pl.col("ts").is_in(named.implode()))


def _meaning_by_bar(stored: pl.DataFrame, delivered: pl.DataFrame) -> pl.DataFrame:
    """One row per delivered ts: ``new``, ``known``, ``completed`` or ``restated``."""
    pair = ["ts", *VALUES]
    old, new = stored.select(pair).unique(), delivered.select(pair).unique()
    changed = pl.concat(
        [
            new.join(old, on=pair, how="anti", nulls_equal=True).select("ts"),
            old.join(new, on=pair, how="anti", nulls_equal=True).select("ts"),
        ]
    ).unique()
    bars = delivered.group_by("ts").agg(pl.col("is_unfinished").any().alias("unfinished_now"))
    before = stored.group_by("ts").agg(pl.col("is_unfinished").any().alias("unfinished_before"))
    is_changed = pl.col("ts").is_in(changed["ts"].implode())
    return (
        bars.join(before, on="ts", how="left")
        .with_columns(
            pl.when(pl.col("unfinished_before").is_null())
            .then(pl.lit("new"))
            .when(pl.col("unfinished_before") & (is_changed | ~pl.col("unfinished_now")))
            .then(pl.lit("completed"))
            .when(is_changed)
            .then(pl.lit("restated"))
            .otherwise(pl.lit("known"))
            .alias("meaning")
        )
        .select("ts", "meaning")
    )


def _extent(stored: pl.DataFrame, restated: pl.DataFrame) -> Restatement | None:
    """Measure a change bar by bar, on the last row of each bar."""
    if restated.is_empty():
        return None
    old = stored.group_by("ts").agg(pl.col(c).last().alias(f"old_{c}") for c in _PRICES)
    pairs = restated.group_by("ts").agg(pl.col(c).last() for c in _PRICES).join(old, on="ts", how="left")
    changes = pairs.select(
        pl.when(pl.col(f"old_{c}") != 0)
        .then((pl.col(c) - pl.col(f"old_{c}")).abs() / pl.col(f"old_{c}").abs())
        .alias(c)
        for c in _PRICES
    )
    relative = changes.unpivot()["value"].drop_nulls()
    finite = relative.filter(relative.is_finite())
    largest = float(finite.to_numpy().max()) if finite.len() else 0.0
    first, last = pairs.select(pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last")).row(0)
    return Restatement(pairs.height, largest if largest > 0 else None, first, last)


def current_rows(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The current view over parts in the order they were stored: for each ts, the rows of the last part that has it.

    >>> a = pl.DataFrame({"ts": [1, 2], "close": [10.0, 11.0]})
    >>> b = pl.DataFrame({"ts": [2, 2, 3], "close": [12.0, 13.0, 14.0]})
    >>> current_rows([a, b]).rows()
    [(1, 10.0), (2, 12.0), (2, 13.0), (3, 14.0)]
    """
    numbered = pl.concat([p.with_columns(pl.lit(i).alias("_part")) for i, p in enumerate(parts)])
    return last_by_bar(numbered, "_part").drop("_part")


def last_by_bar(rows: pl.DataFrame, number: str) -> pl.DataFrame:
    """For each ts, the rows with its largest number, in their order.

    Args:
        rows: columns ts and the number.
        number: column that counts the parts that rows were stored in.

    Missing: neither column has nulls.

    >>> last_by_bar(pl.DataFrame({"ts": [1, 2, 2, 2, 3], "n": [1, 1, 2, 2, 1]}), "n").rows()
    [(1, 1), (2, 2), (2, 2), (3, 1)]
    """
    if rows[number].min() == rows[number].max():
        return rows
    return rows.filter(pl.col(number) == pl.col(number).max().over("ts"))
