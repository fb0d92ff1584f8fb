"""In a copy of the project with one more of each kind: every one of them is found and used.

Run by test_adding_one_thing.py, and no test module by its name: only such a copy holds what it asks for.
"""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pyarrow as pa
import pytest
from rich.console import Console

from quant_core.calibration import CalibrationPlan, calibrate
from quant_core.errors import ConfigError
from quant_core.spec import load_research
from quant_core.worlds import WORLDS
from quant_pipelines import cli
from quant_pipelines.calibration.calibration_run import release_worlds
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.resources import PACKAGED_CONFIG
from tests.pipelines.small_project import SmallProject, daily_csv

AAA, BBB, CCC = (PartitionKey(symbol, "D1") for symbol in ("AAA", "BBB", "CCC"))
RESEARCH = """
folds: last_year
features: [range_share]
market_stats:
  events: [close_at_high]
  conditions: [candle_color]
  targets: [wider_next_bar]
  interval: agresti_coull
  correction: bonferroni
  n_min: 5
seasonality:
  profile: {by_hour: false, by_dow: false, dimensions: [half_year], metrics: [bar_ret_std], min_samples_bin: 30}
bar_gaps: {min_missing: 2}
"""


def _with_holes() -> str:
    """Bars with a hole of three days and one of a day, and a bar of many times its usual height."""
    lines = daily_csv("AAA", 2500, start=date(2010, 1, 1)).splitlines()
    del lines[100:103], lines[150]
    day, symbol, opened, high, *rest = lines[200].split(",")
    lines[200] = ",".join([day, symbol, opened, str(20 * float(high)), *rest])
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """Three symbols, each by another way, after a run of everything."""
    root = tmp_path_factory.mktemp("project")
    made = SmallProject.at(root)
    made.drop("AAA", _with_holes())
    outside = root / "ccc.csv"
    outside.write_text(daily_csv("CCC"))
    frame = pl.read_csv(io.StringIO(daily_csv("BBB"))).to_arrow()
    with pa.OSFile(str(made.inbox / "BBB.arrows"), "wb") as file, pa.ipc.new_stream(file, frame.schema) as stream:
        stream.write_table(frame)
    sources = f"  inbox: {{kind: inbox, folder: inbox, settle_s: 0}}\n  own: {{kind: single_file, path: {outside}}}\n"
    (root / "config/sources.yaml").write_text(f"sources:\n{sources}")
    (root / "config/research.yaml").write_text(RESEARCH)
    made.register()
    made.run_range("research", "AAA|D1", "CCC|D1")
    return made


def test_every_mart_is_made_with_its_figure_and_the_report_has_the_section(project: SmallProject) -> None:
    marts = project.run("marts", {})
    entries = {
        e.asset_key.to_user_string(): e.step_materialization_data.materialization.metadata
        for e in marts.all_events
        if e.is_step_materialization and e.asset_key
    }
    assert str(entries["mart__bar_counts"]["figure"].value).startswith("![bar_counts](data:image/png")
    counts = pl.read_parquet(project.root / "lake/mart__bar_counts/data.parquet")
    assert counts.rows() == [("AAA", "D1", 2496), ("BBB", "D1", 400), ("CCC", "D1", 400)]
    shown = pl.read_parquet(project.root / "lake/mart__coverage/data.parquet")
    assert shown["n_on_calendar"].to_list() == shown["n_bars"].to_list()
    project.run_key("report", "AAA")
    page = (project.root / "lake/reports/AAA.html").read_text(encoding="utf-8")
    assert page.index("Spans of the bars") < page.index("Method notes")
    assert '<section id="spans">' in page


def test_the_blocks_of_the_research_file_are_in_the_results(project: SmallProject) -> None:
    lake = project.lake
    stats = lake.read("market_stats", AAA)
    cells = stats.filter(pl.col("n") > 0, pl.col("condition") == "candle_color")
    assert cells["event"].unique().to_list() == ["close_at_high(tolerance=0.1)"]
    assert cells["target"].unique().to_list() == ["wider_next_bar"]
    assert "up" in set(cells["condition_value"])
    assert stats.filter(split="test")["split_start"].unique().dt.year().to_list() == [2016]
    corrected = stats.filter(pl.col("q_value").is_not_null())
    assert corrected.height > 0
    expected = (corrected["p_value"] * corrected["n_tests"]).clip(0, 1)
    assert corrected["q_value"].to_list() == pytest.approx(expected.to_list())
    assert "range_share" in lake.read("features", AAA).columns
    profile = lake.read("seasonality_profiles", AAA)
    assert profile.select("dimension", "metric").unique().rows() == [("half_year(zone=session)", "bar_ret_std")]
    default = load_research((PACKAGED_CONFIG / "research.yaml").read_text(encoding="utf-8"), "research.yaml")
    assert "close_at_high" in {event.name for event in default.market_stats.events}


def test_the_interval_of_the_table_is_the_one_that_was_added(project: SmallProject) -> None:
    from quant_core.estimators.agresti_coull import AgrestiCoull  # noqa: PLC0415  exists in the copy alone

    cells = project.lake.read("market_stats", AAA).filter(pl.col("n") > 0)
    low, high = AgrestiCoull().interval(cells["p_hat"].to_numpy(), cells["n_eff"].to_numpy())
    assert cells["ci_low"].to_list() == pytest.approx(low.tolist())
    assert cells["ci_high"].to_list() == pytest.approx(high.tolist())


def test_the_reader_and_the_source_delivered_and_the_check_counted(project: SmallProject) -> None:
    assert project.lake.read("bars", BBB).height == project.lake.read("bars", CCC).height == 400
    found = dict(project.lake.read("quality", AAA).select("check", "n_rows").iter_rows())
    assert found["wide_bar"] == 1
    assert "n_on_calendar" in project.lake.read("coverage", AAA).columns


def test_dagster_knows_what_was_added(project: SmallProject) -> None:
    definitions = project.definitions()
    graph = definitions.resolve_asset_graph()
    assets = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert {"bar_gaps", "mart__bar_counts"} <= assets
    checks = {f"{key.asset_key.to_user_string()}:{key.name}" for key in graph.asset_check_keys}
    assert {"bars:volume_is_not_negative", "bar_gaps:satisfies_its_contract"} <= checks
    assert graph.get(dg.AssetKey("bar_gaps")).parent_keys == {dg.AssetKey("bars")}
    assert definitions.resolve_schedule_def("nightly_marts").job_name == "marts"
    assert project.run("coverage", {}).success


def test_the_sensor_asks_for_what_nobody_registered(project: SmallProject) -> None:
    definitions = project.definitions()
    sensor = definitions.resolve_sensor_def("new_symbols")
    resources = definitions.resources or {}
    fresh = dg.DagsterInstance.ephemeral()
    for instance, n_requests in ((project.instance, 0), (fresh, 1)):
        with dg.build_sensor_context(
            instance=instance, definitions=definitions, resources={k: resources[k] for k in ("sources", "lake")}
        ) as context:
            assert len(sensor.evaluate_tick(context).run_requests or []) == n_requests


def test_the_command_runs(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)
    out = io.StringIO()
    assert cli.run(["spans", "--symbol", "BBB"], Console(file=out)) == 0
    assert out.getvalue() == "BBB|D1: 400 bars\n"


def test_the_world_is_calibrated_on(tmp_path: Path) -> None:
    world = WORLDS["uniform_walk"]()
    assert world in release_worlds(Lake(str(tmp_path)), "")
    spec = load_research(RESEARCH, "a").market_stats
    plan = CalibrationPlan(
        spec, (world,), horizons=(1,), n_worlds=1, n_planted=1, lengths=(250,), n_resamples=99, n_waiting_paths=0
    )
    assert calibrate(plan)["world"].str.starts_with("uniform_walk").any()


def test_the_stage_follows_its_settings_and_no_other_does(project: SmallProject) -> None:
    assert project.lake.read("bar_gaps", AAA)["n_missing"].to_list() == [3]
    assert {"AAA|D1", "BBB|D1", "CCC|D1"} <= project.keys_that_are("up_to_date")
    (project.root / "config/research.yaml").write_text(RESEARCH.replace("min_missing: 2", "min_missing: 1"))
    assert [s.stage for s in project.states()["AAA|D1"].stages if s.status == "stale"] == ["bar_gaps"]
    assert project.run_key("research", "AAA|D1").success
    assert project.lake.read("bar_gaps", AAA)["n_missing"].to_list() == [3, 1]
    with pytest.raises(ConfigError, match=r"a\.yaml: bar_gaps\.min_missing"):
        load_research("bar_gaps: {min_missing: none}", "a.yaml")
