"""The family contract of quality checks.

Put here: the abstract QualityCheck and the values it exchanges with ``clean``.
Keep out: any particular check.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Block
from quant_core.calendars import Calendar
from quant_core.quality.rules import QualityRules
from quant_core.timeframes import Timeframe

Phase = Literal["source", "row", "set", "series"]
Severity = Literal["dropped", "quarantined", "flagged"]


@dataclass(frozen=True)
class CheckedRows:
    """What a check sees.

    Attributes:
        frame: table ``raw_rows`` of one symbol and timeframe with ``ts_close`` and ``session_date``. Phase
            ``source`` and ``row``: all rows in source order; ``set``: the rows no earlier check removed, in source
            order; ``series``: the kept rows in order of ts.
        now: the moment of the snapshot, UTC.
    """

    frame: pl.DataFrame
    symbol: str
    timeframe: Timeframe
    calendar: Calendar
    now: datetime
    rules: QualityRules

    def mask(self, expression: pl.Expr) -> pl.Series:
        """Evaluate a Boolean expression per row; null counts as not found."""
        return self.frame.select(expression.fill_null(value=False).alias("found")).to_series()

    def bars(self) -> Bars:
        """The rows as Bars (phase ``series`` only)."""
        columns = ("ts", "ts_close", "open", "high", "low", "close", "volume", "session_date")
        return Bars(self.frame.select(columns), self.symbol, self.timeframe, self.calendar)


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        mask: True for the rows found, one per row of the frame.
        parts: masks of the check's parts, which may overlap.
        n_rows: count to report where it is not the number of marked rows (missing bars).
        n_of: what ``n_rows`` is a share of, where it is not the rows that came in (expected bars).
        example: text to show instead of the first rows found.
    """

    mask: pl.Series
    parts: dict[str, pl.Series] = field(default_factory=dict[str, pl.Series])
    n_rows: int | None = None
    n_of: int | None = None
    example: str | None = None


@dataclass(frozen=True)
class QualityCheck(Block):
    """A rule over raw rows.

    Contract, proved for every block: the mask has one Boolean per row; nothing else is changed; clean rows give
    an empty finding.
    """

    @property
    @abstractmethod
    def phase(self) -> Phase:
        """Which rows the check judges: see CheckedRows."""

    @property
    def priority(self) -> int:
        """Checks of one phase give a row their reason in this order; smaller first."""
        return 50

    @abstractmethod
    def severity(self, rules: QualityRules) -> Severity:
        """What happens to the rows found."""

    @property
    @abstractmethod
    def explanation(self) -> str:
        """What the check means, in one or two sentences for people."""

    @abstractmethod
    def find(self, rows: CheckedRows) -> Finding:
        """The rows that break the rule."""


def example_rows(**columns: list[object]) -> pl.DataFrame:
    """Raw rows for examples: hourly from 2024-01-01 unless ``ts`` is given, OHLC = 1 unless given.

    >>> example_rows(close=[1.0, 2.0]).select("origin_row", "open", "close").rows()
    [(1, 1.0, 1.0), (2, 1.0, 2.0)]
    """
    n = max(len(v) for v in columns.values())
    start = datetime.fromisoformat("2024-01-01T00:00:00+00:00")
    hours = pl.datetime_range(start, start.replace(year=2030), "1h", eager=True, time_unit="us").head(n)
    base: dict[str, object] = {"symbol": "X", "timeframe": "H1", "vendor_symbol": "X", "origin": "x.csv"}
    values: dict[str, object] = {
        "ts": hours,
        "volume": [1.0] * n,
        **{p: [1.0] * n for p in ("open", "high", "low", "close")},
    }
    prices = {"open": pl.Float64, "high": pl.Float64, "low": pl.Float64, "close": pl.Float64, "volume": pl.Float64}
    frame = pl.DataFrame({**values, **columns}, schema_overrides={**prices, "ts": pl.Datetime("us", "UTC")})
    literals = [pl.lit(v).alias(k) for k, v in base.items()]
    return frame.with_columns(
        *literals, pl.int_range(1, n + 1).alias("origin_row"), raw_text=pl.lit(None, dtype=pl.String)
    )
