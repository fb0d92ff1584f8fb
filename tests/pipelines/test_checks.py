"""Asset checks: each finds what it is for, per key, and its evaluations reach Dagster with their partition."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster import DagsterEventType

from quant_core.bars import Bars
from quant_core.timeframes import Timeframe
from quant_pipelines.checks.checks import FRESHNESS, REFUSED_ROWS, Check, Finding, discover_checks
from quant_pipelines.lake.lake import Facts, Lake
from quant_pipelines.lake.partitions import PartitionKey
from tests.pipelines.small_project import SmallProject, daily_csv

GOOD, BAD = PartitionKey("GOOD", "H1"), PartitionKey("BAD", "H1")
NOW = datetime(2024, 1, 2, tzinfo=UTC)
FACTS = Facts("a", "b", calendar="always_open")


def _lake(tmp_path: Path, bad: pl.DataFrame) -> Lake:
    lake = Lake(str(tmp_path))
    lake.write("bars", GOOD, Bars.of(close=[1.0, 2.0, 3.0]).frame, FACTS)
    lake.write("bars", BAD, bad, FACTS)
    return lake


def _bars() -> pl.DataFrame:
    return Bars.of(close=[1.0, 2.0, 3.0]).frame


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("high_and_low_enclose", _bars().with_columns(high=pl.lit(0.5))),
        ("closes_before_next_opens", _bars().with_columns(ts_close=pl.col("ts_close").dt.offset_by("30m"))),
        ("closes_before_next_opens", _bars().with_columns(ts_close=pl.col("ts"))),
        ("satisfies_its_contract", pl.concat([_bars(), _bars()])),
        ("satisfies_its_contract", _bars().with_columns(pl.lit(None, pl.Float64).alias("close"))),
        ("satisfies_its_contract", _bars().drop("volume")),
    ],
)
def test_a_check_finds_its_defect_in_the_bad_key_only(name: str, broken: pl.DataFrame, tmp_path: Path) -> None:
    findings = _named("bars", name).find(_lake(tmp_path, broken), [GOOD, BAD], NOW)
    assert findings[GOOD].n_found == 0
    assert findings[BAD].n_found > 0


def _named(asset: str, name: str) -> Check:
    return next(c for c in discover_checks([asset]) if c.name == name)


def test_every_sql_check_belongs_to_an_asset_and_explains_itself() -> None:
    names = [(c.asset, c.name) for c in discover_checks(["raw_bars", "bars", "features", "market_stats"])]
    assert len(names) == len(set(names)) >= 9
    assert all(len(c.description) > 40 for c in discover_checks(["bars", "market_stats"]))


def test_freshness_counts_the_sessions_since_the_last_bar(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    bars = Bars.of(close=[1.0] * 24, timeframe=Timeframe.H1)  # the last bar closes at 2024-01-02 00:00
    lake.write("bars", GOOD, bars.frame, FACTS)
    behind = {day: FRESHNESS.find(lake, [GOOD], datetime(2024, 1, day, 12, tzinfo=UTC))[GOOD] for day in (2, 5, 6, 20)}
    assert [behind[d].facts["n_sessions_behind"] for d in (2, 5, 6, 20)] == [0, 3, 4, 18]
    assert [behind[d].n_found for d in (2, 5, 6, 20)] == [0, 0, 1, 15]


def test_a_run_over_a_range_logs_one_evaluation_per_check_and_key(tmp_path: Path) -> None:
    project = SmallProject.at(tmp_path)
    project.drop("AAA")
    project.drop("BBB", daily_csv("BBB") + "2022-01-01,BBB,1,2,3,4,oops\n")
    project.register()
    result = project.run_range("research", "AAA|D1", "BBB|W1")
    evaluations = [
        e.event_specific_data for e in result.all_events if e.event_type is DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    whole_run = {(e.asset_key.to_user_string(), e.check_name) for e in evaluations if e.partition is None}
    evaluations = [e for e in evaluations if e.partition is not None]
    expected = {
        (c.asset, c.name, f"{s}|{t}")
        for c in discover_checks(["raw_bars", "bars", "features", "market_stats", "seasonality_profiles"])
        for s in ("AAA", "BBB")
        for t in ("D1", "W1")
    }
    assert {(e.asset_key.to_user_string(), e.check_name, e.partition) for e in evaluations} == expected
    assert whole_run == {(asset, name) for asset, name, _ in expected}
    refused = {e.partition: e for e in evaluations if e.check_name == "no_row_was_refused"}
    assert (refused["AAA|D1"].passed, refused["BBB|D1"].passed) == (True, False)
    assert refused["BBB|D1"].metadata["n_found"].value == 1
    assert refused["BBB|D1"].severity is dg.AssetCheckSeverity.WARN


def _refused_evaluations(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """Partition → passed, of the evaluations logged per key."""
    found = [
        e.event_specific_data for e in result.all_events if e.event_type is DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    return {e.partition: e.passed for e in found if e.partition and e.check_name == "no_row_was_refused"}


def test_a_bulk_run_logs_findings_and_the_end_of_earlier_findings_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quant_pipelines.checks.checks.MAX_LOGGED_KEYS", 0)
    project = SmallProject.at(tmp_path)
    project.drop("AAA")
    project.drop("BBB", daily_csv("BBB") + "2022-01-01,BBB,1,2,3,4,oops\n")
    project.register()
    assert _refused_evaluations(project.run_range("ingest", "AAA|D1", "BBB|D1")) == {"BBB|D1": False}
    # The check is a frozen value that the assets hold already: its rule is exchanged in place and put back.
    rule = REFUSED_ROWS.find
    object.__setattr__(REFUSED_ROWS, "find", lambda _lake, keys, _now: dict.fromkeys(keys, Finding(0)))
    try:
        assert _refused_evaluations(project.run_range("ingest", "AAA|D1", "BBB|D1")) == {"BBB|D1": True}
    finally:
        object.__setattr__(REFUSED_ROWS, "find", rule)
