"""Sections of the research file: found by their files, chosen by id, and an id for exactly what results depend on."""

import sys

import pytest

import quant_core
from quant_core.errors import ConfigError, DataContractError, UnknownNameError
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
    assert {s for s in first.settings if first.section_id(s) != other.section_id(s)} == changed
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
    found = _sections.discovered_sections()
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
