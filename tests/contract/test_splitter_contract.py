"""The contract of every splitter, and the geometry of walk-forward folds by brute force."""

import itertools
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from quant_core.errors import ConfigError
from quant_core.splitters import SPLITTERS
from quant_core.splitters.single_split import SingleSplit
from quant_core.splitters.walk_forward import WalkForward, add_months


@st.composite
def timelines(draw):
    """Sessions of one to eleven bars with weekends, holidays and holes."""
    first = draw(st.dates(date(1999, 1, 1), date(2024, 12, 31)))
    gaps = draw(st.lists(st.sampled_from([1, 1, 1, 1, 3, 4, 11, 75]), min_size=60, max_size=250))
    per_day = draw(st.integers(1, 3))
    days, day = [], first
    for gap in gaps:
        days += [day] * per_day
        day += timedelta(days=gap)
    return pl.Series("session_date", days, dtype=pl.Date)


@st.composite
def splitters(draw):
    embargo = draw(st.integers(0, 12))
    if draw(st.booleans()):
        return SingleSplit(draw(st.floats(0.05, 0.95)), embargo)
    scheme = draw(st.sampled_from(["rolling", "anchored"]))
    return WalkForward(scheme, draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(0, 4)), embargo)


def folds_or_skip(splitter, days):
    try:
        return splitter.folds(days)
    except ConfigError:
        assume(False)


@given(timelines(), splitters(), st.integers(1, 90))
@settings(max_examples=150, deadline=None)
def test_geometry(days, splitter, horizon):
    folds = folds_or_skip(splitter, days)
    assert [f.index for f in folds] == list(range(len(folds)))
    for f in folds:
        assert 0 <= f.train_start < f.train_stop <= f.test_start < f.test_stop <= len(days)
        assert days[f.train_stop - 1] < days[f.test_start], "a session is never on both sides"
        assert (days[f.test_start] - days[f.train_stop - 1]).days > splitter.embargo_days
        start, stop = f.train_rows(horizon)
        assert all(t + horizon < f.train_stop for t in range(start, stop)), (
            "a training outcome leaves the training bars"
        )
        assert stop == start or stop - 1 + horizon == f.train_stop - 1, "a row was purged without need"
        start, stop = f.test_rows(horizon)
        assert all(f.test_start <= t and t + horizon < f.test_stop for t in range(start, stop))
    for before, after in itertools.pairwise(folds):
        assert before.test_stop <= after.test_start, "tests never overlap"
        if getattr(splitter, "scheme", "anchored") == "anchored":
            # A rolling window without a training bar (a hole in the data) tests nothing; others leave no gap.
            assert before.test_stop == after.test_start


@given(timelines(), st.integers(1, 6), st.integers(1, 4), st.integers(0, 10), st.sampled_from(["rolling", "anchored"]))
@settings(max_examples=100, deadline=None)
def test_walk_forward_equals_a_brute_force_on_dates(days, train, test, embargo, scheme):
    folds = folds_or_skip(WalkForward(scheme, train, test, 0, embargo), days)
    expected = []
    for k in range(400):
        boundary = add_months(days[0], train + k * test)
        start = days[0] if scheme == "anchored" else add_months(days[0], k * test)
        after = add_months(days[0], train + (k + 1) * test) + timedelta(days=embargo)
        inside = [i for i, d in enumerate(days) if start <= d < boundary]
        tested = [i for i, d in enumerate(days) if boundary + timedelta(days=embargo) <= d < after]
        if inside and tested:
            expected.append((inside, tested))
    assert [
        (list(range(f.train_start, f.train_stop)), list(range(f.test_start, f.test_stop))) for f in folds
    ] == expected


@pytest.mark.parametrize("name", sorted(SPLITTERS))
def test_a_default_splitter_works_and_a_short_timeline_is_refused_with_advice(name):
    splitter = SPLITTERS[name]()
    days = pl.date_range(date(2000, 1, 3), date(2012, 1, 3), eager=True)
    assert splitter.folds(days)
    with pytest.raises(ConfigError, match="found"):
        splitter.folds(days.head(1))
    with pytest.raises(ConfigError, match="found"):
        splitter.folds(days.clear())


@pytest.mark.parametrize("bad", ["train_fraction=0", "train_fraction=1.0", "embargo_days=-1"])
def test_impossible_parameters_are_refused(bad):
    key, value = bad.split("=")
    with pytest.raises(ConfigError, match=key):
        SingleSplit(**{key: float(value) if "." in value else int(value)})


def test_rolling_keeps_and_anchored_grows_the_training_window():
    days = pl.date_range(date(2000, 1, 31), date(2004, 1, 31), eager=True)
    rolling = WalkForward("rolling", 12, 6).folds(days)
    anchored = WalkForward("anchored", 12, 6).folds(days)
    assert {f.train_start for f in anchored} == {0}
    assert all(364 <= f.train_stop - f.train_start <= 367 for f in rolling)
    assert [f.test_start for f in rolling] == [f.test_start for f in anchored]
    # Counted from 31 January: month ends, with no drift after the short months.
    assert [days[f.test_start].isoformat() for f in rolling[:3]] == ["2001-01-31", "2001-07-31", "2002-01-31"]
