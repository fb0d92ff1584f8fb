"""Byte formats that can hold bars.

Put here: one file per format; the file name is its id, the class the id in CamelCase.
Keep out: shared machinery (files starting with an underscore) and lists of blocks: the catalog finds the files.
"""

from quant_core.catalog import Catalog
from quant_core.ingestion.readers.contract import Reader

READERS: Catalog[Reader] = Catalog("reader", __name__, list(__path__), Reader)
