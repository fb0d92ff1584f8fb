"""Files of another schema: refused wherever a table is read, by name and with the command; mended key by key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest

from quant_core.errors import LakeError, SchemaVersionError
from quant_core.tables import TABLES, Column, Table
from quant_pipelines.calibration.calibration_run import read_calibration
from quant_pipelines.checks.checks import discover_checks
from quant_pipelines.lake.facts import Facts
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import Key, PartitionKey, SymbolKey, WholeKey
from quant_pipelines.lake.query import read_mart, run_select
from quant_pipelines.lake.schemas import declared_version
from quant_pipelines.lake.sql_files import mart_file, parse_sql_file
from quant_pipelines.lake.unpartitioned import publish_table
from quant_pipelines.marts.marts import build_mart
from quant_pipelines.report.publishing import publish_report
from quant_pipelines.resources import ResearchResource
from quant_pipelines.stages.key_tables import KeyTables
from tests.pipelines.small_project import SmallProject

OLD = [PartitionKey(symbol, "D1") for symbol in ("A", "B", "C", "D")]
NEW = PartitionKey("E", "D1")
FACTS = Facts("inputs", "code")
COVERAGE = TABLES["coverage"]


def _frame(table: Table) -> pl.DataFrame:
    """One row of coverage, with the columns and types of a declaration."""
    row = {"month": date(2020, 1, 1), "n_bars": 20, "n_expected": 20, "n_missing": 0, "n_off_calendar": 0, "share": 1}
    columns = {name: [row.get(name, 0)] for name in table.schema}
    return pl.DataFrame(columns, strict=False).cast(table.schema)


def _with_column_added() -> Table:
    added = Column("n_late", pl.Int64, "count", "Late bars.", nullable=True)
    return replace(COVERAGE, columns=(*COVERAGE.columns, added))


def _with_column_removed() -> Table:
    return replace(COVERAGE, columns=tuple(c for c in COVERAGE.columns if c.name != "n_off_calendar"))


def _with_column_retyped() -> Table:
    return _changed("n_bars", dtype=pl.Int32)


def _with_column_nullable() -> Table:
    return _changed("n_bars", nullable=True)


def _with_another_key() -> Table:
    return replace(COVERAGE, key=("month", "n_bars"))


def _changed(name: str, **fields: object) -> Table:
    columns = tuple(replace(c, **fields) if c.name == name else c for c in COVERAGE.columns)  # pyright: ignore
    return replace(COVERAGE, columns=columns)


# Earlier declaration → what the refusal says about its files.
EARLIER: list[tuple[Callable[[], Table], str]] = [
    (_with_column_added, "has n_late besides"),
    (_with_column_removed, "it lacks n_off_calendar"),
    (_with_column_retyped, "n_bars is Int32, not Int64"),
    (_with_column_nullable, "same columns and types; what may be null, or the key, differs"),
    (_with_another_key, "same columns and types; what may be null, or the key, differs"),
]


@pytest.fixture(params=["local", "memory"])
def empty_lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    url = str(tmp_path / "lake") if request.param == "local" else f"memory://{uuid4().hex}"
    return Lake(url, lock_folder=str(tmp_path / "locks"))


@pytest.fixture(params=EARLIER, ids=lambda p: p[0].__name__.removeprefix("_with_"))
def mixed(request: pytest.FixtureRequest, empty_lake: Lake, monkeypatch: pytest.MonkeyPatch) -> tuple[Lake, str]:
    """A lake with four files of an earlier declaration and one of today's; and what tells them apart."""
    declaration, difference = request.param
    monkeypatch.setitem(TABLES, "coverage", declaration())
    for key in OLD:
        empty_lake.write("coverage", key, _frame(declaration()), FACTS)
    monkeypatch.undo()
    empty_lake.write("coverage", NEW, _frame(COVERAGE), FACTS)
    return empty_lake, difference


def _refusal(read: Callable[[], object]) -> str:
    with pytest.raises(SchemaVersionError) as caught:
        read()
    return str(caught.value)


def test_every_way_to_read_several_files_refuses_and_says_all_that_is_needed(mixed: tuple[Lake, str]) -> None:
    lake, difference = mixed
    rule = parse_sql_file("coverage__has_bars", "-- Bars.\nSELECT symbol, timeframe FROM coverage WHERE n_bars < 0")
    for read in (
        lambda: lake.scan("coverage", [*OLD, NEW]),
        lambda: build_mart(mart_file("mart__coverage"), lake, {}),
        lambda: run_select(rule, lake, {"coverage": [*OLD, NEW]}),
    ):
        text = _refusal(read)
        assert text.startswith("Table coverage has another schema in 4 of 5 files: A|D1, B|D1, C|D1 and 1 more: ")
        assert f"expected schema {COVERAGE.schema_version}, found " in text
        assert difference in text
        assert text.endswith("Write them anew: qe backfill --stale")


def test_one_file_is_refused_with_the_command_for_its_key(mixed: tuple[Lake, str]) -> None:
    lake, difference = mixed
    text = _refusal(lambda: lake.read("coverage", OLD[0]))
    assert "in 1 of 1 files: A|D1: expected" in text
    assert difference in text
    assert text.endswith("Write them anew: qe launch research 'A|D1'")


@pytest.mark.parametrize("key", [SymbolKey("A"), WholeKey()], ids=str)
def test_files_of_a_symbol_and_of_everything_are_refused_like_others(
    empty_lake: Lake, monkeypatch: pytest.MonkeyPatch, key: Key
) -> None:
    monkeypatch.setitem(TABLES, "coverage", _with_column_removed())
    empty_lake.write("coverage", key, _frame(_with_column_removed()), FACTS)
    monkeypatch.undo()
    text = _refusal(lambda: empty_lake.read("coverage", key))
    assert "it lacks n_off_calendar" in text
    assert text.endswith(f"Write them anew: the job that makes coverage, for {key}")


def test_files_of_the_present_schema_are_read_beside_refused_ones(mixed: tuple[Lake, str]) -> None:
    lake, _ = mixed
    assert lake.read("coverage", NEW).height == 1
    assert lake.scan("coverage", [NEW]).collect().height == 1


def test_old_files_are_written_anew_key_by_key(mixed: tuple[Lake, str]) -> None:
    lake, _ = mixed
    for n_left in (4, 3, 2, 1):
        assert f"in {n_left} of 5 files" in _refusal(lambda: lake.scan("coverage", [*OLD, NEW]))
        key = OLD[n_left - 1]
        assert not lake.is_current("coverage", key, FACTS)
        assert lake.write("coverage", key, _frame(COVERAGE), FACTS)
        assert lake.is_current("coverage", key, FACTS)
    built = build_mart(mart_file("mart__coverage"), lake, {})
    assert built.frame["n_bars"].to_list() == [20] * 5


def test_a_partition_is_stale_when_a_table_beside_it_is_missing_or_older(mixed: tuple[Lake, str]) -> None:
    lake, _ = mixed
    quality = TABLES["quality"].empty()
    for key in (OLD[0], NEW):
        lake.write("quality", key, quality, FACTS)
    assert not lake.is_current("quality", OLD[0], FACTS, beside=["coverage"])
    assert lake.is_current("quality", NEW, FACTS, beside=["coverage"])
    assert not lake.is_current("quality", NEW, FACTS, beside=["coverage", "quarantine"])


def test_a_file_older_than_schema_versions_counts_as_another_schema(tmp_path: Path) -> None:
    lake, facts = Lake(str(tmp_path)), '{"code_version": "c", "data_version": "d", "schema_hash": "s"}'
    path = Path(lake.location("coverage", NEW))
    path.parent.mkdir(parents=True)
    _frame(COVERAGE).write_parquet(path, metadata={"quant_engine": facts})
    text = _refusal(lambda: lake.read("coverage", NEW))
    assert "found none (older than schema versions)" in text
    assert text.endswith("qe launch research 'E|D1'")
    assert not lake.is_current("coverage", NEW, Facts("d", "c"))


def test_a_file_of_a_later_release_is_named(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    path = Path(lake.location("coverage", NEW))
    path.parent.mkdir(parents=True)
    facts = '{"code_version": "c", "data_version": "d", "moon_phase": "full"}'
    _frame(COVERAGE).write_parquet(path, metadata={"quant_engine": facts})
    with pytest.raises(LakeError, match=r"does not know.*\['moon_phase'\] besides.*release that wrote it"):
        lake.facts("coverage", NEW)


def test_columns_that_the_research_file_adds_must_agree_between_files(empty_lake: Lake) -> None:
    base = TABLES["features"].empty()
    for symbol, name in (("A", "rsi(window=14)"), ("B", "rsi(window=14)"), ("C", "rsi(window=7)")):
        frame = base.with_columns(pl.lit(None, pl.Float64).alias(name))
        empty_lake.write("features", PartitionKey(symbol, "D1"), frame, FACTS)
    keys = empty_lake.keys("features")
    select = parse_sql_file("features__x", "-- Rows.\nSELECT * FROM features")
    for read in (lambda: empty_lake.scan("features", keys), lambda: run_select(select, empty_lake)):
        text = _refusal(read)
        assert "expected those of A|D1 in all 3 files, found others in 1: C|D1" in text
        assert "it lacks rsi(window=14); has rsi(window=7) besides" in text
        assert text.endswith("qe backfill --stale")
    assert empty_lake.scan("features", keys[:2]).collect().height == 0


def test_a_contract_check_reports_another_schema_as_a_finding(mixed: tuple[Lake, str]) -> None:
    lake, difference = mixed
    check = next(c for c in discover_checks(["coverage"]) if c.name == "satisfies_its_contract")
    earlier, present = (check.find(KeyTables(lake, key), key) for key in (OLD[0], NEW))
    assert (earlier.n_found, present.n_found) == (1, 0)
    assert difference in str(earlier.facts["breach"])


def test_a_mart_of_earlier_columns_is_refused_until_it_is_built_again(empty_lake: Lake) -> None:
    empty_lake.write("coverage", NEW, _frame(COVERAGE), FACTS)
    file = mart_file("mart__coverage")
    earlier = replace(file, columns=file.columns[:-1])
    publish_table(empty_lake, file.name, pl.DataFrame({"x": [1]}), FACTS, schema_version=earlier.schema_version)
    select = parse_sql_file("mart__x", "-- Rows.\nSELECT * FROM mart__coverage")
    for read in (lambda: read_mart(file.name, empty_lake), lambda: run_select(select, empty_lake)):
        text = _refusal(read)
        assert text.startswith("Table mart__coverage has another schema in 1 of 1 files")
        assert text.endswith("qe launch marts")
    assert build_mart(file, empty_lake, {}).is_written
    assert read_mart(file.name, empty_lake).height == 1


def test_the_calibration_table_of_earlier_columns_is_refused(empty_lake: Lake) -> None:
    table = TABLES["calibration"].empty()
    publish_table(empty_lake, "calibration", table, FACTS, schema_version="0000")
    assert _refusal(lambda: read_calibration(empty_lake)).endswith("qe launch calibration")
    publish_table(empty_lake, "calibration", table, FACTS, schema_version=declared_version("calibration"))
    assert read_calibration(empty_lake).equals(table)


def test_a_changed_declaration_makes_keys_stale_and_reports_refuse_until_they_are_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = SmallProject.at(tmp_path)
    keys = [PartitionKey(symbol, "D1") for symbol in ("AAA", "BBB")]
    for key in keys:
        project.drop(key.symbol)
    project.register()
    project.run_range("research", "AAA|D1", "BBB|D1")
    lake = project.lake

    def stale() -> set[PartitionKey]:
        return set(map(PartitionKey.parse, project.keys_that_are("stale")))

    research = ResearchResource(file=str(tmp_path / "config" / "research.yaml")).load()
    publish_report(lake, research, "AAA")
    assert stale() == set()
    quality = TABLES["quality"]
    changed = replace(quality, columns=(*quality.columns[:-1], replace(quality.columns[-1], nullable=True)))
    monkeypatch.setitem(TABLES, "quality", changed)
    assert stale() == set(keys)
    (tmp_path / "lake" / "reports" / "AAA.html").unlink()
    assert "Table quality has another schema" in _refusal(lambda: publish_report(lake, research, "AAA"))
    project.run_key("research", "AAA|D1")
    assert stale() == {keys[1]}
    assert publish_report(lake, research, "AAA").is_written
    project.run_key("research", "BBB|D1")
    assert stale() == set()
    assert lake.scan("quality", keys).collect()["symbol"].n_unique() == 2
