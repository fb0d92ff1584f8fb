"""The family contract of inference methods.

Put here: the abstract Inference, and the roles that an engine's settings choose a method for.
Keep out: any particular method.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant_core.block import Block, Fraction


@dataclass(frozen=True)
class Inference(Block):
    """A method that decides over many results at once, at a stated error rate.

    Contract, proved for every block by simulation: in worlds without any effect it errs at most at its nominal rate.
    """

    @property
    @abstractmethod
    def nominal(self) -> float:
        """The error rate the method promises, fraction."""

    @abstractmethod
    def errs_in_null_world(self, rng: np.random.Generator) -> bool:
        """Draw one world without any effect, apply the method, and say whether it claims one."""


@dataclass(frozen=True)
class RateControl(Inference):
    """What every role here shares: the rate of false discoveries that it controls.

    Attributes:
        rate: the error rate that it controls, fraction in (0, 1).
    """

    rate: Fraction = 0.05

    @property
    def nominal(self) -> float:
        """The rate: with no effect anywhere, every discovery is false, so any discovery errs."""
        return self.rate


@dataclass(frozen=True)
class Correction(RateControl):
    """A role: the correction of a family of p-values."""

    @abstractmethod
    def adjust(self, p_values: ArrayLike, covariate: ArrayLike | None = None) -> NDArray[np.float64]:
        """The q-value of every test, in the order given; nan p-values are outside the family.

        Args:
            p_values: one per test.
            covariate: effective number of observations behind each test, known before its outcome; methods that treat
                all tests alike ignore it.
        """

    @abstractmethod
    def first_step(self, n_tests: int) -> float:
        """The level of one test where it would be the only discovery among ``n_tests`` ≥ 1.

        Known before any outcome is, so a promise of power can be made at it.
        """

    def first_steps(self, covariate: ArrayLike) -> NDArray[np.float64]:
        """The same for each test of a family with these covariates (see ``adjust``): its level where it stands alone.

        Without weights it is one level for all.
        """
        n_tests = len(np.asarray(covariate))
        return np.full(n_tests, self.first_step(n_tests) if n_tests else np.nan)


@dataclass(frozen=True)
class UniverseCorrection(RateControl):
    """A role: the correction for claims over all families together, beside the claims of each family alone."""

    @abstractmethod
    def adjust(self, p_values: ArrayLike, families: ArrayLike) -> NDArray[np.float64]:
        """The q-value of every test over the universe, in the order given; nan p-values are outside.

        Args:
            p_values: one per test.
            families: what family each test belongs to: any labels that can be compared.
        """

    def errs_in_null_world(self, rng: np.random.Generator) -> bool:
        """Claim something among uniform p-values of ten families of unequal size?"""
        families = np.repeat(np.arange(10), np.arange(2, 40, 4))
        return bool(np.any(self.adjust(rng.uniform(size=len(families)), families) <= self.rate))
