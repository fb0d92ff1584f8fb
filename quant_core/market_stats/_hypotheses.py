"""Which cells ask the same question: found by the bars and outcomes themselves, not by names.

Put here: the fingerprints of a target's cells, and the representative of every hypothesis.
Keep out: sums over bars (quant_core.counting) and the family of tests (``_verdict.py``).

A test compares the outcomes of the cell's bars with those of the bars outside it. So two cells are one hypothesis when
both part the same bars in the same way, whichever part they call the cell, and their outcomes are equal or each other's
complement on all of these bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.counting.fingerprints import Prints, fingerprints_of_cells, numbers_of_bars, numbers_of_values
from quant_core.market_stats._panel import Outcome
from quant_core.tables import TABLES
from quant_core.targets.contract import Target, TargetKind

HYPOTHESIS = "hypothesis"
# Content of a hypothesis; dropped from the table.
CONTENT = ("_part", "_other_part", "_outcomes")
# Of its test: whether all members are large enough; the row, in its target kind, of the one that enters the family.
ENOUGH, SPEAKER = "_enough", "_speaker"
_NAME = ("event", "condition", "condition_value", "target")


@dataclass(frozen=True)
class Fingerprints:
    """What the cells of one target hold, in one split; those of disjoint splits add up.

    Attributes:
        cells: (n_events, n_slots); the bars of each cell with an observable outcome.
        everything: (3,); all bars with an observable outcome, their outcomes, and the complements of these.
    """

    cells: Prints
    everything: Prints

    def __add__(self, later: Fingerprints) -> Fingerprints:
        return Fingerprints(self.cells + later.cells, self.everything + later.everything)

    def columns(self) -> dict[str, NDArray[np.uint64]]:
        """The content of every cell: both parts of the bars, the smaller number first, and the outcomes."""
        rest = self.everything[0] - self.cells
        parts = np.minimum(self.cells, rest), np.maximum(self.cells, rest)
        outcomes = np.full(self.cells.shape, self.everything[1:].min())
        return dict(zip(CONTENT, (*parts, outcomes), strict=True))


def fingerprints(
    targets: Sequence[Target],
    outcomes: Sequence[Outcome],
    events: NDArray[np.bool_],
    codes: NDArray[np.integer[Any]],
    n_slots: int,
    start: int,
) -> list[Fingerprints]:
    """The fingerprints of every target's cells in the split that begins at bar ``start``.

    Args:
        targets: in any order.
        outcomes: one per target, over the same L bars.
        events: (n_events, L).
        codes: (n_rows, L); ``n_slots`` for no state.
        n_slots: number of slots.
        start: position of the first bar in the history.
    """
    numbers = numbers_of_bars(start, start + events.shape[1])
    cells: dict[bytes, Prints] = {}
    found: list[Fingerprints] = []
    for target, outcome in zip(targets, outcomes, strict=True):
        # Many targets share their observable bars: those of one horizon.
        key = np.packbits(outcome.valid).tobytes()
        if key not in cells:
            cells[key] = fingerprints_of_cells(events, codes, n_slots, outcome.valid, numbers)
        found.append(Fingerprints(cells[key], _everything(target.kind, outcome, numbers)))
    return found


def _everything(kind: TargetKind, outcome: Outcome, numbers: Prints) -> Prints:
    """(3,): all observable bars, their outcomes, and the complements: 1 − x of binary, −x of numeric outcomes."""
    value, here = outcome.value[outcome.valid], numbers[outcome.valid]
    if kind == "binary":
        return np.array([here.sum(), here[value == 1].sum(), here[value == 0].sum()], dtype=np.uint64)
    # A censored duration is another outcome than one that ended: below zero, where no other is.
    signed = np.where(outcome.observed[outcome.valid], value, -1 - value) if kind == "time_to_event" else value
    other = signed if kind == "time_to_event" else -signed
    sums = [numbers_of_values(x, here).sum() for x in (signed, other)]
    return np.array([here.sum(), *sums], dtype=np.uint64)


def name_hypotheses(cells: pl.DataFrame) -> pl.DataFrame:
    """Add ``hypothesis``: the id of the first cell, in the table's order, of those that ask the same question.

    Null where a cell holds no bar.

    Args:
        cells: of one split, with the columns of ``Fingerprints.columns``; a cell's id is its event, condition,
            state and target.

    Example, by hand: b holds the bars that a holds.

    >>> cells = pl.DataFrame({"event": ["b", "a", "c"], "condition": "all", "condition_value": "all", "target": "t",
    ...                       "target_kind": "binary", "n": [3, 3, 0], "_part": [7, 7, 0], "_other_part": [9, 9, 16],
    ...                       "_outcomes": 5, "symbol": "S", "timeframe": "D1", "fold": 0, "split": "test"})
    >>> name_hypotheses(cells)["hypothesis"].to_list()
    ['a | all | all | t', 'a | all | all | t', None]
    """
    own = pl.concat_str(*_NAME, separator=" | ")
    order = TABLES["market_stats"].order
    first = own.sort_by(order).first().over("target_kind", *CONTENT)
    return cells.with_columns(pl.when(pl.col("n") > 0).then(first).alias(HYPOTHESIS))


def share_tests(cells: pl.DataFrame, n_min: int, min_blocks: int) -> pl.DataFrame:
    """Give the members of a hypothesis one p-value, and name the one that enters the family for all.

    The p-value is the largest of them. It differs between them by rounding, and between the two parts of the bars where
    one of them is small: the smaller part decides, also about whether there are enough bars. Null where one is.

    Args:
        cells: of one split, with ``hypothesis``; those of a target kind in the order in which they stay.
        n_min: least number of bars.
        min_blocks: least number of time blocks.

    Returns:
        The cells with ``p_value`` and the columns ``ENOUGH`` and ``SPEAKER``.

    Example, by hand: the first two are the two parts of the same bars.

    >>> cells = pl.DataFrame({"target_kind": "binary", "hypothesis": ["h", "h", None], "n": [90, 10, 0],
    ...                       "n_blocks": [20, 10, 0], "p_value": [0.1, 0.2, None]})
    >>> share_tests(cells, 10, 10).select("p_value", ENOUGH, SPEAKER).rows()
    [(0.2, True, 0), (0.2, True, 0), (None, False, 2)]
    >>> share_tests(cells, 11, 10)[ENOUGH].to_list(), share_tests(cells, 10, 11)[ENOUGH].to_list()
    ([False, False, False], [False, False, False])
    """
    place = pl.int_range(pl.len()).over("target_kind")
    shared = ("target_kind", HYPOTHESIS)
    large = (pl.col("n") >= n_min) & (pl.col("n_blocks") >= min_blocks)
    is_named = pl.col(HYPOTHESIS).is_not_null()
    has_test = pl.col("p_value").is_not_null().all().over(shared) & is_named
    return cells.with_columns(place.alias(SPEAKER)).with_columns(
        pl.when(has_test).then(pl.col("p_value").max().over(shared)).alias("p_value"),
        (large.all().over(shared) & is_named).alias(ENOUGH),
        pl.when(is_named).then(pl.col(SPEAKER).first().over(shared)).otherwise(SPEAKER).alias(SPEAKER),
    )
