"""Numbers made of samples, with their uncertainty: rates, means, survival times.

Put here: one file per estimator; the file name is its id, the class the id in CamelCase.
Keep out: multiple-testing corrections (inference/) and the engine that applies them to cells (market_stats/).
"""

from quant_core.catalog import Catalog
from quant_core.estimators.contract import Estimate, Estimator, Sample

__all__ = ["ESTIMATORS", "Estimate", "Estimator", "Sample"]

ESTIMATORS: Catalog[Estimator] = Catalog("estimator", __name__, list(__path__), Estimator)
