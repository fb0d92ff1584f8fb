"""What a source is: it lists instruments, says cheaply whether something changed, and delivers rows.

Put here: the interface shared by sample, inbox and mysql.
Keep out: any particular source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import polars as pl

from quant_core.quality import QualityRules
from quant_core.timeframes import Timeframe


@dataclass(frozen=True)
class Instrument:
    """A symbol a source can deliver, with its native timeframe and the calendar it trades on.

    Attributes:
        allow_non_positive_prices: True where prices ≤ 0 are real (spreads, back-adjusted futures, CL 2020-04-20).
        quality: declared values of the quality checks.
    """

    symbol: str
    timeframe: Timeframe
    calendar: str
    source: str
    vendor_symbol: str = ""
    allow_non_positive_prices: bool = False
    quality: QualityRules = field(default_factory=QualityRules)

    @property
    def rules(self) -> QualityRules:
        """The quality rules of its bars, with the permission of the source."""
        allow = self.allow_non_positive_prices or self.quality.allow_non_positive_prices
        return self.quality.model_copy(update={"allow_non_positive_prices": allow})


@dataclass(frozen=True)
class Delivery:
    """A batch of rows of one instrument.

    Attributes:
        rows: table ``raw_rows``, one symbol and timeframe, in source order.
        quarantine: table ``quarantine``: rows of this batch that could not be read.
        n_rows_in: rows read from the source for this batch: ``rows.height + quarantine.height``.
        origin: file name or table.
        origin_hash: SHA-256 of the file, or of the query's identity; equal hash = already delivered.
        watermark: JSON-able position after this batch (file hashes, last ts, last key), for the next call.
        details: what people want to see: detected dialect, notes.
        is_snapshot: the batch holds everything the source has of a span of time, as a file does.
        span: that span, UTC bar opens, from the first inclusive to the second exclusive; None = from the first to the
            last bar of the batch.
    """

    rows: pl.DataFrame
    quarantine: pl.DataFrame
    n_rows_in: int
    origin: str
    origin_hash: str
    fetched_at: datetime
    watermark: dict[str, Any]
    details: dict[str, Any] = field(default_factory=dict[str, Any])
    is_snapshot: bool = False
    span: tuple[datetime, datetime] | None = None


class Source(Protocol):
    """A place bars come from."""

    @property
    def name(self) -> str:
        """Key of the source in sources.yaml."""
        ...

    def instruments(self) -> list[Instrument]:
        """Everything the source can deliver now, in a stable order."""
        ...

    def fingerprint(self, instrument: Instrument) -> str:
        """A cheap token that changes when the instrument has new or changed rows."""
        ...

    def deliveries(self, instrument: Instrument, watermark: dict[str, Any] | None) -> Iterator[Delivery]:
        """New rows since a watermark (None = everything), in bounded batches.

        Raises:
            SourceError: the source could not be reached; earlier batches stay valid.
            RefusedInputError: an input cannot be understood, with the config line that would fix it.
        """
        ...


@runtime_checkable
class WaitingSource(Protocol):
    """A source that may have no time to look at everything it has."""

    def n_waiting(self) -> int:
        """Inputs that were not looked at yet."""
        ...


@runtime_checkable
class RefusingSource(Protocol):
    """A source that meets inputs it cannot understand and goes on with the others."""

    def refused(self) -> dict[str, str]:
        """Input → why it was refused and the config line that would fix it; the others are delivered."""
        ...
