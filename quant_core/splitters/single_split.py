"""One cut: the first part trains, the rest tests.

Put here: the splitter ``single_split``.
Keep out: moving windows (walk_forward.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, cast

import polars as pl
from pydantic import Field

from quant_core.block import Fraction
from quant_core.errors import ConfigError
from quant_core.splitters.contract import Fold, Splitter


@dataclass(frozen=True)
class SingleSplit(Splitter):
    """The first ``train_fraction`` of the bars trains; the test starts after the embargo.

    Attributes:
        train_fraction: share of bars that train, fraction in (0, 1), rounded down to whole sessions.
        embargo_days: calendar days between the last training session and the first test session, both excluded.

    Source: none, ours.

    Example: 10 sessions, 70 % train; two days of embargo drop the 8th and 9th.

    >>> days = pl.Series([date(2024, 1, d) for d in range(1, 11)])
    >>> SingleSplit(train_fraction=0.7, embargo_days=2).folds(days)
    (Fold(index=0, train_start=0, train_stop=7, test_start=9, test_stop=10),)
    """

    train_fraction: Fraction = 0.7
    embargo_days: Annotated[int, Field(ge=0, le=36_525)] = 0

    def folds(self, session_dates: pl.Series) -> tuple[Fold, ...]:
        n = len(session_dates)
        cut = int(n * self.train_fraction)
        if 0 < cut < n:
            # A session is never torn: the boundary session belongs to the test side.
            boundary = cast(date, session_dates[cut])
            train_stop = int((session_dates < boundary).sum())
            test_start = int((session_dates < boundary + timedelta(days=self.embargo_days)).sum())
            if train_stop > 0 and test_start < n:
                return (Fold(0, 0, train_stop, test_start, n),)
        raise ConfigError(
            f"A single split with train_fraction={self.train_fraction} and embargo_days={self.embargo_days} needs "
            f"bars on both sides: found {n} bars. Use more bars, another fraction or a shorter embargo."
        )
