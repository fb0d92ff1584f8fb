"""The stage seasonality_profiles: its tables, what makes it stale, its figures, and its place in the whole flow."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quant_core.seasonality import compute_seasonality, compute_stability
from quant_core.seasonality.reading import headline_metric, strongest_bins
from quant_core.spec import load_research
from quant_core.timeframes import Timeframe
from quant_pipelines.assets import seasonality_profiles
from quant_pipelines.lake.lake import Facts
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.published_bars import load_bars
from quant_pipelines.stages.key_state import StageState
from quant_pipelines.stages.key_tables import KeyTables
from tests.pipelines.small_project import RESEARCH, SmallProject, materialized_metadata, write_times

pytestmark = pytest.mark.figures

KEY = PartitionKey("AAA", "D1")


def mondays_up_csv(n_bars: int = 700, start: date = date(2020, 1, 1)) -> str:
    """Daily bars that rise into Tuesday from every Monday and fall otherwise three times out of four."""
    lines, close = ["date,symbol,open,high,low,close,volume"], 100.0
    for i in range(n_bars):
        day = start + timedelta(days=i)
        rises = day.weekday() == 1 or i % 4 == 0
        opened, close = close, close * (1.01 if rises else 0.997)
        high, low = max(opened, close) * 1.001, min(opened, close) * 0.999
        lines.append(f"{day},AAA,{opened:.6f},{high:.6f},{low:.6f},{close:.6f},1000")
    return "\n".join(lines) + "\n"


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    """One symbol whose bars after a Monday rise."""
    made = SmallProject.at(tmp_path)
    made.drop("AAA", mondays_up_csv())
    made.register()
    made.run_key("ingest", str(KEY))
    return made


def test_the_tables_are_those_of_the_core_and_find_the_planted_monday(project: SmallProject) -> None:
    project.run_key("seasonality", str(KEY))
    profile, stability = (project.lake.read(f"seasonality_{t}", KEY) for t in ("profiles", "stability"))
    spec = load_research(RESEARCH, "r").seasonality.profile_at(Timeframe.D1)
    bars = load_bars(project.lake, KEY).bars()
    assert_frame_equal(profile, compute_seasonality(bars, spec))
    assert_frame_equal(stability, compute_stability(bars, spec))
    best = strongest_bins(profile).filter(metric_name="next_p_up").row(0, named=True)
    assert (best["dimension"], best["value"], best["verdict"]) == ("dow(zone=session)", 1.0, "significant")
    assert best["bin"] == profile.sort("bin_order")["bin"][0]
    assert best["stable"]
    assert best["baseline"] < 0.5


def test_a_second_run_writes_nothing_and_only_its_own_section_makes_it_new(
    project: SmallProject, tmp_path: Path
) -> None:
    file, lake = tmp_path / "config" / "research.yaml", tmp_path / "lake"
    project.run_key("research", str(KEY))
    project.run_key("seasonality", str(KEY))
    before = write_times(lake)
    file.write_text(file.read_text().replace("n_min: 30", "n_min: 40"))
    project.run_key("seasonality", str(KEY))
    assert write_times(lake) == before
    file.write_text(file.read_text().replace("min_samples_bin: 30", "min_samples_bin: 40"))
    project.run_key("market_stats", str(KEY))
    changed = {name.split("/")[0] for name, t in write_times(lake).items() if t != before.get(name)}
    assert changed == {"market_stats"}  # for n_min; min_samples_bin is no concern of features and market_stats
    project.run_key("seasonality", str(KEY))
    changed = {name.split("/")[0] for name, t in write_times(lake).items() if t != before.get(name)}
    assert changed == {"market_stats", "seasonality_profiles", "seasonality_stability"}


def test_figures_and_top_bins_are_shown_on_the_partition(project: SmallProject) -> None:
    result = project.run_key("seasonality", str(KEY))
    (metadata,) = materialized_metadata(project.instance, result)
    for name in ("profile: dow(zone=session)", "by year: dow(zone=session)"):
        assert "data:image/png;base64," in str(metadata[name].value)
    assert str(metadata["top_bins"].value).count("dow(zone=session)") == 14
    assert headline_metric(project.lake.read("seasonality_profiles", KEY)) == "next_p_up"


def test_an_empty_profile_is_shown_as_such(project: SmallProject) -> None:
    project.run_key("seasonality", str(KEY))
    profile = project.lake.read("seasonality_profiles", KEY)
    project.lake.write("seasonality_profiles", KEY, profile.clear(), Facts("other", "code"))
    shown = seasonality_profiles.view(KeyTables(project.lake, KEY))
    assert list(shown) == ["top_bins"]
    assert headline_metric(profile.clear()) == ""
    assert strongest_bins(profile.with_columns(q_value=pl.lit(None, pl.Float64))).is_empty()


def test_a_key_is_missing_until_the_whole_flow_has_made_its_profiles(project: SmallProject) -> None:
    project.run_key("market_stats", str(KEY))
    state = project.states()[str(KEY)]
    assert state.status == "missing"
    assert StageState("seasonality_profiles", "missing", "it is not in the lake") in state.stages
    project.run_key("research", str(KEY))
    assert project.states()[str(KEY)].status == "up_to_date"
    assert project.lake.exists("seasonality_stability", KEY)
