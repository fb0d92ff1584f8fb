"""The asset stats_details: named cells are opened, once, and the command prints them; wrong names say what is right."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from quant_core.market_stats.details import CellName
from quant_pipelines.assets.stats_details import run_config_of
from quant_pipelines.cli import run
from quant_pipelines.lake.partitions import PartitionKey
from tests.pipelines.small_project import RESEARCH, SmallProject, materialized_metadata, write_times

pytestmark = pytest.mark.figures

KEY = PartitionKey("AAA", "D1")
CONDITIONS = RESEARCH.replace("  targets:", "  conditions: [calendar_bin]\n  targets:")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """One symbol with statistics."""
    root = tmp_path_factory.mktemp("details")
    made = SmallProject.at(root)
    (root / "config" / "research.yaml").write_text(CONDITIONS)
    made.drop("AAA")
    made.register()
    made.run_key("research", str(KEY))
    return made


def ask(project: SmallProject, *cells: CellName, succeeds: bool = True) -> str:
    """Run the job for cells; returns the failure's text, or what the web UI shows of the opened cells."""
    result = project.run_key("stats_details", str(KEY), run_config=run_config_of(list(cells)), raise_on_error=False)
    assert result.success is succeeds
    failed = [e.event_specific_data for e in result.all_events if e.is_step_failure]
    if failed:
        return "".join(str(d.user_failure_data.description) for d in failed)  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
    found = materialized_metadata(project.instance, result)
    return str(found[0]["cells"].value) if found else ""


def test_the_rows_are_the_cells_of_market_stats_and_a_second_request_writes_nothing(project: SmallProject) -> None:
    every, monday = (
        CellName("k_consecutive(window_bars=2)", "up_next_bar", *state) for state in ((), ("calendar_bin", "0"))
    )
    shown = ask(project, every, monday, every)
    details, stats = project.lake.read("stats_details", KEY), project.lake.read("market_stats", KEY)
    pooled = stats.filter(split="oos_pooled", event="k_consecutive(window_bars=2,direction=up)")
    for value in ("all", "0"):
        mine, row = details.filter(condition_value=value), pooled.filter(condition_value=value).row(0, named=True)
        assert (mine.height, mine["value"].sum()) == (row["n"], row["successes"])
        assert f"{row['n']}" in shown
    assert details["condition_value"].unique().sort().to_list() == ["0", "all"]
    before = write_times(project.root / "lake")
    ask(project, every, monday, every)
    assert write_times(project.root / "lake") == before
    ask(project, monday)
    changed = {name.split("/")[0] for name, t in write_times(project.root / "lake").items() if t != before[name]}
    assert changed == {"stats_details"}
    assert project.lake.read("stats_details", KEY)["condition_value"].unique().to_list() == ["0"]
    facts = project.lake.facts("stats_details", KEY)
    bars = project.lake.facts("bars", KEY)
    assert facts is not None
    assert bars is not None
    assert facts.data_version == bars.provenance
    assert len(facts.spec_id) == 16
    assert project.materialized("stats_details") == {str(KEY)}


def test_a_wrong_or_missing_name_fails_the_key_and_says_what_is_right(project: SmallProject) -> None:
    cell = CellName("k_consecutive(window_bars=2)", "up_next_bar")
    ask(project, cell)
    before = write_times(project.root / "lake")
    assert "No cell is named: expected at least one in the run config" in ask(project, succeeds=False)
    text = ask(project, CellName("k_consecutive(window_bars=2)", "up_next_bra"), succeeds=False)
    assert "Did you mean 'up_next_bar'" in text
    assert write_times(project.root / "lake") == before


def test_the_job_research_leaves_details_alone(project: SmallProject) -> None:
    (project.root / "lake" / project.lake.path("stats_details", KEY)).unlink(missing_ok=True)
    project.run_key("research", str(KEY))
    assert not project.lake.exists("stats_details", KEY)


def test_the_command_prints_the_first_bars_and_where_all_of_them_are(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)

    def qe(*arguments: str) -> tuple[int, str]:
        console = Console(file=io.StringIO(), width=200, force_terminal=False)
        code = run(arguments, console)
        return code, console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]

    assert qe("launch", "register_symbols")[0] == 0
    asked = (
        "details",
        "AAA",
        "D1",
        "--event",
        "k_consecutive(window_bars=2)",
        "--target",
        "up_next_bar",
        "--rows",
        "3",
    )
    code, text = qe(*asked, "--fold", "0", "--split", "train")
    assert code == 0, text
    details = project.lake.read("stats_details", KEY)
    assert f"n {details.height}, successes {int(details['value'].sum())}" in text
    assert text.count("+00:00") == 6  # open and close of three bars
    assert project.lake.location("stats_details", KEY) in text
    assert Path(project.lake.location("stats_details", KEY)).is_file()
    assert details.select(pl.col("split", "fold").first()).row(0) == ("train", 0)
    code, text = qe(*asked, "--condition", "calendar_bim")
    assert code == 1
    assert "Did you mean 'calendar_bin" in text
    assert "Traceback" not in text
