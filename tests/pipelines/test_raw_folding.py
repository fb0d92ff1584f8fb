"""Folding: many small parts become few files, and nothing that is read of any version or delivery changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quant_core.errors import LakeError
from quant_pipelines.lake.lake import Lake
from quant_pipelines.raw import part_files
from quant_pipelines.raw.folding import MOST_ROWS, n_to_fold
from quant_pipelines.raw.raw_store import RawStore
from tests.pipelines.killed_storage import Killed, killed_store
from tests.pipelines.raw_histories import (
    KEY,
    WALL,
    Script,
    early_folding,
    hours,
    instrument,
    plain_reading,
    played,
    random_sessions,
    refused,
    said,
    scripted,
    without_folding,
)
from tests.pipelines.small_project import data_files, fingerprints

FOLDER = "raw_bars/symbol=EURUSD/timeframe=H1"


def _one_by_one(n_rows: int) -> list[Script]:
    batches = [hours({h: float(h + 1)}) for h in range(n_rows)]
    return [scripted(batches[: n + 1]) for n in range(n_rows)]


def test_one_row_increments_leave_few_files_and_a_small_manifest(tmp_path: Path) -> None:
    store = played(tmp_path, [_one_by_one(90)[-1]])
    manifest = store.manifest(KEY)
    assert manifest is not None
    assert (manifest.n_parts, manifest.totals.n_deliveries) == (90, 90)
    assert len(manifest.parts) <= 12
    assert len(data_files(tmp_path)) <= 12 + 12 + 2
    assert (tmp_path / FOLDER / "manifest.json").stat().st_size < 20_000
    assert store.read(KEY).rows["close"].to_list() == [float(h + 1) for h in range(90)]
    assert [d.number for d in store.deliveries(KEY)] == list(range(1, 91))
    assert [d.part_numbers for d in store.deliveries(KEY)] == [(n,) for n in range(1, 91)]
    assert store.stored_rows(KEY)["part_number"].to_list() == list(range(1, 91))


@pytest.mark.parametrize("sizes", [[1] * 5000, [3, 1, 700, 2] * 700, [MOST_ROWS // 3, 1, 1, 5] * 300])
def test_the_number_of_files_grows_with_the_logarithm_and_rewriting_is_bounded(sizes: list[int]) -> None:
    files: list[int] = []
    n_written = n_rows = n_most = 0
    for size in sizes:
        files.append(size)
        n_rows, n_written = n_rows + size, n_written + size
        if n_folded := n_to_fold(files):
            n_written += sum(files[-n_folded:])
            files[-n_folded:] = [sum(files[-n_folded:])]
        n_most = max(n_most, len(files))
    assert n_most <= 2 * n_rows // MOST_ROWS + n_rows.bit_length() + 8
    assert n_written <= n_rows * (n_rows.bit_length() + 2)
    assert max(files) <= MOST_ROWS


@pytest.mark.parametrize("rules", ["keep", "remove"])
@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.slow) for s in (0, *range(2, 30)))])
def test_a_folded_store_says_what_one_without_folding_says(seed: int, rules: str, tmp_path: Path) -> None:
    sessions = random_sessions(seed, 16)
    with early_folding():
        folded = played(tmp_path / "folded", sessions, rules)
    with without_folding():
        plain = played(tmp_path / "plain", sessions, rules)
    mine, other = folded.manifest(KEY), plain.manifest(KEY)
    assert mine is not None
    assert other is not None
    assert len(mine.parts) < len(other.parts)
    assert any(part.is_folded for part in mine.parts)
    assert said(folded) == said(plain)
    assert folded.stored_rows(KEY).equals(plain.stored_rows(KEY))
    assert folded.deliveries(KEY) == plain.deliveries(KEY)
    assert mine.data_version() == other.data_version()
    assert (mine.totals, mine.withdrawn, mine.watermarks) == (other.totals, other.withdrawn, other.watermarks)
    for version in range(1, other.version + 1):
        rows, aside, n_never = plain_reading(plain, version)
        raw = folded.read(KEY, version)
        assert raw.rows.equals(rows)
        assert raw.n_never_completed == n_never
        assert raw.quarantine.tail(aside.height).equals(aside)


def test_totals_are_the_sums_of_the_log(tmp_path: Path) -> None:
    with early_folding():
        store = played(tmp_path, random_sessions(5, 16))
    manifest, deliveries = store.manifest(KEY), store.deliveries(KEY)
    assert manifest is not None
    assert manifest.log
    for name in ("n_rows_in", "n_known", "n_restated", "n_quarantined", "n_quarantined_known"):
        assert getattr(manifest.totals, name) == sum(getattr(d, name) for d in deliveries)
    rows = store.stored_rows(KEY).filter(~pl.col("is_withdrawn"))
    for delivery in deliveries:
        n_stored = rows.filter(pl.col("part_number").is_in(delivery.part_numbers)).height
        assert n_stored == delivery.n_new + delivery.n_completed + delivery.n_restated
    latest = {(d.source, d.origin): d.n_withdrawn for d in deliveries}
    assert manifest.n_withdrawn_kept == sum(latest.values())


def test_a_run_that_brings_nothing_new_writes_nothing(tmp_path: Path) -> None:
    with early_folding():
        sessions = random_sessions(3, 8)
        store = played(tmp_path, sessions)
        again = {session.name: session for session in sessions}
        for session in again.values():
            store.ingest(session, instrument())
        before = {n: (p.stat().st_mtime_ns, p.read_bytes()) for n, p in data_files(tmp_path).items()}
        for session in again.values():
            store.ingest(session, instrument())
    assert {n: (p.stat().st_mtime_ns, p.read_bytes()) for n, p in data_files(tmp_path).items()} == before


def test_known_rows_of_a_source_that_stays_where_it_is_add_no_record(tmp_path: Path) -> None:
    """A table whose last window is read again by every run."""
    store = RawStore(Lake(str(tmp_path)), WALL)
    source = scripted([hours({0: 1.0, 1: 2.0})])
    first = store.ingest(source, instrument())
    before = fingerprints(tmp_path)
    overlap = scripted([hours({1: 2.0})]).planned
    again = Script("fake", overlap)
    again.deliveries = lambda _instrument, _watermark: iter(overlap)  # pyright: ignore[reportAttributeAccessIssue]
    assert store.ingest(again, instrument()) == first
    assert fingerprints(tmp_path) == before


@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.slow) for s in range(2, 7))])
def test_a_kill_between_any_two_operations_leaves_the_same_store(seed: int, tmp_path: Path) -> None:
    sessions = random_sessions(seed, 6)
    with early_folding():
        clean = played(tmp_path / "clean", sessions)
        expected, told = fingerprints(tmp_path / "clean"), said(clean)
        kills = 0
        for n_left in range(10_000):
            folder = tmp_path / f"killed_{n_left}"
            was_killed = False
            for session in sessions:
                try:
                    killed_store(folder, n_left if not was_killed else 10_000).ingest(session, instrument())
                except Killed:
                    was_killed = True
                    _reads_as_before_or_after(folder)
                    RawStore(Lake(str(folder)), WALL).ingest(session, instrument())
            kills += was_killed
            assert fingerprints(folder) == expected, f"killed before operation {n_left} of a session"
            if not was_killed:
                break
        assert said(RawStore(Lake(str(folder)), WALL)) == told
    assert kills > 8


def _reads_as_before_or_after(folder: Path) -> None:
    store = RawStore(Lake(str(folder)), WALL)
    if store.manifest(KEY) is not None:
        assert store.read(KEY).rows.height
        assert store.deliveries(KEY)


def test_the_same_history_fetched_at_other_times_has_the_same_data_version(tmp_path: Path) -> None:
    batches = [hours({h: float(h + 1)}) for h in range(20)]
    early, late = (RawStore(Lake(str(tmp_path / name)), WALL) for name in ("early", "late"))
    one = early.ingest(scripted(batches), instrument())
    two = late.ingest(scripted(batches, raw_times_later()), instrument())
    assert one.fetched_at != two.fetched_at
    assert one.data_version() == two.data_version()
    assert fingerprints(tmp_path / "early") == fingerprints(tmp_path / "late")


def raw_times_later() -> Any:
    return scripted([hours({0: 1.0})]).planned[0].fetched_at.replace(year=2040)


def test_a_reader_that_holds_the_manifest_while_parts_are_folded_reads_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = _one_by_one(8)
    store = played(tmp_path, sessions[:7])
    read_part: Callable[..., pl.DataFrame] = part_files.read_part
    n_reads = 0

    def slow(*arguments: Any) -> pl.DataFrame:
        nonlocal n_reads
        n_reads += 1
        if n_reads == 3:
            RawStore(Lake(str(tmp_path)), WALL).ingest(sessions[7], instrument())
        return read_part(*arguments)

    monkeypatch.setattr(part_files, "read_part", slow)
    assert store.read(KEY).rows.height == 8
    part = next((tmp_path / FOLDER / "_folded").iterdir())
    part.unlink()
    with pytest.raises(LakeError, match="is not in the lake"):
        store.read(KEY)


def test_damage_to_an_old_part_does_not_stop_new_rows(tmp_path: Path) -> None:
    sessions = _one_by_one(9)
    store = played(tmp_path, sessions[:7])
    part = tmp_path / FOLDER / "_v1" / "part-00003.parquet"
    part.write_bytes(b"")
    lines: list[str] = []
    manifest = store.ingest(sessions[8], instrument(), lines.append)
    assert manifest.n_parts == 9
    assert any("not folded" in line and "part-00003" in line for line in lines)
    with pytest.raises(LakeError, match=r"is damaged.*qe doctor"):
        store.read(KEY)


def test_refused_rows_of_many_files_are_folded_and_known_again(tmp_path: Path) -> None:
    planned = scripted([hours({h: 1.0}) for h in range(12)]).planned
    bad = [refused([f"line {n}"]) for n in range(12)]
    for n, delivery in enumerate(planned):
        planned[n] = type(delivery)(**{**vars(delivery), "quarantine": bad[n], "n_rows_in": 2})
    store = played(tmp_path, [Script("fake", planned)])
    manifest = store.manifest(KEY)
    assert manifest is not None
    assert (len(manifest.quarantine), manifest.n_quarantine_parts) == (5, 12)
    assert store.read(KEY).quarantine.equals(pl.concat(bad))
