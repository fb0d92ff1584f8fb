"""Causal numeric series computed from bars.

Put here: one file per feature; the file name is its id, the class the id in CamelCase.
Keep out: the family contract (``contract.py``), shared machinery and lists of blocks: the catalog finds the files.
"""

from quant_core.catalog import Catalog
from quant_core.features._feature_table import compute_features
from quant_core.features.contract import Feature

__all__ = ["FEATURES", "Feature", "compute_features"]

FEATURES: Catalog[Feature] = Catalog("feature", __name__, list(__path__), Feature)
