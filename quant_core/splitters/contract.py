"""The family contract of splitters.

Put here: the fold and the abstract Splitter.
Keep out: any particular splitter.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import polars as pl

from quant_core.block import Block


@dataclass(frozen=True)
class Fold:
    """One training and one test stretch of a timeline, as half-open ranges of bar positions.

    Purge: a decision at bar t has an outcome at t + 1 … t + horizon. ``train_rows`` and ``test_rows`` leave out the
    decisions whose outcome ends outside the stretch, so no training outcome reaches the embargo or the test bars.

    >>> fold = Fold(index=0, train_start=0, train_stop=10, test_start=12, test_stop=20)
    >>> fold.train_rows(horizon=3), fold.test_rows(horizon=3), fold.test_rows(horizon=50)
    ((0, 7), (12, 17), (12, 12))
    """

    index: int
    train_start: int
    train_stop: int
    test_start: int
    test_stop: int

    def train_rows(self, horizon: int) -> tuple[int, int]:
        """Range of training decisions whose outcome is complete inside the training bars."""
        return self.train_start, max(self.train_stop - horizon, self.train_start)

    def test_rows(self, horizon: int) -> tuple[int, int]:
        """Range of test decisions whose outcome is complete inside the test bars."""
        return self.test_start, max(self.test_stop - horizon, self.test_start)


@dataclass(frozen=True)
class Splitter(Block):
    """A rule that cuts a timeline into folds.

    Contract, proved for every block: train bars end before test bars start, by the embargo at least; test stretches
    are disjoint and in order, with a gap only where a hole in the data leaves nothing to train on; purged rows never
    see a test bar; fold indices are 0, 1, 2, and so on.
    """

    @abstractmethod
    def folds(self, session_dates: pl.Series) -> tuple[Fold, ...]:
        """Cut a timeline, given the trading session of every bar (Date, not decreasing).

        Raises:
            ConfigError: the timeline is too short for a single fold.
        """
