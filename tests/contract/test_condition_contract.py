"""Conditions: labels come from the declared values, and bins are learned on training bars alone."""

from __future__ import annotations

from dataclasses import fields

import pytest
from polars.testing import assert_series_equal

from quant_core.bars import Bars
from quant_core.conditions import CONDITIONS
from quant_core.conditions.contract import Condition
from quant_core.errors import ConfigError
from tests.contract.block_variants import suits, variants
from tests.contract.random_bars import altered_from

CASES = variants(CONDITIONS)
LEARNING = [c for c in CASES if any("learned" in f.metadata for f in fields(c))]


@pytest.mark.parametrize("condition", CASES, ids=str)
def test_labels_are_declared(condition: Condition, markets: dict[str, Bars]) -> None:
    assert len(set(condition.values)) == len(condition.values)
    for bars in markets.values():
        if suits(condition, bars):
            labels = condition.fit(bars).labels(bars)
            assert set(labels.drop_nulls()) <= set(condition.values)


@pytest.mark.parametrize("condition", CASES, ids=str)
def test_labels_do_not_depend_on_the_test_bars(condition: Condition, markets: dict[str, Bars]) -> None:
    """Fitted on train: each test label is what it would be had other bars followed."""
    bars = markets["intraday"]
    fitted = condition.fit(bars.head(600))
    assert fitted.canonical == condition.canonical
    whole = fitted.labels(bars)
    for cut in (600, 601, 900, 1500):
        assert_series_equal(fitted.labels(altered_from(bars, cut)).head(cut), whole.head(cut), check_exact=True)


@pytest.mark.parametrize("condition", LEARNING, ids=str)
def test_bins_are_learned_and_frozen(condition: Condition, markets: dict[str, Bars]) -> None:
    bars = markets["intraday"]
    with pytest.raises(ConfigError, match="fit"):
        condition.labels(bars)
    first, second = condition.fit(bars.head(500)), condition.fit(bars.slice(500, 1000))
    assert first != second
    assert condition.fit(bars.head(500)) == first
    assert first.labels(bars).to_list() != second.labels(bars).to_list()


@pytest.mark.parametrize("condition", LEARNING, ids=str)
def test_bins_share_the_training_bars_about_equally(condition: Condition, markets: dict[str, Bars]) -> None:
    bars = markets["intraday"]
    counts = condition.fit(bars).labels(bars).drop_nulls().value_counts()["count"]
    assert len(counts) == len(condition.values)
    assert counts.max() - counts.min() <= 0.01 * len(bars)


@pytest.mark.parametrize("condition", LEARNING, ids=str)
def test_too_few_training_bars_leave_the_state_undefined(condition: Condition, markets: dict[str, Bars]) -> None:
    bars = markets["intraday"]
    assert condition.fit(bars.head(1)).labels(bars).null_count() == len(bars)
