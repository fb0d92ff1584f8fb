"""Bars at which something happened, known at the bar's close.

Put here: one file per event; the file name is its id, the class the id in CamelCase.
Keep out: the family contract (``contract.py``), shared machinery and lists of blocks: the catalog finds the files.
"""

from quant_core.catalog import Catalog
from quant_core.events.contract import Event

EVENTS: Catalog[Event] = Catalog("event", __name__, list(__path__), Event)
