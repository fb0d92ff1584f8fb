"""Sessions that were called off at short notice are unknown before their date, in every block that has a calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from quant_core.bars import Bars
from quant_core.bars.resample import resample
from quant_core.block import Block
from quant_core.calendars import calendar_of
from quant_core.conditions import CONDITIONS
from quant_core.conditions.contract import Condition
from quant_core.dimensions import DIMENSIONS
from quant_core.dimensions.contract import Dimension
from quant_core.dimensions.holiday_eve import HolidayEve
from quant_core.dimensions.trading_day_of_month import TradingDayOfMonth
from quant_core.dimensions.turn_of_month import TurnOfMonth
from quant_core.events import EVENTS
from quant_core.events.contract import Event
from quant_core.features import FEATURES
from quant_core.features.contract import Feature
from quant_core.leak_audit.blocks import AuditedBlocks, audit_blocks
from quant_core.timeframes import Timeframe
from tests.contract.block_variants import suits, variants

XNYS = calendar_of("XNYS")
CALLED_OFF = [date(2001, 9, 11), date(2001, 9, 14), date(2004, 6, 11), date(2012, 10, 29), date(2018, 12, 5)]
BLOCKS: list[Block] = [
    *variants(FEATURES),
    *variants(EVENTS),
    *variants(CONDITIONS),
    *(d() for d in DIMENSIONS.values()),
]


def market(timeframe: Timeframe, around: date) -> Bars:
    """Bars of the three months around a date."""
    n = {Timeframe.D1: 70, Timeframe.H1: 420}[timeframe]
    start = datetime(around.year, around.month - 2, 1, tzinfo=UTC)
    close = 100 * np.exp(np.cumsum(np.random.default_rng(around.toordinal()).normal(0, 0.01, n)))
    opens = np.append(100.0, close[:-1])
    high, low = np.maximum(opens, close) * 1.001, np.minimum(opens, close) * 0.999
    return Bars.of(
        open=opens,
        high=high,
        low=low,
        close=close,
        volume=np.ones(n),
        start=start,
        timeframe=timeframe,
        calendar="XNYS",
    )


def said(block: Block, bars: Bars) -> pl.Series:
    match block:
        case Feature():
            return block.compute(bars)
        case Event():
            return block.mask(bars)
        case Condition():
            return block.fit(bars.head(25)).labels(bars)
        case Dimension():
            return block.codes(bars)
    raise TypeError(block)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
@pytest.mark.parametrize("timeframe", [Timeframe.D1, Timeframe.H1], ids=str)
def test_a_closure_changes_nothing_before_its_date(block: Block, timeframe: Timeframe) -> None:
    for day in CALLED_OFF:
        bars = market(timeframe, day)
        if not suits(block, bars):
            continue
        before = bars.with_frame(bars.frame.filter(pl.col("session_date") < day))
        assert len(before) > 30
        foreseen = replace(before, calendar=XNYS.foreseen_after(before.frame["session_date"].max()))
        assert_series_equal(said(block, foreseen), said(block, before), check_exact=True)
        assert_series_equal(said(block, bars).head(len(before)), said(block, before), check_exact=True)


@pytest.mark.parametrize("day", CALLED_OFF, ids=str)
@pytest.mark.parametrize("timeframe", [Timeframe.D1, Timeframe.W1], ids=str)
def test_a_closure_completes_no_coarser_bar_before_its_date(timeframe: Timeframe, day: date) -> None:
    bars = market(Timeframe.H1, day)
    before = bars.with_frame(bars.frame.filter(pl.col("session_date") < day))
    foreseen = replace(before, calendar=XNYS.foreseen_after(before.frame["session_date"].max()))
    assert_frame_equal(resample(foreseen, timeframe).bars.frame, resample(before, timeframe).bars.frame)


def test_what_was_known_of_september_2001() -> None:
    bars = market(Timeframe.D1, date(2001, 9, 11))
    days = bars.frame["session_date"].to_list()
    monday = days.index(date(2001, 9, 10))
    assert days[monday + 1] == date(2001, 9, 17)
    # Nobody knew on Monday that the market would stay closed, nor that its week was over.
    assert HolidayEve().labels(bars)[monday] == "0"
    assert XNYS.bar_close(bars.frame["ts"][monday : monday + 1], Timeframe.W1)[0] == datetime(
        2001, 9, 14, 20, tzinfo=UTC
    )
    # Labor Day was known: Friday 31 August is its eve and the last session of the month.
    friday = days.index(date(2001, 8, 31))
    assert HolidayEve().labels(bars)[friday] == "1"
    assert TurnOfMonth().labels(bars)[friday] == "turn"
    # 17 September is the sixth session that took place; on the tenth, fifteen more were to come.
    place = TradingDayOfMonth(k=11).labels(bars)
    assert (place[monday], place[monday + 1]) == ("5", "6")


def test_a_calendar_without_surprises_is_itself() -> None:
    assert XNYS.foreseen_after(date(2030, 1, 1)) is XNYS
    assert calendar_of("fx_24_5").foreseen_after(date(2000, 1, 1)) is calendar_of("fx_24_5")
    planned = XNYS.planned_sessions(date(2001, 1, 1), date(2001, 12, 31))
    assert (planned["took_place"].sum(), planned.height) == (248, 252)


@pytest.mark.parametrize(
    ("code", "published", "called_off"),
    [
        ("XSHG", date(2019, 10, 3), date(2022, 5, 3)),
        ("XTKS", date(2012, 3, 20), date(2019, 5, 2)),
        ("XHKG", date(2019, 2, 5), date(2023, 7, 17)),
        ("XNYS", date(2024, 3, 29), date(2025, 1, 9)),
        ("XLON", date(2019, 12, 25), date(2022, 9, 19)),
    ],
)
def test_recurring_holidays_are_published_and_single_closures_are_not(
    code: str, published: date, called_off: date
) -> None:
    calendar = calendar_of(code)
    for day, was_planned in ((published, False), (called_off, True)):
        assert calendar.sessions(day, day).height == 0
        assert calendar.planned_sessions(day, day).height == was_planned


def test_the_audit_sees_a_block_that_knows_closures_ahead() -> None:
    class KnowsAhead(HolidayEve):
        """The eve of any closure, announced or not."""

        def codes(self, bars: Bars) -> pl.Series:
            sessions = bars.calendar.sessions(date(2001, 1, 1), date(2002, 12, 31))
            later = pl.business_day_count(pl.col("session_date").dt.offset_by("1d"), pl.col("session_date").shift(-1))
            table = sessions.with_columns(eve=(later > 0).cast(pl.Float64))
            return bars.frame.join(table, on="session_date", how="left", maintain_order="left")["eve"]

    class AsFeature(Feature):
        @property
        def warmup(self) -> int:
            return 0

        def compute(self, bars: Bars) -> pl.Series:
            return KnowsAhead().codes(bars)

    bars = market(Timeframe.D1, date(2001, 9, 11))
    assert audit_blocks(bars, AuditedBlocks(features=[AsFeature()]), n_cuts=70, seed=1).leaks
