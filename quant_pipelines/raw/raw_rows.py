"""Raw rows: what is read of the stored rows of one version, ready to be cleaned.

Put here: which stored row is a bar, and what becomes of the others.
Keep out: reading files (part_files.py), the form of set-aside rows (set_aside_rows.py), cleaning (quant_core.quality).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from quant_core.bars.history import last_by_bar
from quant_pipelines.raw.part_files import QUARANTINE, RAW
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.set_aside_rows import as_quarantine


@dataclass(frozen=True)
class RawRows:
    """The rows of one version, ready to be cleaned.

    Attributes:
        rows: table ``raw_rows``; for each ts the rows of the last part that has it.
        quarantine: table ``quarantine``: rows that could not be read, bars that never got complete or were withdrawn.
        now: when the last part left its source; what is unfinished or in the future is judged by it.
        n_never_completed: bars fetched unfinished that no later delivery completed; they are in ``quarantine``.
        n_withdrawn: bars among ``rows`` that the latest delivery of their range leaves out.
    """

    rows: pl.DataFrame
    quarantine: pl.DataFrame
    now: datetime
    n_never_completed: int
    n_withdrawn: int = 0


def raw_rows_of(manifest: Manifest, stored: pl.DataFrame, refused: pl.DataFrame, version: int | None) -> RawRows:
    """The rows of a version.

    Args:
        manifest: names the parts; it has a delivery.
        stored: every row that was stored, in order, with the marks of part_files.py.
        refused: every row that could not be read, with the same marks.
        version: which one; None for the current one.
    """
    if version is not None:
        stored, refused = (frame.filter(pl.col("raw_version") <= version) for frame in (stored, refused))
    # A bar of the last part that was delivered as bars may still be completed; those of earlier ones were not.
    last = stored.filter(~pl.col("is_withdrawn"))["part_number"].max()
    is_never = pl.col("is_unfinished") & (pl.col("part_number") < pl.lit(last))
    current = last_by_bar(stored, "part_number").with_columns(is_never=is_never.fill_null(value=False))
    gone, bars = current.filter("is_withdrawn"), current.filter(~pl.col("is_withdrawn"))
    never = bars.filter("is_never")
    set_aside = [as_quarantine(never, "never_completed"), as_quarantine(gone, "withdrawn")]
    return RawRows(
        rows=bars.filter(~pl.col("is_never")).select(RAW.schema.keys()),
        quarantine=pl.concat([refused.select(QUARANTINE.schema.keys()), *set_aside]),
        now=manifest.judged_at or manifest.latest.fetched_at,
        n_never_completed=never.height,
        n_withdrawn=manifest.n_withdrawn_kept,
    )
