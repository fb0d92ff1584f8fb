"""Ingestion: the bytes of a file → raw rows, by a dialect that is declared, detected, or both.

Put here: one file per step; byte formats are blocks in ``readers/``.
Keep out: fetching bytes (quant_pipelines.sources) and judging bars (quant_core/quality).
"""

from quant_core.ingestion.dialect import Dialect, ShiftedZone, ZoneRule
from quant_core.ingestion.parsed_file import ParsedFile
from quant_core.ingestion.quote_files import merge_bid_ask
from quant_core.ingestion.readers import READERS
from quant_core.ingestion.reading import read_file

__all__ = ["READERS", "Dialect", "ParsedFile", "ShiftedZone", "ZoneRule", "merge_bid_ask", "read_file"]
