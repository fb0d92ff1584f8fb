"""Business hours of the trading cities.

Put here: the dimension ``city_session``.
Keep out: sessions cut by the hours of one clock (session.py, session_block.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.dimensions.contract import Dimension, clock_of


@dataclass(frozen=True)
class CitySession(Dimension):
    """The city that is open, each on its own clock: Tokyo, London, New York, or London and New York together.

    ``london`` is 08:00–17:00 in London, ``new_york`` 08:00–17:00 in New York, ``london_new_york`` where both are open,
    ``asia`` 09:00–18:00 in Tokyo where neither is, ``off`` the rest. Daylight saving of each place is followed.

    Look-ahead: none. Missing: null for bars of a session or longer, which have no time of day.
    Source: none, ours.

    Example, by hand: on 1 July London opens at 07:00 UTC and New York at 12:00 UTC, on 1 January an hour later.

    >>> from datetime import UTC, datetime
    >>> july = Bars.of(close=[1, 2], start=datetime(2024, 7, 1, 11, tzinfo=UTC))
    >>> january = Bars.of(close=[1, 2], start=datetime(2024, 1, 1, 11, tzinfo=UTC))
    >>> CitySession().labels(july).to_list(), CitySession().labels(january).to_list()
    (['london', 'london_new_york'], ['london', 'london'])
    """

    @property
    def bins(self) -> tuple[str, ...]:
        return ("asia", "london", "london_new_york", "new_york", "off")

    def codes(self, bars: Bars) -> pl.Series:
        if not bars.timeframe.is_intraday:
            return self._none(bars)

        def opens(zone: str, first: int, last: int) -> pl.Expr:
            return clock_of(bars, zone).dt.hour().is_between(first, last)

        london, new_york = opens("Europe/London", 8, 16), opens("America/New_York", 8, 16)
        tokyo = opens("Asia/Tokyo", 9, 17)
        code = pl.when(london & new_york).then(2).when(london).then(1).when(new_york).then(3).when(tokyo).then(0)
        return self._codes(bars, code.otherwise(4))
