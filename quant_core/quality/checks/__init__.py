"""Quality checks over the raw rows of one symbol at one timeframe.

Put here: one file per check; the file name is its id, the class the id in CamelCase.
Keep out: the family contract (``contract.py``), shared machinery and lists of blocks: the catalog finds the files.
"""

from quant_core.catalog import Catalog
from quant_core.quality.checks.contract import QualityCheck

QUALITY_CHECKS: Catalog[QualityCheck] = Catalog("quality check", __name__, list(__path__), QualityCheck)
