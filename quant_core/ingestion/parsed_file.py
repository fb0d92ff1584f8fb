"""Parsed file: what reading one file gives.

Put here: the result value and its row conservation.
Keep out: how it is made (reading.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from quant_core.errors import DataContractError


@dataclass(frozen=True)
class ParsedFile:
    """Rows and refused rows of one file; every source row is in exactly one of the two.

    Attributes:
        rows: table ``raw_rows``, in source order.
        quarantine: table ``quarantine``.
        n_rows_in: rows in the file (blank lines, banner and header are no rows).
        resolved: the dialect as used: what was declared, found and assumed, and counts; JSON-able.
    """

    rows: pl.DataFrame
    quarantine: pl.DataFrame
    n_rows_in: int
    resolved: dict[str, Any]

    def __post_init__(self) -> None:
        if self.n_rows_in != self.rows.height + self.quarantine.height:
            raise DataContractError(
                f"Reading lost rows: expected {self.n_rows_in} in, found {self.rows.height} read + "
                f"{self.quarantine.height} quarantined. Report this file's dialect; nothing was stored."
            )
