"""Wilson against Newcombe's published values and statsmodels."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from quant_core.estimators.wilson import Wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (8, 10, 0.4902, 0.9433),
    ],
)
def test_published_intervals_are_reproduced_to_the_printed_digits(successes, n, low, high):
    bounds = Wilson().interval(successes / n, n)
    assert [round(float(b), 4) for b in bounds] == [low, high]


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_equals_statsmodels_on_a_grid(confidence):
    n = np.repeat([1, 2, 7, 40, 999, 100_000], 5)
    k = np.round(n * np.tile([0, 0.1, 0.5, 0.93, 1], 6))
    low, high = Wilson(confidence=confidence).interval(k / n, n)
    expected = np.array([proportion_confint(a, b, 1 - confidence, "wilson") for a, b in zip(k, n, strict=True)])
    np.testing.assert_allclose(low, expected[:, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(high, expected[:, 1], rtol=0, atol=1e-12)


def test_bounds_hold_the_estimate_and_empty_cells_have_none():
    low, high = Wilson().interval([0.0, 1.0, 0.5, np.nan], [3, 3, 0, 0])
    assert (low[0], high[1]) == (0, 1)
    assert np.isnan([*low[2:], *high[2:]]).all()
