"""The lake: atomic and idempotent writes, provenance, locks, on a local disk and on an object store."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest

from quant_core.errors import LakeError, PartitionLockedError
from quant_pipelines.lake.lake import Facts, Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.storage import Storage

KEY, OTHER = PartitionKey("EURUSD", "H1"), PartitionKey("007", "D1")
FRAME = pl.DataFrame({"x": [1, 2, 3], "y": [0.5, None, 1.5]})
FACTS = Facts("data", "code", "spec", 7, "XNYS")


@pytest.fixture(params=["local", "memory"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """The same lake on both kinds of storage."""
    url = str(tmp_path / "lake") if request.param == "local" else f"memory://{uuid4().hex}"
    return Lake(url, lock_folder=str(tmp_path / "locks"), lock_timeout_s=0.3)


def test_what_is_written_is_read(lake: Lake) -> None:
    assert lake.write("demo", KEY, FRAME, FACTS)
    assert lake.read("demo", KEY).equals(FRAME)
    facts = lake.facts("demo", KEY)
    assert facts is not None
    assert FACTS.same_inputs(facts)
    assert facts.schema_hash


def test_equal_facts_are_not_written_again_and_other_facts_are(lake: Lake) -> None:
    lake.write("demo", KEY, FRAME, FACTS)
    assert not lake.write("demo", KEY, FRAME, FACTS)
    for changed in (
        Facts("other", "code", "spec", 7, "XNYS"),
        Facts("data", "other", "spec", 7, "XNYS"),
        Facts("data", "code", "other", 7, "XNYS"),
        Facts("data", "code", "spec", 8, "XNYS"),
        Facts("data", "code", "spec", 7, "other"),
    ):
        assert lake.write("demo", KEY, FRAME, changed)


def test_listing_and_scanning_take_explicit_keys(lake: Lake) -> None:
    lake.write("demo", KEY, FRAME, FACTS)
    lake.write("demo", OTHER, FRAME.head(1), FACTS)
    assert lake.keys("demo") == [OTHER, KEY]
    assert lake.keys("nothing") == []
    rows = lake.scan("demo", [OTHER, KEY]).collect()
    assert rows.group_by("symbol", "timeframe").len().sort("symbol").rows() == [("007", "D1", 1), ("EURUSD", "H1", 3)]
    with pytest.raises(LakeError, match=r"lacks 1 of 1"):
        lake.scan("demo", [PartitionKey("NEW", "D1")])
    with pytest.raises(LakeError, match=r"lacks 0 of 0"):
        lake.scan("demo", [])


def test_a_missing_partition_says_how_to_make_it(lake: Lake) -> None:
    assert lake.facts("demo", KEY) is None
    with pytest.raises(LakeError, match=r"Materialize demo for EURUSD\|H1"):
        lake.read("demo", KEY)


def test_equal_frames_give_equal_bytes(tmp_path: Path) -> None:
    one, two = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "two"))
    one.write("demo", KEY, FRAME, FACTS)
    two.write("demo", KEY, pl.concat([FRAME.head(1), FRAME.tail(2)], rechunk=False), FACTS)
    first, second = (Path(lake.location("demo", KEY)).read_bytes() for lake in (one, two))
    assert first == second


def test_a_failed_write_leaves_the_old_file_and_no_leftover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(str(tmp_path))
    storage.write("a/b.txt", b"old")

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        storage.write("a/b.txt", b"new")
    monkeypatch.undo()
    assert storage.read("a/b.txt") == b"old"
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b.txt"]


def test_leftovers_of_a_killed_writer_are_ignored_and_cleaned_by_the_next(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.write("demo", KEY, FRAME, FACTS)
    folder = Path(lake.location("demo", KEY)).parent
    (folder / ".data.parquet.0123.tmp").write_bytes(b"half a file")
    assert lake.read("demo", KEY).equals(FRAME)
    assert lake.storage.files(lake.folder("demo", KEY)) == [lake.path("demo", KEY)]
    lake.write("demo", KEY, FRAME, Facts("newer", "code"))
    assert [p.name for p in folder.iterdir()] == ["data.parquet"]


def test_a_foreign_file_is_named(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    path = Path(lake.location("demo", KEY))
    path.parent.mkdir(parents=True)
    FRAME.write_parquet(path)
    with pytest.raises(LakeError, match=r"holds no provenance.*qe doctor"):
        lake.facts("demo", KEY)


def test_a_locked_partition_names_its_holder_and_is_freed_when_the_holder_dies(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from quant_pipelines.lake.lake import Lake\n"
        "from quant_pipelines.lake.partitions import PartitionKey\n"
        "with Lake(sys.argv[1]).lock('demo', PartitionKey('EURUSD', 'H1')):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    lake = Lake(str(tmp_path), lock_timeout_s=0.2)
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(PartitionLockedError, match=rf"process {holder.pid} on .*Wait for"), lake.lock("demo", KEY):
            pytest.fail("two holders of one partition")
        with lake.lock("demo", OTHER):
            pass
        holder.kill()
    with lake.lock("demo", KEY):
        pass
    assert not list((tmp_path / "demo").glob("**/*.lock"))
