"""Plan of a catch-up: which windows differ from what was delivered, and the batches they are read in.

Put here: the comparison of windows, their packing, and the span of keys that a batch answers for.
Keep out: asking the server (windows.py) and reading (read.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quant_pipelines.sources.mysql.progress import Progress
from quant_pipelines.sources.mysql.windows import Grid, Totals, WindowTable, earliest_end, latest_start


@dataclass(frozen=True)
class Batch:
    """A span of keys that is read from end to end: afterwards everything the table has of it is delivered.

    Attributes:
        lower, upper: half-open keys; None = open.
        windows: the windows in it that differ.
        first_row: number of its first row in the series, 1-based.
        expected: totals of its rows, as the server last said.
    """

    lower: int | None
    upper: int | None
    windows: tuple[int, ...]
    first_row: int
    expected: Totals


def differing(table: WindowTable, progress: Progress, now_us: int) -> list[int]:
    """Windows to be read: other totals than those delivered, or bars that have completed since; in time order.

    Args:
        table: what the server has.
        progress: what was delivered.
        now_us: microseconds since 1970.

    >>> from quant_pipelines.sources.mysql.progress import Held
    >>> one, two = Totals(1, 7), Totals(1, 8)
    >>> progress = Progress("a", {1: Held(one), 2: Held(one), 3: Held(one, finishes_us=60), 5: Held(one)})
    >>> table = WindowTable({1: one, 2: two, 3: one, 4: one})
    >>> differing(table, progress, now_us=59), differing(table, progress, now_us=60)
    ([2, 4, 5], [2, 3, 4, 5])
    """
    known = progress.windows
    due = {w for w, held in known.items() if held.finishes_us is not None and held.finishes_us <= now_us}
    changed = {w for w in {*table.windows, *known} if table.totals([w]) != progress.totals(w)}
    return sorted(due | changed)


def batches(
    windows: Sequence[int], table: WindowTable, progress: Progress, grid: Grid, *, rows_per_window: int,
    limits: tuple[int | None, int | None],
) -> list[Batch]:  # fmt: skip
    """Pack windows that differ: a known one alone, so that what it lost is counted by itself; new ones together.

    Where a run was cut, the rest is packed as it would have been. After a void watermark each batch begins where the
    one before ended, and the last is open, so that nothing that is stored escapes it.

    Args:
        windows: the windows that differ, in time order.
        table: what the server has.
        progress: what was delivered.
        grid: the windows.
        rows_per_window: most rows of windows that are packed together.
        limits: first key and first key after the last of what may be read; None = open.

    By hand: 1 and 3 are new and fit, 4 would be too much, 5 is known.

    >>> from quant_pipelines.sources.mysql.progress import Held
    >>> table = WindowTable({w: Totals(4, 1) for w in (1, 3, 4, 5)})
    >>> found = batches([1, 3, 4, 5], table, Progress("a", {5: Held(Totals(9, 9))}), Grid(0, 100, 10),
    ...                 rows_per_window=10, limits=(None, 55))
    >>> [(b.lower, b.upper, b.windows, b.first_row) for b in found]
    [(10, 40, (1, 3), 1), (40, 50, (4,), 9), (50, 55, (5,), 13)]
    """
    groups: list[list[int]] = []
    for window in windows:
        group = groups[-1] if groups else []
        between = range(group[0], window + 1) if group else range(0)
        is_new = not progress.is_restart and not any(w in progress.windows for w in between)
        if group and is_new and table.totals([*group, window]).n_rows <= rows_per_window:
            group.append(window)
        else:
            groups.append([window])
    if progress.is_restart and not groups and not progress.windows:
        groups = [[]]
    found = [_batch(group, table, progress, grid, limits) for group in groups]
    return [b for b in found if b.lower is None or b.upper is None or b.lower < b.upper]


def _batch(
    group: list[int], table: WindowTable, progress: Progress, grid: Grid, limits: tuple[int | None, int | None]
) -> Batch:
    lower = grid.bounds(group[0])[0] if group else None
    upper = grid.bounds(group[-1])[1] if group else None
    if progress.is_restart and group:
        before = [w for w in {*progress.windows, *table.windows} if w < group[0]]
        lower = grid.bounds(max(before))[1] if before else None
        upper = upper if any(w > group[-1] for w in {*progress.windows, *table.windows}) else None
    start, end = limits
    lower, upper = latest_start(lower, start), earliest_end(upper, end)
    first_row = 1 + (table.n_before(group[0]) if group else 0)
    return Batch(lower, upper, tuple(group), first_row, table.totals(group))
