"""Kaplan-Meier against statsmodels."""

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from quant_core.estimators.kaplan_meier import KaplanMeier


def counts(times, observed, longest):
    return (
        np.bincount(times[observed], minlength=longest + 1)[None, :],
        np.bincount(times[~observed], minlength=longest + 1)[None, :],
    )


@pytest.mark.parametrize("seed", range(6))
def test_curve_greenwood_and_median_interval_equal_statsmodels(seed):
    rng = np.random.default_rng(seed)
    times, open_after = rng.geometric(0.12, 150), rng.integers(1, 30, 150)
    observed = times <= open_after
    times = np.minimum(times, open_after)
    oracle = SurvfuncRight(times, observed.astype(int))
    km = KaplanMeier()
    curve = km.curve(*counts(times, observed, times.max()))
    at = oracle.surv_times.astype(int)
    np.testing.assert_allclose(curve.survival[0, at], oracle.surv_prob, atol=1e-12)
    error = curve.survival[0] * np.sqrt(np.cumsum(curve.greenwood[0]))
    alive = oracle.surv_prob > 0
    np.testing.assert_allclose(error[at][alive], oracle.surv_prob_se[alive], atol=1e-12)
    median, low, high = (float(x[0]) for x in km.median(curve, [1.0]))
    assert median == oracle.quantile(0.5)
    with np.errstate(divide="ignore", invalid="ignore"):  # statsmodels takes the log of a survival of 0
        assert (low, high) == tuple(oracle.quantile_ci(0.5, method="cloglog"))


def test_restricted_mean_is_the_area_and_its_error_matches_the_bootstrap():
    rng = np.random.default_rng(3)
    times, open_after = rng.geometric(0.1, 400), rng.integers(1, 40, 400)
    observed = times <= open_after
    times, tau = np.minimum(times, open_after), 20
    km = KaplanMeier()

    def area(at):
        return float(km.restricted_mean(km.curve(*counts(times[at], observed[at], 60)), tau, [1.0])[0][0])

    everyone = np.arange(400)
    mean, low, high = (float(x[0]) for x in km.restricted_mean(km.curve(*counts(times, observed, 60)), tau, [1.0]))
    assert mean == pytest.approx(area(everyone))
    spread = np.std([area(rng.integers(0, 400, 400)) for _ in range(800)], ddof=1)
    assert (high - low) / (2 * 1.959964) == pytest.approx(spread, rel=0.1)


def test_without_censoring_the_restricted_mean_is_the_mean_of_the_capped_times():
    times = np.array([1, 1, 2, 5, 9])
    km = KaplanMeier()
    mean, _, _ = km.restricted_mean(km.curve(*counts(times, np.ones(5, dtype=bool), 9)), 6, [1.0])
    assert float(mean[0]) == pytest.approx(np.minimum(times, 6).mean())


def test_median_and_restricted_mean_are_missing_where_the_curve_stays_open():
    km = KaplanMeier()
    curve = km.curve([[0, 1, 0, 0]], [[0, 0, 4, 0]])
    assert np.isnan(km.median(curve, [1.0])[0]).all()
    assert np.isnan(km.restricted_mean(curve, 3, [1.0])[0]).all()
    assert float(km.restricted_mean(curve, 2, [1.0])[0][0]) == pytest.approx(1.8)


def test_overlap_widens_the_intervals_by_the_square_root():
    km = KaplanMeier()
    curve = km.curve([[0, 30, 20, 10, 5]], [[0, 0, 5, 5, 25]])
    mean, low, _ = km.restricted_mean(curve, 4, [1.0])
    _, wide, _ = km.restricted_mean(curve, 4, [4.0])
    assert float((mean - wide)[0]) == pytest.approx(2 * float((mean - low)[0]))
