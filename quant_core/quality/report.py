"""The quality report: what every check found, and that no row was lost.

Put here: the report value.
Keep out: finding (checks/) and cleaning (cleaning.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.errors import DataContractError


@dataclass(frozen=True)
class QualityReport:
    """Counts of one partition. Rows in = kept + dropped + quarantined + unreadable, checked when built.

    Attributes:
        table: table ``quality``: one row per check.
        n_rows_in: rows before reading and cleaning refused any.
        n_kept: bars.
        n_dropped: rows dropped on purpose (exact repeats, the unfinished bar).
        n_quarantined: rows refused with a reason by a check.
        n_unreadable: rows refused with a reason while reading.
    """

    table: pl.DataFrame
    n_rows_in: int
    n_kept: int
    n_dropped: int
    n_quarantined: int
    n_unreadable: int = 0

    def __post_init__(self) -> None:
        if self.n_rows_in != self.n_kept + self.n_dropped + self.n_quarantined + self.n_unreadable:
            raise DataContractError(
                f"Cleaning lost rows: expected {self.n_rows_in} in, found {self.n_kept} kept + {self.n_dropped} "
                f"dropped + {self.n_quarantined} quarantined + {self.n_unreadable} unreadable. Nothing was stored; "
                "report the partition."
            )

    @property
    def counts(self) -> dict[str, int]:
        """Check (or part) → rows found."""
        return dict(self.table.select("check", "n_rows").iter_rows())

    def count(self, check: str) -> int:
        """Rows that one check found."""
        return self.counts[check]
