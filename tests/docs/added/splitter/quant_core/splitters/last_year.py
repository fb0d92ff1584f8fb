"""One cut: the last calendar year tests, everything before it trains.

Put here: the splitter ``last_year``.
Keep out: cuts by a share of the bars (single_split.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast

import polars as pl

from quant_core.errors import ConfigError
from quant_core.splitters.contract import Fold, Splitter


@dataclass(frozen=True)
class LastYear(Splitter):
    """Train before the first of January of the last session's year, test from it on; no embargo.

    Source: none, ours.

    Example, by hand: two sessions of 2023, one of 2024.

    >>> LastYear().folds(pl.Series([date(2023, 12, 28), date(2023, 12, 29), date(2024, 1, 2)]))
    (Fold(index=0, train_start=0, train_stop=2, test_start=2, test_stop=3),)
    """

    def folds(self, session_dates: pl.Series) -> tuple[Fold, ...]:
        n = len(session_dates)
        cut = int((session_dates.dt.year() < cast(date, session_dates[-1]).year).sum()) if n else 0
        if not cut:
            raise ConfigError(
                f"A split at the last year needs bars before it: found {n} bars. Use more bars or single_split."
            )
        return (Fold(0, 0, cut, cut, n),)
