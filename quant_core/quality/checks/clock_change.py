"""Weeks that open at another hour than before: the source changed its clock.

Put here: the check ``clock_change``.
Keep out: bars outside sessions (off_calendar.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from quant_core.quality.checks.contract import CheckedRows, Finding, Phase, QualityCheck, Severity
from quant_core.quality.rules import QualityRules


@dataclass(frozen=True)
class ClockChange(QualityCheck):
    """The first bar after a long pause comes at another distance from its session's open than the weeks before.

    Opens are the bars after a pause of at least ``clock_gap_hours``; their distance from the session's open on the
    calendar's clock is rounded to ``clock_step_minutes``. A single open that is later than both neighbors is a
    holiday or a thin start and is passed over; every other step between consecutive opens is a change and marks
    its first bar. Needs at least three opens; intraday bars only. All rows are looked at, because a wrong clock also
    moves bars out of the sessions.

    Look-ahead: one week (the neighbor after); a report, never an input of features. Missing: none possible.
    Source: none, ours.

    Example, by hand: five weeks that open on Monday 00:00, then three that open at 01:00.

    >>> from datetime import datetime, timedelta, UTC
    >>> from quant_core.quality.checks.contract import example_rows
    >>> from quant_core.quality import checked
    >>> monday = datetime(2024, 1, 1, tzinfo=UTC)
    >>> ts = [monday + timedelta(weeks=w, hours=h + (w >= 5)) for w in range(8) for h in range(3)]
    >>> ClockChange().find(checked(example_rows(ts=ts))).mask.arg_true().to_list()
    [15]
    """

    @property
    def phase(self) -> Phase:
        return "row"

    def severity(self, rules: QualityRules) -> Severity:
        return "flagged"

    @property
    def explanation(self) -> str:
        return (
            "The weekly open moved on the calendar's clock: the source's clock or its summer-time rule changed, or the "
            "declared zone is wrong. Check the feed's zone (dated rules are possible)."
        )

    def find(self, rows: CheckedRows) -> Finding:
        mask = np.zeros(rows.frame.height, dtype=bool)
        order = rows.frame["ts"].arg_sort()
        ts = rows.frame["ts"].gather(order)
        pause_us = rows.rules.clock_gap_hours * 3_600_000_000
        micros = ts.to_physical().to_numpy()
        at = np.flatnonzero(np.diff(micros) >= pause_us) + 1
        if not rows.timeframe.is_intraday or len(at) < 3:
            return Finding(pl.Series("found", mask))
        step = rows.rules.clock_step_minutes
        distance = np.round(rows.calendar.minutes_from_open(ts.gather(at)).to_numpy() / step).astype(np.int64) * step
        late = (distance[1:-1] > distance[:-2]) & (distance[1:-1] > distance[2:])
        usual = np.concatenate(([True], ~late, [True]))
        at, distance = at[usual], distance[usual]
        changed = np.flatnonzero(np.diff(distance) != 0) + 1
        mask[order.to_numpy()[at[changed]]] = True
        texts = [
            f"{ts[int(at[i])]:%Y-%m-%d %H:%M} ({distance[i - 1]:+d} to {distance[i]:+d} min from the session's open)"
            for i in changed[: rows.rules.n_examples]
        ]
        return Finding(pl.Series("found", mask), example="; ".join(texts))
