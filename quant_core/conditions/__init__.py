"""Categorical states of a bar, known at the bar's close.

Put here: one file per condition; the file name is its id, the class the id in CamelCase.
Keep out: shared machinery (``_base.py``) and lists of blocks: the catalog finds the files.
"""

from quant_core.catalog import Catalog
from quant_core.conditions._base import Condition

CONDITIONS: Catalog[Condition] = Catalog("condition", __name__, list(__path__), Condition)
