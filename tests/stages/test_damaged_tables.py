"""A run over damaged files: each is named, kept in ``damaged/``, and made again with the bytes it had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.stages.key_run import KeyOutcome, KeyPlan, run_key
from quant_pipelines.stages.stage import discover_stages
from tests.pipelines.small_project import SmallProject, fingerprints

KEY = PartitionKey("AAA", "D1")
TABLES = (
    "bars",
    "quality",
    "quarantine",
    "coverage",
    "features",
    "market_stats",
    "seasonality_profiles",
    "seasonality_stability",
)
STAGES = [s for s in discover_stages("symbol_timeframe") if s.refresh != "on_request"]


def flip_middle(content: bytes) -> bytes:
    """A bit of the pages changed; the footer says that all is well."""
    changed = bytearray(content)
    changed[60] ^= 4
    return bytes(changed)


BY_FACTS: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda c: c[: len(c) // 2],
    "zeroed": lambda c: bytes(len(c)),
    "empty": lambda c: b"",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """A project with every table of one key."""
    project = SmallProject.at(tmp_path_factory.mktemp("built"))
    project.drop("AAA")
    project.register()
    project.run_key("research", "AAA|D1")
    return project


def _file(project: SmallProject, table: str) -> Path:
    return Path(project.lake.location(table, KEY))


def _run(project: SmallProject, *names: str) -> KeyOutcome:
    stages = [s for s in STAGES if not names or s.name in names]
    return run_key(project.inputs, KeyPlan(stages), KEY)


def _sound(project: SmallProject) -> dict[str, str]:
    return {n: h for n, h in fingerprints(project.root / "lake").items() if not n.startswith("damaged/")}


@pytest.mark.parametrize("kind", BY_FACTS)
@pytest.mark.parametrize("table", TABLES)
def test_damage_that_the_facts_show_is_made_again_by_the_next_run(built: SmallProject, table: str, kind: str) -> None:
    before, path = _sound(built), _file(built, table)
    damaged = BY_FACTS[kind](path.read_bytes())
    path.write_bytes(damaged)
    state = built.states()["AAA|D1"]
    assert state.status == "missing"
    relative = path.relative_to(built.root / "lake").as_posix()
    assert f"{relative} of the lake is damaged ({kind})" in state.deciding.reason
    outcome = _run(built)
    assert outcome.failures == []
    assert any(f"a damaged file of {table} was set aside as damaged/{relative}" in p for p in outcome.problems)
    kept = list((built.root / "lake" / "damaged" / relative).parent.glob(f"data.parquet.{kind}-*"))
    assert damaged in [k.read_bytes() for k in kept]
    assert _sound(built) == before
    assert built.states()["AAA|D1"].status == "up_to_date"


@pytest.mark.parametrize("table", TABLES)
def test_a_deleted_table_is_missing_and_made_again(built: SmallProject, table: str) -> None:
    before = _sound(built)
    _file(built, table).unlink()
    state = built.states()["AAA|D1"]
    assert state.status == "missing"
    assert "not in the lake" in state.deciding.reason
    assert _run(built).failures == []
    assert _sound(built) == before


def test_rows_that_changed_are_found_by_the_stage_that_reads_them_and_made_again_at_once(built: SmallProject) -> None:
    before, bars = _sound(built), _file(built, "bars")
    changed = flip_middle(bars.read_bytes())
    bars.write_bytes(changed)
    _file(built, "features").unlink()  # so that something reads bars
    outcome = _run(built)
    assert outcome.failures == []
    assert any(
        "bars/symbol=AAA/timeframe=D1/data.parquet of the lake is damaged (altered)" in p for p in outcome.problems
    )
    assert {s.stage: s.status for s in outcome.stages if s.status == "written"} == {
        "bars": "written",
        "features": "written",
    }
    assert _sound(built) == before
    kept = (built.root / "lake" / "damaged" / "bars" / "symbol=AAA" / "timeframe=D1").glob("*altered*")
    assert changed in [k.read_bytes() for k in kept]


def test_rows_that_changed_cost_a_run_that_does_not_make_them_and_the_next_one_makes_them(built: SmallProject) -> None:
    before, bars = _sound(built), _file(built, "bars")
    bars.write_bytes(flip_middle(bars.read_bytes()))
    _file(built, "features").unlink()
    outcome = _run(built, "features")
    assert [s.stage for s in outcome.failures] == ["features"]
    assert "kept as damaged/bars/symbol=AAA/timeframe=D1/data.parquet.altered-" in outcome.failures[0].reason
    assert not bars.exists()
    assert _run(built).failures == []
    assert _sound(built) == before
