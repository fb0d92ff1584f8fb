"""Sections of the research file: found by their files, chosen by id, and an id for exactly what results depend on."""

import sys

import numpy as np
import pytest

import quant_core
from quant_core.bars import Bars
from quant_core.errors import ConfigError, DataContractError, UnknownNameError
from quant_core.estimators.cluster_robust_test import ClusterRobustTest
from quant_core.estimators.jeffreys import Jeffreys
from quant_core.estimators.wilson import Wilson
from quant_core.inference.benjamini_hochberg import BenjaminiHochberg
from quant_core.market_stats import compute_market_stats
from quant_core.spec import MovedWarning, _sections, dump_research, load_research
from quant_core.splitters.single_split import SingleSplit
from quant_core.splitters.walk_forward import WalkForward
from quant_core.timeframes import Timeframe

BASE = """
features: [log_return]
folds: {train_fraction: 0.6}
cost: {round_trip_bps: 1}
market_stats: {fdr: 0.1}
seasonality: {profile: {by_month: true}}
seed: 5
"""


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("log_return", "gap", {"features"}),
        ("0.1", "0.2", {"market_stats"}),
        ("by_month", "by_quarter", {"seasonality"}),
        ("0.6", "0.5", {"folds", "market_stats"}),
        ("bps: 1", "bps: 2", {"cost", "market_stats"}),
        ("seed: 5", "seed: 6", {"market_stats"}),
        ("seed: 5", "seed: 5\ndata: {start: 2020-01-01}", {"features", "folds", "cost", "market_stats", "seasonality"}),
        ("seed: 5", "seed: 5\ncompute: {threads: 1}", set()),
    ],
)
def test_a_change_marks_exactly_the_sections_whose_results_depend_on_it(old, new, changed):
    first, other = load_research(BASE, "a"), load_research(BASE.replace(old, new), "a")
    given = [s for s in first.settings if s in BASE]
    assert {s for s in given if first.section_id(s) != other.section_id(s)} == changed
    assert (other.spec_id != first.spec_id) == bool(changed)


def test_an_unknown_section_has_no_id():
    with pytest.raises(UnknownNameError, match="'market_stats'"):
        load_research("", "a").section_id("market_stat")


def test_ids_are_made_once_per_spec(monkeypatch):
    spec, n_made = load_research(BASE, "a"), []
    monkeypatch.setattr("quant_core.spec._research._id_of", lambda plain: n_made.append(plain) or "id")
    for _ in range(3):
        assert [spec.spec_id, *map(spec.section_id, spec.settings)] == ["id"] * (1 + len(spec.settings))
    assert len(n_made) == 1 + len(spec.settings)


def test_a_new_section_is_found_by_its_file_and_leaves_the_other_ids(tmp_path, monkeypatch):
    folder = tmp_path / "backtests"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "settings.py").write_text(
        "from quant_core.costs.settings import SECTION as COST\n"
        "from quant_core.section import Section\n"
        "SECTION = Section('backtest', lambda value, at: (value, at.of(COST)), lambda own: own[0], uses=(COST,))\n"
    )
    before = load_research(BASE, "a")
    monkeypatch.setattr(quant_core, "__path__", [*quant_core.__path__, str(tmp_path)])
    found = {name: section for name, (_, section) in _sections.discovered_sections().items()}
    for module in ("quant_core.spec._research", "quant_core.spec"):
        monkeypatch.setattr(f"{module}.SECTIONS", found)
    after = load_research(BASE + "backtest: {entry: gap_up}", "a")
    own, cost = after.of(found["backtest"])
    assert (own, cost.round_trip_bps) == ({"entry": "gap_up"}, 1)
    assert {s: before.section_id(s) for s in before.settings} == {s: after.section_id(s) for s in before.settings}
    dearer = load_research(BASE.replace("bps: 1", "bps: 2") + "backtest: {entry: gap_up}", "a")
    assert dearer.section_id("backtest") != after.section_id("backtest")
    assert load_research(dump_research(after), "dump").section_id("backtest") == after.section_id("backtest")
    for module in [m for m in sys.modules if m.startswith("quant_core.backtests")]:
        del sys.modules[module]


def test_a_folder_whose_settings_hold_no_section_is_refused(tmp_path, monkeypatch):
    (tmp_path / "empties").mkdir()
    (tmp_path / "empties" / "__init__.py").write_text("")
    (tmp_path / "empties" / "settings.py").write_text("")
    monkeypatch.setattr(quant_core, "__path__", [*quant_core.__path__, str(tmp_path)])
    with pytest.raises(DataContractError, match=r"empties.settings must define SECTION"):
        _sections.discovered_sections()
    for module in [m for m in sys.modules if m.startswith("quant_core.empties")]:
        del sys.modules[module]


def test_folds_are_chosen_by_id_or_by_months_alike():
    by_id = "folds: {splitter: 'walk_forward(train_months=6,test_months=2)', by_timeframe: {M1: single_split}}"
    by_months = "folds: {train_months: 6, test_months: 2, by_timeframe: {M1: {}}}"
    first, other = load_research(by_id, "a"), load_research(by_months, "a")
    assert first.folds == other.folds
    assert first.folds.at(Timeframe.D1) == WalkForward(train_months=6, test_months=2)
    assert first.folds.at(Timeframe.M1) == first.market_stats.at(Timeframe.M1).splitter == SingleSplit()
    assert load_research("folds: single_split(train_fraction=0.5)", "a").folds.splitter == SingleSplit(0.5)


def test_earlier_places_are_read_with_a_warning_that_names_the_place_now():
    rule = "{train_months: 6, test_months: 2, folds: 3, by_timeframe: {M1: {train_months: 1, folds: 1}}}"
    now = load_research("folds: " + rule.replace(" folds:", " n_folds:") + "\ncost: {round_trip_bps: 2}", "a.yaml")
    assert now.folds.at(Timeframe.M1).n_folds == 1
    with pytest.warns(MovedWarning) as caught:
        old = load_research(f"market_stats: {{validation: {rule}, cost: {{round_trip_bps: 2}}}}", "a.yaml")
    assert old.spec_id == now.spec_id
    assert {str(w.message) for w in caught} == {
        "a.yaml: market_stats.validation has moved. Write it as folds.",
        "a.yaml: market_stats.cost has moved. Write it as cost.",
    }
    with pytest.warns(MovedWarning, match="validation has moved"):
        assert load_research(f"validation: {rule}", "a.yaml").folds == now.folds
    both = pytest.raises(ConfigError, match=r"cost and as cost. Keep cost")
    with pytest.warns(MovedWarning, match="validation"), both:
        load_research("validation: {}\ncost: {round_trip_bps: 1}\nmarket_stats: {cost: {round_trip_bps: 2}}", "a.yaml")


def test_estimators_and_corrections_are_chosen_by_id():
    text = "market_stats: {confidence: 0.9, fdr: 0.2, interval: jeffreys, test: cluster_robust_test(min_blocks=12)}"
    stats = load_research(text, "a").market_stats
    assert (stats.interval, stats.posterior) == (Jeffreys(confidence=0.9), Jeffreys(confidence=0.9))
    assert (stats.test, stats.correction) == (ClusterRobustTest(min_blocks=12), BenjaminiHochberg(rate=0.2))
    by_default = "market_stats: {confidence: 0.9, fdr: 0.2}"
    assert load_research(by_default, "a").market_stats.interval == Wilson(confidence=0.9)
    assert load_research(by_default, "a").section_id("market_stats") != load_research(text, "a").section_id(
        "market_stats"
    )
    assert load_research(dump_research(load_research(text, "a")), "b").market_stats == stats


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ("interval: kaplan_meier", r"a\.yaml: market_stats\.interval: expected one of .*wilson.*, found 'kaplan_meier"),
        ("posterior: wilson", r"expected one of (?!.*\bwilson,).*jeffreys.*, found 'wilson"),
        ("test: wilson", "expected one of cluster_robust_test"),
        ("correction: benjamini", "No inference method is called 'benjamini'"),
        (
            "interval: wilson(confidence=0.9)",
            r"expected the level of confidence, 0\.95, found 0\.9\. Remove confidence",
        ),
        ("correction: benjamini_hochberg(rate=0.2)", r"expected the level of fdr, 0\.05, found 0\.2\. Remove rate"),
    ],
)
def test_a_choice_that_cannot_do_the_work_is_refused_with_those_that_can(chosen, says):
    with pytest.raises(ConfigError, match=says):
        load_research(f"market_stats: {{{chosen}}}", "a.yaml")


def test_the_chosen_interval_is_the_one_in_the_table():
    bars = Bars.of(close=list(100 + np.sin(np.arange(3000)) + np.random.default_rng(1).normal(0, 1, 3000)))
    text = "market_stats: {events: [always_true, gap_up], targets: [up_next_bar], n_min: 50, n_resamples: 99"
    wilson, jeffreys = (
        compute_market_stats(bars, load_research(text + end, "a").market_stats)
        for end in ("}", ", interval: jeffreys}")
    )
    assert jeffreys["ci_low"].to_list() == jeffreys["hdi_low"].to_list() == wilson["hdi_low"].to_list()
    assert wilson["ci_low"].to_list() != jeffreys["ci_low"].to_list()
    assert wilson.drop("ci_low", "ci_high").equals(jeffreys.drop("ci_low", "ci_high"))
