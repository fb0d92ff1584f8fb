"""Simulated markets whose truth is known, to check that the pipeline's numbers are honest.

Put here: one file per world; the file name is its id, the class the id in CamelCase.
Keep out: sending worlds through the pipeline and counting its errors (calibration/).
"""

from quant_core.catalog import Catalog
from quant_core.worlds.contract import Plant, Truth, World

__all__ = ["WORLDS", "Plant", "Truth", "World"]

WORLDS: Catalog[World] = Catalog("world", __name__, list(__path__), World)
