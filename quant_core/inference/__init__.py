"""What many looks at one data set do to the evidence: multiple-testing and overfitting corrections.

Put here: one file per method; the file name is its id, the class the id in CamelCase.
Keep out: single tests and intervals (estimators/).
"""

from quant_core.catalog import Catalog
from quant_core.inference.contract import Inference

INFERENCES: Catalog[Inference] = Catalog("inference method", __name__, list(__path__), Inference)
