"""Names of the trading sessions of the day.

Put here: the feature ``session_label`` and the schemes it knows.
Keep out: grouping by it (conditions/session.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.features._clock import local_open
from quant_core.features.contract import Feature

Scheme = Literal["local_clocks", "utc_hours", "utc_blocks"]

# Labels in display order.
SESSION_LABELS: dict[Scheme, tuple[str, ...]] = {
    "local_clocks": ("asia", "london", "london_new_york", "new_york", "off"),
    "utc_hours": ("Asia", "Europe", "EU_US_overlap", "US", "Other"),
    "utc_blocks": ("asia", "london", "newyork", "off"),
}


@dataclass(frozen=True)
class SessionLabel(Feature):
    """The name of the session in which the bar opens.

    local_clocks: ``london`` is 08:00–17:00 in London, ``new_york`` 08:00–17:00 in New York, ``london_new_york``
    where both are open, ``asia`` 09:00–18:00 in Tokyo where neither is, ``off`` the rest. Daylight saving of
    each place is followed.
    utc_hours: by UTC hour 0–6 ``Asia``, 7–11 ``Europe``, 12–15 ``EU_US_overlap``, 16–20 ``US``, 21–23 ``Other``.
    utc_blocks: by UTC hour ``asia`` 23–07, ``london`` 07–15, ``newyork`` 13–21, the later one where two
    overlap, ``off`` the rest.

    Attributes:
        scheme: one of the three.

    Look-ahead: none. Missing: null for bars of a session or longer.
    Source: the UTC schemes are those of the source system; local_clocks is ours.

    Example, by hand: on 1 July London opens at 07:00 UTC and New York at 12:00 UTC, on 1 January an hour later.

    >>> from datetime import UTC, datetime
    >>> july = Bars.of(close=[1, 2], start=datetime(2024, 7, 1, 11, tzinfo=UTC))
    >>> SessionLabel().compute(july).to_list()
    ['london', 'london_new_york']
    >>> january = Bars.of(close=[1, 2], start=datetime(2024, 1, 1, 11, tzinfo=UTC))
    >>> SessionLabel().compute(january).to_list(), SessionLabel(scheme="utc_hours").compute(january).to_list()
    (['london', 'london'], ['Europe', 'EU_US_overlap'])
    """

    scheme: Scheme = "local_clocks"

    @property
    def unit(self) -> str:
        return "label"

    def compute(self, bars: Bars) -> pl.Series:
        if not bars.timeframe.is_intraday:
            return pl.Series(self.canonical, [None] * len(bars), dtype=pl.String)
        if self.scheme == "local_clocks":
            label = _by_local_clocks(bars)
        else:
            hour = bars.frame["ts"].dt.hour()
            label = hour.replace_strict(_LABEL_BY_UTC_HOUR[self.scheme], return_dtype=pl.String)
        return label.alias(self.canonical)


def _by_local_clocks(bars: Bars) -> pl.Series:
    """Label by the opening hours of London, New York and Tokyo on their own clocks."""
    hours = pl.DataFrame(
        {
            "london": local_open(bars, "Europe/London").dt.hour().is_between(8, 16),
            "new_york": local_open(bars, "America/New_York").dt.hour().is_between(8, 16),
            "tokyo": local_open(bars, "Asia/Tokyo").dt.hour().is_between(9, 17),
        }
    )
    label = (
        pl.when(pl.col("london") & pl.col("new_york"))
        .then(pl.lit("london_new_york"))
        .when(pl.col("london"))
        .then(pl.lit("london"))
        .when(pl.col("new_york"))
        .then(pl.lit("new_york"))
        .when(pl.col("tokyo"))
        .then(pl.lit("asia"))
        .otherwise(pl.lit("off"))
    )
    return hours.select(label.alias("label")).to_series()


def _utc_block(hour: int) -> str:
    if 13 <= hour < 21:
        return "newyork"
    if 7 <= hour < 15:
        return "london"
    return "asia" if hour >= 23 or hour < 7 else "off"


_LABEL_BY_UTC_HOUR: dict[str, dict[int, str]] = {
    "utc_hours": {
        h: "Asia" if h < 7 else "Europe" if h < 12 else "EU_US_overlap" if h < 16 else "US" if h < 21 else "Other"
        for h in range(24)
    },
    "utc_blocks": {h: _utc_block(h) for h in range(24)},
}
