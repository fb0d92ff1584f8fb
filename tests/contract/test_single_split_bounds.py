"""A single split at its bounds: the smallest sides, the boundary session, the last day of an embargo."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from quant_core.errors import ConfigError
from quant_core.splitters.contract import Fold
from quant_core.splitters.single_split import SingleSplit


def days(*bars_of_day: int) -> pl.Series:
    """Consecutive days from 2024-01-01 with so many bars each."""
    first = date(2024, 1, 1)
    found = [first + timedelta(days=i) for i, n in enumerate(bars_of_day) for _ in range(n)]
    return pl.Series("session_date", found, dtype=pl.Date)


@pytest.mark.parametrize(
    ("splitter", "bars_of_day", "fold"),
    [
        (SingleSplit(), [1] * 10, (0, 7, 7, 10)),  # no embargo unless declared
        (SingleSplit(0.5), [1, 1], (0, 1, 1, 2)),  # one bar on each side
        (SingleSplit(0.5, 1), [1, 1, 1], (0, 1, 2, 3)),  # an embargo that leaves the last bar
        (SingleSplit(0.5), [1, 4, 1], (0, 1, 1, 6)),  # the session in which the cut falls is tested whole
        (SingleSplit(0.5), [3, 3], (0, 3, 3, 6)),  # a cut between two sessions
        (SingleSplit(0.5, 1), [2, 2, 2], (0, 2, 4, 6)),  # the embargo drops whole days
    ],
)
def test_sides_by_hand(splitter: SingleSplit, bars_of_day: list[int], fold: tuple[int, int, int, int]) -> None:
    assert splitter.folds(days(*bars_of_day)) == (Fold(0, *fold),)


@pytest.mark.parametrize(
    ("splitter", "bars_of_day"),
    [
        (SingleSplit(0.4), [1, 1]),  # no bar trains
        (SingleSplit(0.5), [4, 1]),  # the only session before the boundary is the boundary
        (SingleSplit(0.5, 1), [1, 1]),  # the embargo drops the last day
        (SingleSplit(0.5, 9), [1] * 4),
        (SingleSplit(), []),
        (SingleSplit(), [1]),
    ],
)
def test_a_side_without_a_bar_is_refused(splitter: SingleSplit, bars_of_day: list[int]) -> None:
    with pytest.raises(ConfigError, match="bars on both sides"):
        splitter.folds(days(*bars_of_day))
