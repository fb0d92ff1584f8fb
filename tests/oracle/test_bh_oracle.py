"""Benjamini-Hochberg against the published example, statsmodels and the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from quant_core.inference import INFERENCES
from quant_core.inference.benjamini_hochberg import BenjaminiHochberg
from quant_core.inference.contract import Correction, UniverseCorrection
from quant_core.inference.selected_families import SelectedFamilies
from quant_core.inference.storey_benjamini_hochberg import StoreyBenjaminiHochberg
from quant_core.inference.two_stage_benjamini_hochberg import TwoStageBenjaminiHochberg
from quant_core.inference.weighted_benjamini_hochberg import WeightedBenjaminiHochberg

CORRECTIONS = [name for name, method in sorted(INFERENCES.items()) if issubclass(method, Correction)]
UNIVERSE = [name for name, method in sorted(INFERENCES.items()) if issubclass(method, UniverseCorrection)]

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


@given(st.integers(1, 5000), st.floats(0.01, 0.5), st.sampled_from(CORRECTIONS))
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


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.sampled_from([0.01, 0.05, 0.1, 0.3]))
def test_two_stages_reject_what_statsmodels_rejects(p_values, rate):
    expected = multipletests(p_values, alpha=rate, method="fdr_tsbky")[0]
    q = TwoStageBenjaminiHochberg(rate=rate).adjust(p_values)
    # On the edge of a step two formulas round apart.
    clear = np.abs(q - rate) > 1e-9
    assert np.array_equal((q <= rate)[clear], expected[clear])


def test_the_published_example_by_hand_with_an_estimated_share_of_nulls():
    """4 of 15 are above ½, so (1 + 4)/(15·½) = ⅔ of BH's q."""
    plain = BenjaminiHochberg().adjust(PUBLISHED)
    storey = StoreyBenjaminiHochberg().adjust(PUBLISHED)
    np.testing.assert_allclose(storey[:11], plain[:11] * 2 / 3)
    assert storey[11:].tolist() == [1.0] * 4


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(1, 1e6)), min_size=2, max_size=40))
def test_weights_share_one_budget_and_divide_p_values(tests):
    p_values, n_eff = (np.array(column) for column in zip(*tests, strict=True))
    method = WeightedBenjaminiHochberg()
    weights = method.weights(n_eff)
    assert weights.mean() == pytest.approx(1.0)
    assert weights.min() >= 0.5 - 1e-12
    expected = multipletests(np.minimum(p_values / weights, 1.0), method="fdr_bh")[1]
    np.testing.assert_allclose(method.adjust(p_values, n_eff), expected, atol=1e-12)


def test_weights_go_where_an_effect_shows_and_is_not_certain():
    weights = WeightedBenjaminiHochberg().weights(np.array([3.0, 1e6, np.nan, *[200.0] * 40]))
    assert weights[2] == weights[3] > 1.0
    assert weights[:2].tolist() == pytest.approx([0.5, 0.5], abs=0.01)
    assert WeightedBenjaminiHochberg().weights(np.array([np.nan, np.nan])).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1, 0.3])
def test_selected_families_find_what_the_procedure_finds_step_by_step(rate):
    """The procedure of Benjamini & Bogomolov, not its q-values: select, then correct inside at rate·R/m."""
    # p-values of all sizes, so that some families are selected and some are not.
    rng = np.random.default_rng(5)
    found = [
        claims_step_by_step(rng.uniform(size=60) ** rng.integers(1, 7, 60), rng.integers(0, 8, 60), rate)
        for _ in range(150)
    ]
    assert sum(some for some, _ in found) > 30, "selected families must matter for this to prove"
    assert all(equal for _, equal in found)


def claims_step_by_step(p, families, rate):
    """Whether only some families are selected, and whether q-values say what the procedure does."""
    names = np.unique(families)
    simes = [
        np.min(np.sort(p[families == f]) * np.sum(families == f) / np.arange(1, np.sum(families == f) + 1))
        for f in names
    ]
    selected = multipletests(simes, alpha=rate, method="fdr_bh")[0]
    expected = np.zeros(len(p), dtype=bool)
    for name in names[selected]:
        share = rate * selected.sum() / len(names)
        expected[families == name] = multipletests(p[families == name], alpha=share, method="fdr_bh")[0]
    q = SelectedFamilies(rate=rate).adjust(p, families)
    clear = np.abs(q - rate) > 1e-9
    return 0 < selected.sum() < len(names), np.array_equal((q <= rate)[clear], expected[clear])


@pytest.mark.parametrize("name", UNIVERSE)
def test_tests_outside_the_universe_change_nothing(name):
    p, families = [0.001, np.nan, 0.03, 0.5, np.nan], ["a", "a", "a", "b", "c"]
    q = INFERENCES[name]().adjust(p, families)
    inside = [0, 2, 3]
    np.testing.assert_allclose(q[inside], INFERENCES[name]().adjust([0.001, 0.03, 0.5], ["a", "a", "b"]))
    assert np.isnan(q[[1, 4]]).all()
    assert len(INFERENCES[name]().adjust([], [])) == 0


@given(st.lists(st.floats(1, 1e5), min_size=2, max_size=60), st.data())
def test_the_only_effect_is_found_exactly_at_or_under_the_first_step_of_its_weight(n_eff, data):
    method = WeightedBenjaminiHochberg(rate=0.1)
    i = data.draw(st.integers(0, len(n_eff) - 1))
    level = method.first_steps(n_eff)[i]
    for p, found in ((level * (1 - 1e-9), True), (level * (1 + 1e-9), False)):
        tests = np.ones(len(n_eff))
        tests[i] = p
        assert (method.adjust(tests, n_eff)[i] <= 0.1) == found
    assert method.first_steps([7.0]).tolist() == [method.first_step(1)]
    assert BenjaminiHochberg(rate=0.1).first_steps(n_eff).tolist() == [0.1 / len(n_eff)] * len(n_eff)
