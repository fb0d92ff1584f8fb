"""Delivery check: what a source must hold to before anything of it is stored.

Put here: the refusal of deliveries that break the contract of sources.
Keep out: storing (raw_store.py) and judging rows (quant_core.quality).
"""

from __future__ import annotations

import polars as pl

from quant_core.errors import SourceError
from quant_core.tables import TABLES
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.sources.contract import Delivery


def check_delivery(delivery: Delivery, source: str, key: PartitionKey) -> None:
    """Hold a source to its contract before anything is stored.

    Raises:
        DataContractError: rows that do not fit the table ``raw_rows``.
        SourceError: counts that do not add up, or rows of another symbol or timeframe.
    """
    TABLES["raw_rows"].validate(delivery.rows, where=f"{delivery.origin} from source {source}")
    n_rows = delivery.rows.height + delivery.quarantine.height
    foreign = delivery.rows.filter((pl.col("symbol") != key.symbol) | (pl.col("timeframe") != key.timeframe)).height
    if n_rows != delivery.n_rows_in or foreign:
        raise SourceError(
            f"Source {source} broke its contract in {delivery.origin}: expected {delivery.n_rows_in} rows of {key}, "
            f"found {n_rows} rows kept and quarantined, {foreign} of another symbol or timeframe. "
            "Nothing was stored of it; report it with the file."
        )
