"""Runs as the web UI's backfill tags them: the range counts, not the single key that is named besides."""

from __future__ import annotations

from pathlib import Path

from tests.pipelines.small_project import SmallProject, keys_of


def test_a_range_run_with_the_dimensions_of_one_key_besides_still_covers_its_range(tmp_path: Path) -> None:
    project = SmallProject.at(tmp_path)
    for symbol in ("AAA", "BBB"):
        project.drop(symbol)
    project.register()
    project.run(
        "research",
        {
            "dagster/asset_partition_range_start": "AAA|D1",
            "dagster/asset_partition_range_end": "AAA|W1",
            "dagster/partition/symbol": "BBB",
            "dagster/partition/timeframe": "D1",
        },
    )
    for stage in ("raw_bars", "bars", "features", "market_stats"):
        assert project.materialized(stage) == keys_of(["AAA"], ["D1", "W1"])
    assert {str(k) for k in project.lake.keys("market_stats")} == keys_of(["AAA"], ["D1", "W1"])
