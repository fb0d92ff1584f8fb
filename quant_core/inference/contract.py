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
class Correction(Inference):
    """A role: the correction of a family of p-values.

    Attributes:
        rate: the error rate that it controls, fraction in (0, 1).
    """

    rate: Fraction = 0.05

    @property
    def nominal(self) -> float:
        """The rate: with no effect anywhere, every discovery is false, so any discovery errs."""
        return self.rate

    @abstractmethod
    def adjust(self, p_values: ArrayLike) -> NDArray[np.float64]:
        """The q-value of every test, in the order given; nan p-values are outside the family."""

    @abstractmethod
    def first_step(self, n_tests: int) -> float:
        """The level of one test where it would be the only discovery among ``n_tests`` ≥ 1.

        Known before any outcome is, so a promise of power can be made at it.
        """
