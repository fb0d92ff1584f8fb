"""The calendar bins of seasonality: which hour, weekday, session or turn of month a bar belongs to.

Put here: one file per dimension; the file name is its id, the class the id in CamelCase.
Keep out: what is measured in a bin (profile_metrics/) and lists of blocks: the catalog finds the files.
"""

from quant_core.catalog import Catalog
from quant_core.dimensions.contract import Dimension

DIMENSIONS: Catalog[Dimension] = Catalog("dimension", __name__, list(__path__), Dimension)
