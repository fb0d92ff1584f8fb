"""Categorical states of a bar, known at the bar's close.

Put here: one file per condition; the file name is its id, the class the id in CamelCase.
Keep out: the family contract (``contract.py``), shared machinery and lists of blocks: the catalog finds the files.
"""

from quant_core.catalog import Catalog
from quant_core.conditions.contract import Condition

CONDITIONS: Catalog[Condition] = Catalog("condition", __name__, list(__path__), Condition)
