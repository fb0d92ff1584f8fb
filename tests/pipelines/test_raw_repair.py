"""Raw repair: manifests from copies and parts, parts from sources; nothing delivered counts as never delivered."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from quant_core.errors import LakeError
from quant_pipelines.lake.lake import Lake
from quant_pipelines.raw.raw_repair import RawRepair, repair_raw
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.sources.catalog import Offer
from tests.pipelines.damage import KINDS, harm
from tests.pipelines.killed_storage import Killed, killed_lake
from tests.pipelines.raw_damages import FOLDER, MANIFESTS, faults, growing_history, raw_content, repaired
from tests.pipelines.raw_histories import (
    KEY,
    Script,
    early_folding,
    hours,
    instrument,
    played,
    random_sessions,
    said,
    scripted,
)
from tests.pipelines.small_project import data_files, fingerprints


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with parts, folds, a version 2 and a delivery log."""
    folder = tmp_path_factory.mktemp("built")
    played(folder, [growing_history()])
    names = set(data_files(folder))
    assert any("/_folded/" in n for n in names)
    assert any("/_v2/" in n for n in names)
    assert any("/_deliveries/" in n for n in names)
    return folder


@pytest.fixture
def lake_folder(built: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(built, tmp_path / "lake"))


def _files_with_kinds() -> list[object]:
    """Each sort of file with each kind of damage; two kinds of each run by default."""
    sorts = [*MANIFESTS, "_folded/*", "_v2/*", "_deliveries/*"]
    return [
        pytest.param(sort, kind, marks=[] if (i + j) % 3 == 0 else pytest.mark.slow)
        for i, sort in enumerate(sorts)
        for j, kind in enumerate(KINDS)
    ]


@pytest.mark.parametrize(("file", "kind"), _files_with_kinds())
def test_every_kind_of_damage_is_named_and_mended(lake_folder: Path, file: str, kind: str) -> None:
    before, told = raw_content(lake_folder), said(RawStore(Lake(str(lake_folder))))
    path = sorted((lake_folder / FOLDER).glob(file))[-1]
    harm(path, kind)
    assert faults(lake_folder) == {path.name: kind}
    done = repaired(lake_folder, growing_history())
    if file.startswith("_deliveries"):
        assert not done.is_whole
        assert "Lost of EURUSD|H1: deliveries 6 to 10: 5 records" in done.lines[-1]
        assert said(RawStore(Lake(str(lake_folder)))) == told
    else:
        assert done.is_whole, done.lines
        assert raw_content(lake_folder) == before
    assert faults(lake_folder) == {}
    assert repaired(lake_folder, growing_history()) == RawRepair((), is_whole=True)
    kept = [p for p in (lake_folder / "damaged").rglob("*") if p.is_file()]
    assert len(kept) == (kind != "deleted")


@pytest.mark.parametrize("kind", ["deleted", "truncated"])
def test_a_manifest_that_is_gone_is_not_nothing_delivered(lake_folder: Path, kind: str) -> None:
    store, source = RawStore(Lake(str(lake_folder))), growing_history()
    before = raw_content(lake_folder)
    harm(lake_folder / FOLDER / "manifest.json", kind)
    damaged = raw_content(lake_folder)
    for asked in (lambda: store.ingest(source, instrument()), lambda: store.read(KEY), lambda: store.manifest(KEY)):
        with pytest.raises(LakeError, match="qe doctor --repair"):
            asked()
    assert store.keys() == [KEY]
    assert raw_content(lake_folder) == damaged
    assert repaired(lake_folder).is_whole
    assert raw_content(lake_folder) == before
    store.ingest(source, instrument())
    assert raw_content(lake_folder) == before


@pytest.mark.parametrize("rules", ["keep", "remove"])
@pytest.mark.parametrize("seed", [2, *(pytest.param(s, marks=pytest.mark.slow) for s in range(3, 12))])
def test_without_manifest_and_copy_the_parts_say_everything(seed: int, rules: str, tmp_path: Path) -> None:
    sessions = random_sessions(seed, 10)
    with early_folding():
        store = played(tmp_path, sessions, rules)
        told, before = said(store), store.manifest(KEY)
        rows, deliveries = store.stored_rows(KEY), store.deliveries(KEY)
        assert before is not None
        for name in MANIFESTS:
            (tmp_path / FOLDER / name).unlink()
        with pytest.raises(LakeError, match="is missing"):
            store.ingest(sessions[-1], instrument(rules))
        done = repaired(tmp_path)
        assert done.is_whole, done.lines
        after = store.manifest(KEY)
        assert after is not None
        newest = max(d.number for d in deliveries if d.part_numbers or d.quarantine_numbers)
        if newest == before.totals.n_deliveries:
            assert said(store) == told
            assert after.data_version() == before.data_version()
            assert (after.totals, after.watermarks) == (before.totals, before.watermarks)
        assert store.stored_rows(KEY).equals(rows)
        assert {d.number for d in store.deliveries(KEY)} <= {d.number for d in deliveries}
        for session in {s.name: s for s in sessions}.values():
            store.ingest(session, instrument(rules))
        assert said(store) == told


def test_a_copy_that_is_one_delivery_behind_takes_it_from_its_parts(tmp_path: Path) -> None:
    """Killed between manifest and copy, and then the manifest is damaged; the source has the row no more."""
    source = growing_history(5)
    store = played(tmp_path, [Script("fake", source.planned[:4])])
    copy = (tmp_path / FOLDER / "manifest.copy.json").read_bytes()
    store.ingest(source, instrument())
    told = said(store)
    (tmp_path / FOLDER / "manifest.copy.json").write_bytes(copy)
    assert faults(tmp_path) == {}
    harm(tmp_path / FOLDER / "manifest.json", "zeroed")
    done = repaired(tmp_path)
    assert done.is_whole, done.lines
    assert said(store) == told
    store.ingest(Script("fake", []), instrument())
    assert said(store) == told


def test_a_half_written_delivery_is_set_aside_and_delivered_again(tmp_path: Path) -> None:
    source = growing_history(4)
    store = played(tmp_path, [source])
    expected = fingerprints(tmp_path)
    part = tmp_path / FOLDER / "_v1" / "part-00004.parquet"
    part.write_bytes(part.read_bytes()[:100])
    for name in MANIFESTS:
        (tmp_path / FOLDER / name).unlink()
    done = repaired(tmp_path)
    assert any("part-00004.parquet is set aside" in line for line in done.lines)
    store.ingest(source, instrument())
    assert {n: h for n, h in fingerprints(tmp_path).items() if not n.startswith("damaged/")} == expected


def test_a_first_delivery_that_was_killed_is_no_damage(tmp_path: Path) -> None:
    store = played(tmp_path, [growing_history(1)])
    for name in MANIFESTS:
        (tmp_path / FOLDER / name).unlink()
    (tmp_path / FOLDER / "first_delivery.pending").write_bytes(b"")
    assert store.keys() == []
    assert store.manifest(KEY) is None
    assert store.ingest(growing_history(1), instrument()).n_parts == 1
    assert not (tmp_path / FOLDER / "first_delivery.pending").exists()


def test_rows_that_no_source_has_are_lost_by_name_and_the_rest_is_read(lake_folder: Path) -> None:
    store = RawStore(Lake(str(lake_folder)))
    before = store.manifest(KEY)
    (part,) = sorted((lake_folder / FOLDER / "_folded").glob("part-*"))
    harm(part, "altered")
    with pytest.raises(LakeError, match="is damaged"):
        store.read(KEY)
    done = repaired(lake_folder)
    assert not done.is_whole
    assert done.lines[-1] == (
        "Lost of EURUSD|H1: delivered parts of rows 1 to 8: 8 rows from 2024-01-01 00:00 to 2024-01-01 07:00, "
        "0 of them restored"
    )
    after = store.manifest(KEY)
    assert before is not None
    assert after is not None
    assert after.data_version() != before.data_version()
    assert store.read(KEY).rows.sort("ts")["close"].to_list() == [99.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0]
    again = store.manifest(KEY)
    assert repaired(lake_folder).is_whole
    assert store.manifest(KEY) == again


def test_what_the_source_still_has_of_a_lost_part_comes_back_and_later_deliveries_win(lake_folder: Path) -> None:
    store = RawStore(Lake(str(lake_folder)))
    told = store.read(KEY).rows.sort("ts").select("ts", "close")
    (part,) = sorted((lake_folder / FOLDER / "_folded").glob("part-*"))
    harm(part, "deleted")
    whole = scripted([hours({h: float(h + 1) for h in range(6)})])  # another batch, and not all of it
    done = repaired(lake_folder, whole)
    assert "8 rows from 2024-01-01 00:00 to 2024-01-01 07:00, 5 of them restored" in done.lines[-1]
    rows = store.read(KEY).rows.sort("ts").select("ts", "close")
    assert rows.equals(told.filter(~pl.col("ts").dt.hour().is_in([6, 7])))
    assert rows["close"][2] == 99.0
    store.ingest(growing_history(), instrument())
    assert store.read(KEY).rows.height == 12


@pytest.mark.parametrize(
    ("harmed", "source"),
    [
        (MANIFESTS, growing_history()),
        ((MANIFESTS[0], "_v2/part-00012.parquet"), growing_history()),
        (("_folded/part-00000001-00000008.parquet",), scripted([hours({h: float(h + 1) for h in range(6)})])),
    ],
    ids=["manifests", "manifest and part", "lost rows"],
)
def test_a_repair_that_is_killed_anywhere_is_ended_by_the_next(
    built: Path, tmp_path: Path, harmed: tuple[str, ...], source: Script
) -> None:
    def harmed_lake(name: str) -> Path:
        folder = Path(shutil.copytree(built, tmp_path / name))
        for file in harmed:
            harm(folder / FOLDER / file, "zeroed")
        return folder

    clean = harmed_lake("clean")
    repaired(clean, source)
    expected = fingerprints(clean)
    for n_left in range(50):
        folder = harmed_lake(f"killed_{n_left}")
        try:
            repair_raw(killed_lake(folder, n_left), KEY, Offer(source, instrument()))
        except Killed:
            repaired(folder, source)
            assert fingerprints(folder) == expected, f"killed before operation {n_left}"
        else:
            break
    assert n_left > 2


def test_a_manifest_of_a_later_release_is_no_damage_and_stays(lake_folder: Path) -> None:
    for name in MANIFESTS:
        path = lake_folder / FOLDER / name
        path.write_bytes(path.read_bytes().replace(b'"format": 2', b'"format": 3'))
    before = raw_content(lake_folder)
    assert faults(lake_folder) == {}
    done = repaired(lake_folder, growing_history())
    assert "expected format 2, found 3. Nothing is wrong with it" in done.lines[0]
    assert raw_content(lake_folder) == before
    with pytest.raises(LakeError, match="found 3"):
        RawStore(Lake(str(lake_folder))).ingest(growing_history(), instrument())
