"""Trading session in which a bar opens.

Put here: the condition ``session``.
Keep out: the hours of the sessions (features/session_label.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.conditions.contract import Condition
from quant_core.features.session_label import SESSION_LABELS, Scheme, SessionLabel


@dataclass(frozen=True)
class Session(Condition):
    """The name of the session in which the bar opens.

    Attributes:
        scheme: ``local_clocks`` (opening hours on each city's own clock), ``utc_hours`` or ``utc_blocks``
            (the source system's fixed UTC hours).

    Look-ahead: none. Missing: null for bars of a session or longer.
    Source: none, ours.

    Example, by hand: 11:00 UTC in July is noon in London and 07:00 in New York; an hour later both are open.

    >>> from datetime import UTC, datetime
    >>> Session().labels(Bars.of(close=[1, 2], start=datetime(2024, 7, 1, 11, tzinfo=UTC))).to_list()
    ['london', 'london_new_york']
    """

    scheme: Scheme = "local_clocks"

    @property
    def values(self) -> tuple[str, ...]:
        return SESSION_LABELS[self.scheme]

    def labels(self, bars: Bars) -> pl.Series:
        return SessionLabel(scheme=self.scheme).compute(bars).alias(self.canonical)
