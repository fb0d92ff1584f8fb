"""Benjamini-Hochberg against the published example, statsmodels and the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from quant_core.inference import INFERENCES
from quant_core.inference.benjamini_hochberg import BenjaminiHochberg

# Benjamini & Hochberg (1995), section 4.1: the 15 ordered p-values of the myocardial infarction study.
PUBLISHED = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]


def test_the_published_example_has_four_rejections():
    q = BenjaminiHochberg().adjust(PUBLISHED)
    assert (q <= 0.05).tolist() == [True] * 4 + [False] * 11


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_equals_statsmodels_in_any_order(p_values):
    expected = multipletests(p_values, method="fdr_bh")[1]
    np.testing.assert_allclose(BenjaminiHochberg().adjust(p_values), expected, atol=1e-12)


@given(st.integers(1, 5000), st.floats(0.01, 0.5), st.sampled_from(sorted(INFERENCES)))
def test_a_single_effect_is_a_discovery_exactly_at_or_under_the_first_step(n_tests, rate, name):
    method = INFERENCES[name](rate=rate)
    level = method.first_step(n_tests)
    for p, found in ((level * (1 - 1e-9), True), (level * (1 + 1e-9), False)):
        q = method.adjust([p, *[1.0] * (n_tests - 1)])
        assert (q[0] <= rate) == found


@pytest.mark.parametrize("name", sorted(INFERENCES))
def test_claims_an_effect_in_null_worlds_at_most_at_the_nominal_rate(name):
    method, rng = INFERENCES[name](), np.random.default_rng(11)
    n = 2000
    rate = sum(method.errs_in_null_world(rng) for _ in range(n)) / n
    assert rate <= method.nominal + 3 * np.sqrt(method.nominal / n)
    assert rate > 0, "a method that never claims anything would pass trivially"
