"""The contract of every dimension: total, price-free, free of the future and of which other bars are there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.calendars import calendar_of
from quant_core.dimensions import DIMENSIONS, Dimension
from quant_core.errors import ConfigError
from quant_core.seasonality.entries import FLAGS, resolve_dimension
from quant_core.timeframes import Timeframe

VARIANTS = (
    "month x dow",
    "session x dow",
    {"name": "hour", "zone": "America/New_York"},
    {"name": "half_hour", "zone": "Asia/Kathmandu"},
    {"name": "dow", "zone": "utc"},
    {"name": "last_day_of_month", "k": 2, "basis": "business"},
    {"name": "minutes_from_session_open", "step_minutes": 5},
)
ALL = [DIMENSIONS[name]() for name in DIMENSIONS] + [resolve_dimension(v) for v in VARIANTS]
MARKETS = (("always_open", Timeframe.H1), ("fx_24_5", Timeframe.M30), ("XNYS", Timeframe.M15), ("XNYS", Timeframe.D1))


def market(
    calendar: str, timeframe: Timeframe, first: date = date(2024, 2, 20), last: date = date(2024, 7, 12)
) -> Bars:
    """Gapless bars of a market, with contracts that roll in March and June."""
    days = calendar_of(calendar)
    start, end = (datetime.combine(d, datetime.min.time(), UTC) for d in (first, last))
    ts = days.expected_opens(timeframe, start, end)
    bars = Bars.of(close=[1.0] * len(ts), timeframe=timeframe, calendar=calendar)
    session = days.session_date(ts)
    roll = pl.when(session < date(2024, 3, 14)).then(pl.lit("H4")).when(session < date(2024, 6, 20)).then(pl.lit("M4"))
    frame = bars.frame.with_columns(ts=ts, ts_close=ts.dt.offset_by(f"{timeframe.minutes}m"), session_date=session)
    return bars.with_frame(frame.with_columns(roll_id=pl.select(roll.otherwise(pl.lit("U4"))).to_series()))


@pytest.fixture(params=ALL, ids=str)
def dimension(request: pytest.FixtureRequest) -> Dimension:
    return request.param


@pytest.fixture(params=MARKETS, ids=str, scope="module")
def bars(request: pytest.FixtureRequest) -> Bars:
    return market(*request.param)


def test_gives_one_code_per_bar_within_the_bins(dimension: Dimension, bars: Bars) -> None:
    codes = dimension.codes(bars)
    assert (codes.dtype, len(codes), codes.name) == (pl.Int32, len(bars), dimension.canonical)
    assert codes.drop_nulls().is_between(0, len(dimension.bins) - 1).all()
    assert len(set(dimension.bins)) == len(dimension.bins)


def test_leaves_out_only_the_bars_its_docstring_names(dimension: Dimension, bars: Bars) -> None:
    codes = dimension.codes(bars)
    parts = [dimension.first, dimension.second] if dimension.name == "cross" else [dimension]
    needs_clock = any("bars of a session or longer" in _missing_rule(type(p)) for p in parts)
    if needs_clock and not bars.timeframe.is_intraday:
        assert codes.null_count() == len(bars)
    elif dimension.name == "is_rollover_day":
        first = bars.frame["session_date"][0]
        assert codes.is_null().to_list() == (bars.frame["session_date"] == first).to_list()
    else:
        assert codes.null_count() == 0


def _missing_rule(block: type[Dimension]) -> str:
    """What the docstring promises of bars without a bin."""
    return " ".join((block.__doc__ or "").split("Missing:")[1].split())


def test_labels_are_the_bins_at_the_codes(dimension: Dimension, bars: Bars) -> None:
    labels = dimension.labels(bars)
    expected = [None if c is None else dimension.bins[c] for c in dimension.codes(bars)]
    assert labels.dtype == pl.String
    assert labels.to_list() == expected


def test_does_not_depend_on_prices(dimension: Dimension, bars: Bars) -> None:
    other = bars.with_frame(bars.frame.with_columns(pl.col("open", "high", "low", "close") * 3, volume=None))
    assert dimension.codes(other).to_list() == dimension.codes(bars).to_list()


def test_never_looks_ahead(dimension: Dimension, bars: Bars) -> None:
    whole = dimension.codes(bars)
    for n in (1, len(bars) // 3, len(bars) - 1):
        assert dimension.codes(bars.head(n)).to_list() == whole.head(n).to_list()


def test_does_not_depend_on_holes_in_the_data(dimension: Dimension, bars: Bars) -> None:
    if dimension.name == "is_rollover_day":  # reads earlier bars by definition
        return
    keep = [i for i in range(len(bars)) if i % 7 not in {2, 3}]
    holey = bars.with_frame(bars.frame[keep])
    assert dimension.codes(holey).to_list() == dimension.codes(bars)[keep].to_list()


def test_takes_no_bars(dimension: Dimension, bars: Bars) -> None:
    assert dimension.codes(bars.head(0)).to_list() == []


@pytest.mark.parametrize("name", sorted(DIMENSIONS))
def test_weekly_bars_have_no_day_and_no_hour(name: str) -> None:
    weeks = Bars.of(close=[1.0] * 3, timeframe=Timeframe.W1)
    block = DIMENSIONS[name]
    is_for_weeks = _missing_rule(block).startswith("none")
    assert block().codes(weeks).null_count() == (0 if is_for_weeks else 3)


@pytest.mark.parametrize("name", [n for n, c in DIMENSIONS.items() if hasattr(c, "zone")])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="IANA zone"):
        DIMENSIONS[name](zone="Mars/Olympus")


def test_every_dimension_of_the_source_system_resolves() -> None:
    names = [n for group in FLAGS.values() for n in group] + list(DIMENSIONS.aliases)
    assert len({resolve_dimension(n).canonical for n in names}) == 12 + 5 + 12


def test_market_has_the_span_that_the_tests_need(bars: Bars) -> None:
    span = bars.frame["session_date"][-1] - bars.frame["session_date"][0]
    assert span > timedelta(days=130)
