"""Training windows that walk through time, each followed by the months that test it.

Put here: the splitter ``walk_forward``.
Keep out: a single cut (single_split.py).
"""

from __future__ import annotations

import calendar
import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal, cast

import polars as pl
from pydantic import Field

from quant_core.block import CountOrZero
from quant_core.errors import ConfigError
from quant_core.splitters.contract import Fold, Splitter


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day where it has no such day.

    >>> add_months(date(2024, 1, 31), 1), add_months(date(2024, 1, 31), 2), add_months(date(2023, 11, 30), 3)
    (datetime.date(2024, 2, 29), datetime.date(2024, 3, 31), datetime.date(2024, 2, 29))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class WalkForward(Splitter):
    """Fold f trains on the months up to boundary_f and tests on the ``test_months`` after it.

    boundary_f = first session + (train_months + f·test_months) calendar months, always counted from the first session,
    so a 31st does not drift; a window without training or test bars (a hole in the data) is passed over.
    Test bars: boundary_f + embargo ≤ session < boundary_{f+1} + embargo: tests touch each other and cover every session
    once. Train bars: session < boundary_f, from boundary_f's window start (rolling) or from the first session
    (anchored). The last test may be shorter: it ends with the data.

    Attributes:
        scheme: ``rolling`` keeps the length of the training window, ``anchored`` lets it grow.
        train_months: length of the (first) training window in calendar months.
        test_months: length of a test window in calendar months.
        n_folds: at most this many folds; 0: as many as the data hold.
        embargo_days: calendar days left out between training and test, on top of the purge of ``Fold.train_rows``.

    Source: none, ours. Differs from: the source system, which caps days at 28, has no anchored scheme and no purge.

    Example: 2 months, 2 days of embargo, 1 month: train to 28 February, test 3 March to 2 April, then from 3 April.

    >>> days = pl.date_range(date(2025, 1, 1), date(2025, 6, 30), eager=True)
    >>> folds = WalkForward(train_months=2, test_months=1, n_folds=2, embargo_days=2).folds(days)
    >>> [(days[f.train_start].isoformat(), days[f.train_stop - 1].isoformat()) for f in folds]
    [('2025-01-01', '2025-02-28'), ('2025-02-01', '2025-03-31')]
    >>> [(days[f.test_start].isoformat(), days[f.test_stop - 1].isoformat()) for f in folds]
    [('2025-03-03', '2025-04-02'), ('2025-04-03', '2025-05-02')]
    """

    scheme: Literal["rolling", "anchored"] = "rolling"
    train_months: Annotated[int, Field(ge=1, le=1_200)] = 60
    test_months: Annotated[int, Field(ge=1, le=1_200)] = 12
    n_folds: CountOrZero = 0
    embargo_days: Annotated[int, Field(ge=0, le=36_525)] = 0

    def folds(self, session_dates: pl.Series) -> tuple[Fold, ...]:
        found: list[Fold] = []
        n = len(session_dates)
        if n:
            first = cast(date, session_dates[0])

            def position(day: date) -> int:
                return int((session_dates < day).sum())

            embargo = timedelta(days=self.embargo_days)
            for window in itertools.count(step=self.test_months):
                if self.n_folds and len(found) == self.n_folds:
                    break
                start = 0 if self.scheme == "anchored" else position(add_months(first, window))
                boundary = add_months(first, self.train_months + window)
                after = add_months(first, self.train_months + window + self.test_months)
                fold = Fold(
                    len(found), start, position(boundary), position(boundary + embargo), position(after + embargo)
                )
                if fold.test_start >= n:
                    break
                # A hole in the data can leave a window without bars: it is no fold.
                if fold.train_start < fold.train_stop and fold.test_start < fold.test_stop:
                    found.append(fold)
        if not found:
            raise ConfigError(self._too_short(session_dates))
        return tuple(found)

    def _too_short(self, session_dates: pl.Series) -> str:
        span = f"{session_dates[0]} to {session_dates[-1]}" if len(session_dates) else "no bars"
        return (
            f"Walk-forward needs more than {self.train_months} months of training data: found {span}. Use more bars or "
            "a smaller folds.train_months, or a single split with folds.train_fraction."
        )
