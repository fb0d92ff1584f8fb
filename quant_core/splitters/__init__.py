"""Timelines cut into folds of training and test bars.

Put here: one file per splitter; the file name is its id, the class the id in CamelCase.
Keep out: what is learned and tested on the folds (market_stats/ and the other engines).
"""

from quant_core.catalog import Catalog
from quant_core.splitters.contract import Fold, Splitter

__all__ = ["SPLITTERS", "Fold", "Splitter"]

SPLITTERS: Catalog[Splitter] = Catalog("splitter", __name__, list(__path__), Splitter)
