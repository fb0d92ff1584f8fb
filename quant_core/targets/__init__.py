"""What came after a bar: the only family that looks ahead.

Put here: one file per target; the file name is its id, the class the id in CamelCase.
Keep out: the family contract (``contract.py``), shared machinery and lists of blocks: the catalog finds the files.
"""

from quant_core.catalog import Catalog
from quant_core.targets.contract import Target

TARGETS: Catalog[Target] = Catalog("target", __name__, list(__path__), Target)
