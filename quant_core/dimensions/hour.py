"""Hour of day.

Put here: the dimension ``hour``.
Keep out: finer clocks (half_hour.py, minutes_from_session_open.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.dimensions.contract import ClockDimension


@dataclass(frozen=True)
class Hour(ClockDimension):
    """Hour of the bar's open on a named clock, 0 to 23.

    Attributes:
        zone: ``utc`` (the default), an IANA zone, or ``session`` for the clock of the session's market.

    Look-ahead: none. Missing: null for bars of a session or longer, which have no time of day.
    Source: ours; the source system's definition, with a zone.

    Example, by hand: 13:00 UTC is 9 in New York in July and 8 in January.

    >>> from datetime import UTC, datetime
    >>> from quant_core.bars import Bars
    >>> july = Bars.of(close=[1.0], start=datetime(2024, 7, 1, 13, tzinfo=UTC))
    >>> january = Bars.of(close=[1.0], start=datetime(2024, 1, 2, 13, tzinfo=UTC))
    >>> new_york = Hour(zone="America/New_York")
    >>> Hour().labels(july).to_list(), new_york.labels(july).to_list(), new_york.labels(january).to_list()
    (['13'], ['9'], ['8'])
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return tuple(str(h) for h in range(24))

    def code_of(self, clock: pl.Expr) -> pl.Expr:
        return clock.dt.hour()
