"""``qe doctor``: 45 kinds of damage, raw rows, marts and reports are named, kept and mended; nothing is deleted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from quant_pipelines.checks.intact_check import look_at_sample
from quant_pipelines.checks.lake_files import published_files
from quant_pipelines.lake.facts import stored_facts
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.stages.key_run import KeyPlan, run_key
from quant_pipelines.stages.stage import discover_stages
from tests.pipelines.damage import KINDS, harm, qe
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
    "stats_details",
)
DETAILS = ("details", "AAA", "D1", "--event", "k_consecutive(window_bars=2)", "--target", "up_next_bar")
STAGES = [s for s in discover_stages("symbol_timeframe") if s.refresh != "on_request"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """A project with every file of one key, marts and a report."""
    project = SmallProject.at(tmp_path_factory.mktemp("doctor"))
    (project.root / "home").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in project.environment.items():
            patch.setenv(name, value)
        project.drop("AAA")
        for arguments in (
            ("launch", "register_symbols"),
            ("launch", "research", "AAA|D1"),
            DETAILS,
            ("launch", "marts"),
            ("report", "AAA"),
        ):
            code, text = qe(*arguments)
            assert code == 0, text
    return project


@pytest.fixture
def project(built: SmallProject, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """The built project, in this test's environment."""
    for name, value in built.environment.items():
        monkeypatch.setenv(name, value)
    return built


def _sound(project: SmallProject) -> dict[str, str]:
    return {n: h for n, h in fingerprints(project.root / "lake").items() if not n.startswith("damaged/")}


def _kept(project: SmallProject) -> list[bytes]:
    return [p.read_bytes() for p in (project.root / "lake" / "damaged").rglob("*") if p.is_file()]


def test_a_sound_lake_has_nothing_to_name(project: SmallProject) -> None:
    code, text = qe("doctor")
    assert (code, text) == (
        0,
        f"Lake: {len(published_files(project.lake))} files looked through, 0 damaged, 0 not verifiable.\n",
    )
    assert {f.table for f in published_files(project.lake)} >= {*TABLES, "report", "raw_bars", "mart__coverage"}


def _all_45() -> list[Any]:
    """Every table with every kind; one kind of each table runs by default."""
    return [
        pytest.param(table, kind, marks=[] if j == i % len(KINDS) else pytest.mark.slow, id=f"{table}-{kind}")
        for i, table in enumerate(TABLES)
        for j, kind in enumerate(KINDS)
    ]


@pytest.mark.parametrize(("table", "kind"), _all_45())
def test_45_kinds_of_damage_are_named_kept_and_mended(project: SmallProject, table: str, kind: str) -> None:
    before, path = _sound(project), Path(project.lake.location(table, KEY))
    relative = path.relative_to(project.root / "lake").as_posix()
    damaged = harm(path, kind)
    code, text = qe("doctor")
    assert code == 1
    assert f"Damaged: {relative} ({table} AAA|D1): {kind}, " in text
    assert path.exists() == (kind != "deleted")  # only --repair moves anything
    code, text = qe("doctor", "--repair")
    assert code == 0
    assert not path.exists()
    if kind != "deleted":
        assert f"set aside as damaged/{relative}.{kind}-" in text
        assert damaged in _kept(project)
    if table == "stats_details":
        assert "qe details" in text
        assert qe(*DETAILS)[0] == 0
    else:
        assert "  qe backfill --missing" in text
        assert run_key(project.inputs, KeyPlan(STAGES), KEY).failures == []
    assert _sound(project) == before
    assert qe("doctor")[0] == 0


def test_the_command_that_the_doctor_names_makes_the_tables_again(project: SmallProject) -> None:
    before = _sound(project)
    for table in ("bars", "coverage", "market_stats"):
        harm(Path(project.lake.location(table, KEY)), "altered")
    assert qe("doctor", "--repair")[0] == 0
    assert "missing" in qe("status", "--explain")[1]
    assert qe("backfill", "--missing", "--timeframes", "D1")[0] == 0
    assert _sound(project) == before
    assert qe("doctor")[0] == 0


SOME_SLOW = [pytest.param(k, marks=[] if k in ("truncated", "deleted") else pytest.mark.slow) for k in KINDS]


@pytest.mark.parametrize("kind", SOME_SLOW)
def test_a_mart_is_named_kept_and_built_again(project: SmallProject, kind: str) -> None:
    path = project.root / "lake" / "mart__coverage" / "data.parquet"
    before = path.read_bytes()
    damaged = harm(path, kind)
    code, text = qe("doctor", "--repair")
    assert code == 0
    assert f"Damaged: mart__coverage/data.parquet (mart__coverage): {kind}, " in text
    assert "  qe launch marts" in text
    assert kind == "deleted" or damaged in _kept(project)
    assert qe("launch", "marts")[0] == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", SOME_SLOW)
@pytest.mark.parametrize("by", ["doctor", "next run"])
def test_a_report_is_named_kept_and_written_again(project: SmallProject, kind: str, by: str) -> None:
    path = project.root / "lake" / "reports" / "AAA.html"
    before = path.read_bytes()
    damaged = harm(path, kind)
    code, text = qe("doctor")
    assert code == 1
    assert f"Damaged: reports/AAA.html (report AAA): {kind}, " in text
    if by == "doctor":
        assert "  qe report AAA" in qe("doctor", "--repair")[1]
        assert not path.exists()
    assert qe("report", "AAA")[0] == 0
    assert path.read_bytes() == before
    assert kind == "deleted" or damaged in _kept(project)


RAW_FILES = ("manifest.json", "manifest.copy.json", "_v1/part-00001.parquet")


def _raw_file(project: SmallProject, file: str) -> Path:
    return project.root / "lake" / "raw_bars" / "symbol=AAA" / "timeframe=D1" / file


@pytest.mark.parametrize("kind", SOME_SLOW)
@pytest.mark.parametrize("file", RAW_FILES)
def test_raw_files_are_named_kept_and_mended(project: SmallProject, kind: str, file: str) -> None:
    before, path = fingerprints_of_raw(project), _raw_file(project, file)
    damaged = harm(path, kind)
    harmed = fingerprints_of_raw(project)
    code, text = qe("doctor")
    assert code == 1
    assert f"Damaged: raw_bars/symbol=AAA/timeframe=D1/{file} (raw_bars AAA|D1): {kind}, " in text
    assert "raw rows cannot be computed again. qe doctor --repair" in text
    assert fingerprints_of_raw(project) == harmed  # only --repair moves anything
    code, text = qe("status", "--explain")
    assert code == 0
    if file == "manifest.json":
        assert "AAA|D1: missing, raw_bars: Manifest raw_bars/symbol=AAA/timeframe=D1/manifest.json is " in text
    code, text = qe("doctor", "--repair")
    assert code == 0, text
    assert fingerprints_of_raw(project) == before
    assert kind == "deleted" or damaged in _kept(project)
    assert qe("doctor")[0] == 0


def fingerprints_of_raw(project: SmallProject) -> dict[str, bytes]:
    """Path → content of everything below raw_bars."""
    root = project.root / "lake" / "raw_bars"
    return {str(p): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_files_without_a_checksum_are_named_and_no_damage(project: SmallProject) -> None:
    path = Path(project.lake.location("features", KEY))
    sealed = path.read_bytes()
    facts = stored_facts(project.lake.storage, project.lake.path("features", KEY))
    rows = project.lake.read("features", KEY)
    rows.write_parquet(path, metadata={"quant_engine": json.dumps(facts.__dict__)})
    code, text = qe("doctor")
    assert code == 0
    assert "Not verifiable: 1 files of features, for example features/symbol=AAA/timeframe=D1/data.parquet" in text
    assert "Not verifiable: features/symbol=AAA/" in qe("doctor", "--explain")[1]
    path.write_bytes(sealed)


def test_pages_of_people_are_left_alone(project: SmallProject) -> None:
    page = project.root / "lake" / "reports" / "notes.html"
    page.write_text("<html>half a page")
    assert qe("doctor", "--repair")[0] == 0
    assert page.exists()
    page.unlink()


def test_the_check_samples_by_its_seed_and_names_what_it_finds(project: SmallProject, tmp_path: Path) -> None:
    copy = SmallProject.at(tmp_path / "copy")
    shutil.copytree(project.root / "lake", copy.root / "lake", dirs_exist_ok=True)
    n_files, n_looked_at, found = look_at_sample(copy.lake, n_files=3, seed=1)
    assert (n_files, n_looked_at, found) == (len(published_files(copy.lake)), 3, [])
    harm(Path(copy.lake.location("bars", KEY)), "altered")
    hits = [bool(look_at_sample(copy.lake, n_files=3, seed=seed)[2]) for seed in range(40)]
    assert hits == [bool(look_at_sample(copy.lake, n_files=3, seed=seed)[2]) for seed in range(40)]
    assert 0 < sum(hits) < 40
    result = copy.run("lake_is_intact", {}, run_config={"ops": {"compare_checksums": {"config": {"n_files": 10_000}}}})
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.passed, evaluation.check_name) == (False, "lake_is_intact")
    assert evaluation.metadata["n_damaged"].value == 1
    assert "bars/symbol=AAA/timeframe=D1/data.parquet" in str(evaluation.metadata["damage"].value)
    assert evaluation.metadata["n_looked_at"].value == n_files


def test_the_commands_of_the_docs_mend_damage_everywhere(project: SmallProject) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.partition("## When something breaks\n")[2].partition("\n## ")[0]
    commands = section.partition("```bash\n")[2].partition("```")[0].replace("SP500", "AAA").splitlines()
    assert {"qe doctor", "qe doctor --repair"} < set(commands)
    before = _sound(project)
    lake = project.root / "lake"
    for path in (project.lake.path("features", KEY), "mart__quality/data.parquet", "reports/AAA.html"):
        harm(lake / path, "zeroed")
    # The missing week is none of the damage.
    lines = [f"{c} --timeframes D1" if "backfill" in c else c for c in commands]
    codes = {line: qe(*line.split()[1:])[0] for line in lines}
    assert [line for line, code in codes.items() if code] == ["qe doctor"]
    assert _sound(project) == before
