"""One month against the rest.

Put here: the dimension ``is_month``.
Keep out: all months at once (month.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import polars as pl
from pydantic import Field

from quant_core.dimensions.contract import FLAG_BINS, Cycle, DayDimension

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip


@dataclass(frozen=True)
class IsMonth(DayDimension):
    """1 when the bar's date lies in the month; ``is_january`` … ``is_december`` are its aliases.

    Attributes:
        zone: ``session`` (the default), ``utc`` or an IANA zone: whose date.
        month: 1 = January to 12 = December.

    Look-ahead: none. Missing: none, every bar has a bin.
    Source: ours; the source system's definition, with a zone.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> bars = Bars.of(close=[1.0, 1.0], start=datetime(2024, 1, 31, 23, tzinfo=UTC))
    >>> IsMonth(month=2).labels(bars).to_list()
    ['0', '1']
    """

    month: Annotated[int, Field(ge=1, le=12)] = 1
    aliases = tuple((f"is_{name}", f"is_month(month={i})") for i, name in enumerate(MONTHS, start=1))

    @property
    def bins(self) -> tuple[str, ...]:
        return FLAG_BINS

    @property
    def cycle(self) -> Cycle:
        return "year"

    def code_of(self, day: pl.Expr) -> pl.Expr:
        return day.dt.month() == self.month
