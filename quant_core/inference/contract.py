"""The family contract of inference methods.

Put here: the abstract Inference.
Keep out: any particular method.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from quant_core.block import Block


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
