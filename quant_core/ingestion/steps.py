"""Steps: the time between neighboring rows of a file, and the timeframe it shows or contradicts.

Put here: measuring the usual step, and refusals of steps that are no timeframe.
Keep out: declared timeframes, columns and file names (labels.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.time_formats import DAY_US, Bools, Int64s
from quant_core.timeframes import Timeframe

_MINUTE_US = 60_000_000
_STEP_ROWS = 200_000
_MONTH_US = 27 * DAY_US
_LONGEST_MONTH_US = 31 * DAY_US
_RUN_OF_DAYS = 5  # weeks or months in a row between days are no accident
_RUN_DOUBTS, _RUN_LEAST = 60.0, 15  # so many coin tosses, and so many steps, are no accident between intraday bars
_WHOLE_DOUBTS, _WHOLE_LEAST = 20.0, 5  # the same where no step of the file says otherwise
_PAUSE_US = 4 * DAY_US  # the longest pause of a market that a run may hold


@dataclass(frozen=True)
class Steps:
    """Steps between neighboring labels of a symbol, microseconds, measured on the first 200,000 rows.

    Attributes:
        usual_us: the most common one, the shortest of several; None without two labels.
        equally_usual_us: all of the most common ones.
        coarser_us: a longer step that many rows in a row have, as where a history changes its timeframe; None: no.
        coarser_row: the first row of those.
    """

    usual_us: int | None
    equally_usual_us: tuple[int, ...] = ()
    coarser_us: int | None = None
    coarser_row: int = 0


def steps_of(label_us: Int64s, groups: Int64s, valid: Bools, declared: Timeframe | None = None) -> Steps:
    """Measure the steps; repeated labels are no step.

    Coarser bars are looked for above the declared timeframe, else above the usual step. Between intraday bars they are
    steps in a row that are whole multiples of a coarser timeframe, so that nights and weekends do not hide them.

    >>> days = np.array([0, 1, 2, 3, 10], dtype=np.int64) * DAY_US
    >>> steps_of(days, np.zeros(5, dtype=np.int64), np.ones(5, dtype=bool)).usual_us == DAY_US
    True
    """
    label_us, groups, valid = label_us[:_STEP_ROWS], groups[:_STEP_ROWS], valid[:_STEP_ROWS]
    rows = np.flatnonzero(valid)
    order = np.lexsort((label_us[rows], groups[rows]))
    labels, of, rows = label_us[rows][order], groups[rows][order], rows[order]
    steps, same = np.diff(labels), np.diff(of) == 0
    forward = same & (steps > 0)
    if not forward.any():
        return Steps(None)
    values, counts = np.unique(steps[forward], return_counts=True)
    modes = tuple(int(v) for v in values[counts == counts.max()])
    usual = modes[0]
    finest = usual if declared is None else min(usual, declared.minutes * _MINUTE_US)
    lengths = [t.minutes * _MINUTE_US for t in Timeframe if t.minutes * _MINUTE_US > finest] + [_MONTH_US]
    for length in reversed(lengths):  # whole days are whole hours too
        hits, n_needed = _hits(steps, forward, length, finest)
        ends = _run_ends(hits & forward, n_needed)
        if len(ends):
            return Steps(usual, modes, length, int(rows[max(ends[0] - n_needed + 1, 0)]))
    return Steps(usual, modes)


def _hits(steps: Int64s, forward: Bools, length: int, finest: int) -> tuple[Bools, int]:
    """Steps that bars of a coarser length would have, and how many in a row are no accident."""
    is_of_days = finest >= DAY_US
    if is_of_days or length > DAY_US:
        longest = _LONGEST_MONTH_US if length == _MONTH_US else length
        return (steps >= length) & (steps <= longest), _RUN_OF_DAYS if is_of_days else _RUN_LEAST
    hits = (steps % length == 0) & (steps >= length) & (steps <= max(_PAUSE_US, length))
    doubt = float(np.log2(length / finest))  # of every step: it could as well end elsewhere
    if hits[forward].all() and 2 * (steps[forward] == length).sum() > forward.sum():
        return hits, max(_WHOLE_LEAST, math.ceil(_WHOLE_DOUBTS / doubt))
    return hits, max(_RUN_LEAST, math.ceil(_RUN_DOUBTS / doubt))


def _run_ends(hits: Bools, length: int) -> Int64s:
    """Positions at which ``length`` hits in a row end."""
    if int(hits.sum()) < length:
        return np.zeros(0, dtype=np.int64)
    total = np.cumsum(hits, dtype=np.int64)
    before = np.concatenate((np.zeros(length, dtype=np.int64), total[:-length]))
    return np.flatnonzero(total - before == length)


def step_timeframe(steps: Steps, origin: str) -> Timeframe:
    """The timeframe whose length is the usual step.

    Raises:
        RefusedInputError: no step, months, or a step that is no timeframe.
    """
    step_us = steps.usual_us
    if step_us is None:
        raise RefusedInputError.at(
            origin, reason="one time per symbol: the timeframe cannot be measured", fix="timeframe: D1"
        )
    if step_us >= _MONTH_US:
        raise RefusedInputError.at(
            origin,
            reason=f"the usual step is {step_us / DAY_US:g} days: monthly bars or longer are not a timeframe here",
            fix="deliver daily or weekly bars, or leave this file out of the feed's pattern",
        )
    for timeframe in Timeframe:
        if timeframe.minutes * _MINUTE_US == step_us:
            return timeframe
    raise RefusedInputError.at(
        origin,
        reason=f"the usual step between rows is {step_us / _MINUTE_US:g} minutes, which is no timeframe",
        fix=f"deliver bars of one of {', '.join(t.value for t in Timeframe)}, or leave this file out of the feed's "
        "pattern",
    )


def check_steps(timeframe: Timeframe, steps: Steps, origin_row: pl.Series, origin: str) -> None:
    """Refuse a timeframe that the rows contradict.

    A wider step is no contradiction where it is a multiple: thin markets have no bar where there is no trade. Daily
    and weekly stamps may be closes of days of unequal length, so only a step of half the timeframe or less is refused.
    Where several steps are equally common, one that fits is enough.

    Raises:
        RefusedInputError: bars would overlap, or the file goes over from coarser bars to finer ones.
    """
    if steps.usual_us is None:
        return
    nominal_us = timeframe.minutes * _MINUTE_US
    if all(s % nominal_us if timeframe.is_intraday else 2 * s <= nominal_us for s in steps.equally_usual_us):
        minutes = f"{steps.usual_us / _MINUTE_US:g} minutes"
        why = "" if steps.usual_us < nominal_us else ", which is no multiple of it"
        raise RefusedInputError.at(
            origin,
            reason=f"{timeframe.value} is declared, but rows usually come every {minutes}{why}",
            fix="timeframe: the rows' own one (coarser timeframes are resampled from it)",
        )
    if steps.coarser_us is not None and steps.coarser_us > nominal_us:
        unit_us, unit = (DAY_US, "days") if steps.coarser_us >= DAY_US else (_MINUTE_US, "minutes")
        length = "a month" if steps.coarser_us == _MONTH_US else f"{steps.coarser_us / unit_us:g} {unit}"
        raise RefusedInputError.at(
            origin,
            row=int(origin_row[steps.coarser_row]),
            reason=f"from here on the step between rows is {length} for a while, elsewhere it is that of "
            f"{timeframe.value}: coarser bars would pass for {timeframe.value}",
            fix="split the file, and deliver each part with its own timeframe",
        )
