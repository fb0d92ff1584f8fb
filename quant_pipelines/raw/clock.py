"""The clock of deliveries: what it judges, and what is done where it was wrong.

Put here: refusing a clock that is behind, and bars that lay ahead of it when they were fetched.
Keep out: reading the clock (resources.py) and which bars are complete (quant_core.bars.history).

A bar that had not begun when it was fetched is no bar: the source is wrong about it, or the clock was. Which of the two
is known once the clock has passed it: then the source is asked for everything again, and what it still says counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
from pydantic import BaseModel, ConfigDict

from quant_core.errors import ClockError

SLACK = timedelta(minutes=5)
"""How much the clocks of the machines that work on one lake may differ."""
ASKED_AGAIN_EVERY = timedelta(days=1)
"""A source that always has bars of the future is not read from its start at every tick."""


@dataclass(frozen=True)
class Clock:
    """What time it is.

    Attributes:
        now: UTC.
        is_trusted: somebody says that it is right although it is behind the last delivery.
    """

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    is_trusted: bool = False


class Ahead(BaseModel):
    """Bars of a source that had not begun when they were fetched.

    Attributes:
        first, last: the opens of the first and the last one, UTC.
        asked_at: when the source was asked last for all of them, by the clock of that time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: datetime
    last: datetime
    asked_at: datetime

    def is_due(self, now: datetime) -> bool:
        """Whether the source is to be asked again: the clock has passed the first bar, and all of them or a day.

        >>> hour = timedelta(hours=1)
        >>> at = datetime(2024, 1, 1, tzinfo=UTC)
        >>> ahead = Ahead(first=at + hour, last=at + 1_000 * hour, asked_at=at)
        >>> [ahead.is_due(at + n * hour) for n in (0, 2, 24)]
        [False, False, True]
        """
        return now >= self.first and (now >= self.last or now - self.asked_at >= ASKED_AGAIN_EVERY)


def with_ahead(known: Ahead | None, rows: pl.DataFrame, fetched_at: datetime) -> Ahead | None:
    """What is known to lie ahead of the clock after a delivery.

    Args:
        known: before it.
        rows: table ``raw_rows``.
        fetched_at: UTC.
    """
    later = rows.filter(pl.col("ts") > fetched_at)
    first, last = later.select(first=pl.col("ts").min(), last=pl.col("ts").max()).row(0)
    if first is None or (known is not None and known.first <= first and last <= known.last):
        return known
    if known is not None:
        first, last = min(first, known.first), max(last, known.last)
    return Ahead(first=first, last=last, asked_at=fetched_at)


def refuse_clock_behind(clock: Clock, fetched_at: datetime, last: datetime | None, what: str) -> None:
    """Refuse a delivery that was fetched before the last one: what is complete would be judged by a wrong clock.

    Args:
        clock: whether it is trusted.
        fetched_at: of the delivery, UTC.
        last: of the last delivery, UTC.
        what: the series, for the error.

    Raises:
        ClockError: the clock is behind.
    """
    if last is None or clock.is_trusted or fetched_at >= last - SLACK:
        return
    raise ClockError(
        f"The clock is behind: expected a time after {last:%Y-%m-%d %H:%M} UTC, when rows of {what} were last fetched, "
        f"found {fetched_at:%Y-%m-%d %H:%M} UTC. Correct the clock of this machine, or unset QUANT_NOW. If it is right "
        "now and was ahead then, run once with QUANT_TRUST_CLOCK=yes."
    )
