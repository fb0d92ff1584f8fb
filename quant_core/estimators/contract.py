"""The family contract of estimators.

Put here: the abstract Estimator, the sample it reads and the estimate it returns; the roles that an engine's settings
choose an estimator for.
Keep out: any particular estimator; sums over time blocks (counting/block_moments.py).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant_core.block import Block, Fraction, Window
from quant_core.counting.block_moments import BlockMoments, Counts, Floats, block_bars, moments_of_blocks
from quant_core.errors import DataContractError

Estimand = Literal["rate", "mean", "median_time", "none"]


class Estimate(NamedTuple):
    """A value with its interval; nan where undefined, and for the bounds of an estimator without interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Sample:
    """The outcomes of one cell in time order, and of all bars of the split they came from.

    Attributes:
        values: (n,); 0/1, a number, or a duration in bars.
        positions: (n,); bar index inside the split, increasing; the outcome window is positions + 1 … + horizon.
        horizon: bars ahead the outcome depends on, ≥ 1.
        all_values: (N,); outcomes of all bars of the split; equal to ``values`` where not given.
        all_positions: (N,); their bar indices.
        observed: (n,); False where a duration is censored; all True where not given.
    """

    values: Floats
    positions: NDArray[np.int64]
    horizon: int
    all_values: Floats
    all_positions: NDArray[np.int64]
    observed: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        values: ArrayLike,
        *,
        positions: Sequence[int] | NDArray[np.int64] | None = None,
        horizon: int = 1,
        all_values: ArrayLike | None = None,
        observed: ArrayLike | None = None,
    ) -> Sample:
        """Build a sample; positions default to 0 … n − 1, ``all_values`` (one per bar) to ``values``."""
        y = np.asarray(values, dtype=np.float64)
        at = np.arange(len(y), dtype=np.int64) if positions is None else np.asarray(positions, dtype=np.int64)
        if len(at) != len(y) or np.any(np.diff(at) <= 0):
            raise DataContractError("A sample needs one increasing position per value.")
        every = y if all_values is None else np.asarray(all_values, dtype=np.float64)
        where = at if all_values is None else np.arange(len(every), dtype=np.int64)
        seen = np.ones(len(y), dtype=np.bool_) if observed is None else np.asarray(observed, dtype=np.bool_)
        return cls(y, at, horizon, every, where, seen)

    def moments(self) -> BlockMoments:
        """Sums over time blocks, arrays of shape (1,): so an estimator's arithmetic on cells serves one sample too."""
        size = block_bars(self.horizon)
        last = max(
            int(self.all_positions[-1]) if len(self.all_positions) else 0,
            int(self.positions[-1]) if len(self.positions) else 0,
        )

        def per_block(positions: Counts, weights: Floats | None = None) -> Counts:
            return np.bincount(positions // size, weights=weights, minlength=last // size + 1)

        gaps = np.minimum(np.diff(self.positions), self.horizon)
        covered = int(gaps.sum()) + (self.horizon if len(self.positions) else 0)
        return moments_of_blocks(
            per_block(self.positions)[:, None],
            per_block(self.positions, self.values)[:, None],
            per_block(self.all_positions),
            per_block(self.all_positions, self.all_values),
            covered=np.array([covered]),
            squares=np.array([float(np.sum(self.values**2))]),
        )


@dataclass(frozen=True)
class Estimator(Block):
    """A function from a sample to a value and, where ``estimand`` is not ``none``, an interval for it.

    Contract, proved for every block: an empty sample gives nan, not an error; equal samples give bit-equal
    estimates; low ≤ value ≤ high; the interval covers the true value at its confidence on simulated samples,
    overlapping outcomes included. Every estimator also has a vectorized method over many cells, named for what
    it computes; ``estimate`` is the same arithmetic on one sample.
    """

    @property
    @abstractmethod
    def estimand(self) -> Estimand:
        """What the interval covers."""

    @abstractmethod
    def estimate(self, sample: Sample) -> Estimate:
        """The value and its interval."""


@dataclass(frozen=True)
class RateInterval(Estimator):
    """A role: the interval of a rate from the rate and the number of independent observations.

    Attributes:
        confidence: coverage of the interval, fraction in (0, 1).
    """

    confidence: Fraction = 0.95

    @property
    def estimand(self) -> Estimand:
        return "rate"

    @abstractmethod
    def interval(self, p_hat: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
        """Bounds for many cells at once; n may be fractional (an effective sample size)."""


@dataclass(frozen=True)
class RatePosterior(RateInterval):
    """A role: what a prior and the observations say of a rate together."""

    @abstractmethod
    def mean(self, p_hat: ArrayLike, n: ArrayLike) -> Floats:
        """Posterior mean of many cells."""

    @abstractmethod
    def mode(self, p_hat: ArrayLike, n: ArrayLike) -> Floats:
        """Maximum a posteriori rate of many cells."""


@dataclass(frozen=True)
class BaselineTest(Estimator):
    """A role: the two-sided test of a cell's mean against the baseline of its split.

    Attributes:
        min_blocks: cells with events in fewer time blocks have no test.
    """

    min_blocks: Window = 10

    @property
    def estimand(self) -> Estimand:
        return "none"

    @abstractmethod
    def p_value(self, m: BlockMoments, n_eff: Floats | None = None) -> Floats:
        """Two-sided p-values of many cells; nan where there is no test.

        ``n_eff``: effective sample sizes where outcomes are 0 or 1; not given where they are numbers.
        """

    @abstractmethod
    def degrees(self, m: BlockMoments) -> Floats:
        """Degrees of freedom of many cells; nan where there is no test for want of blocks."""
