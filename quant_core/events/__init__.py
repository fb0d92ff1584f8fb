"""Bars at which something happened, known at the bar's close.

Put here: one file per event; the file name is its id, the class the id in CamelCase.
Keep out: shared machinery (``_base.py``) and lists of blocks: the catalog finds the files.
"""

from quant_core.catalog import Catalog
from quant_core.events._base import Event

EVENTS: Catalog[Event] = Catalog("event", __name__, list(__path__), Event)
