"""Seals: every single changed bit of a published file is noticed, and every Parquet reader reads a sealed file."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from quant_core.errors import DamagedFileError, LakeError
from quant_pipelines.lake.damage import fault_in_table
from quant_pipelines.lake.facts import Facts, facts_in, stored_facts, to_parquet
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.seal import fault_in_page, fault_in_parquet, quick_sum, seal_page
from quant_pipelines.lake.unpartitioned import publish_table, read_table

KEY = PartitionKey("EURUSD", "H1")
FACTS = Facts("data", "code", "spec", 7, "XNYS")
FRAME = pl.DataFrame({"x": [1, 2, 3], "y": [0.5, None, 1.5], "name": ["a", "b", "c"]})
WIDE = pl.DataFrame({f"column_{i}": [float(i)] for i in range(1500)})


def _flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _as_before_seals(frame: pl.DataFrame, facts: Facts) -> bytes:
    """A file as releases before seals wrote it."""
    sealed = to_parquet(frame, facts)
    text = pl.read_parquet_metadata(io.BytesIO(sealed))["quant_engine"]
    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd", metadata={"quant_engine": text})
    return out.getvalue()


def test_every_single_bit_of_a_table_counts_whenever_it_is_read() -> None:
    content = to_parquet(FRAME, FACTS)
    assert fault_in_parquet(content) is fault_in_parquet(content, thorough=False) is None
    unplaced = 0
    for bit in range(8 * len(content)):
        changed = _flipped(content, bit)
        fault = fault_in_parquet(changed, thorough=False)
        if fault is None:  # the length of the footer: the place of the seal is not found
            unplaced += 1
            assert fault_in_table(changed) is not None
            with pytest.raises(DamagedFileError):
                facts_in(changed, "x")
    assert unplaced <= 32


@pytest.mark.slow
def test_every_single_bit_of_a_table_is_noticed_by_the_lake(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.write("demo", KEY, FRAME, FACTS)
    path = Path(lake.location("demo", KEY))
    content = path.read_bytes()
    for bit in range(8 * len(content)):
        path.write_bytes(_flipped(content, bit))
        with pytest.raises(DamagedFileError, match=r"demo/symbol=EURUSD/timeframe=H1/data.parquet.*altered|truncated"):
            lake.read("demo", KEY)


@pytest.mark.parametrize("n_rows", [200_000])
def test_flips_in_a_large_table_count(n_rows: int) -> None:
    generator = random.Random(5)
    frame = pl.DataFrame({"x": [generator.random() for _ in range(n_rows)]})
    content = to_parquet(frame, FACTS)
    assert len(content) > 1_000_000
    for _ in range(300):
        assert fault_in_parquet(_flipped(content, generator.randrange(8 * len(content))), thorough=False) is not None


def test_the_end_of_a_file_with_a_long_footer_is_read_as_a_whole(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.write("demo", KEY, WIDE, FACTS)
    end, size = lake.storage.read_end(lake.path("demo", KEY), 65_536)
    assert len(end) == 65_536 < int.from_bytes(end[-8:-4], "little") < size
    assert stored_facts(lake.storage, lake.path("demo", KEY)) == lake.complete("demo", FACTS, WIDE)


def test_other_readers_read_a_sealed_file_and_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    content = to_parquet(FRAME, FACTS)
    assert content == to_parquet(FRAME, FACTS)
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    assert pl.read_parquet(path).equals(FRAME)
    assert pl.scan_parquet(path).filter(pl.col("x") > 1).collect().height == 2
    assert pq.read_table(path).num_rows == 3
    with duckdb.connect() as connection:
        assert connection.execute("SELECT sum(x) FROM read_parquet(?)", [str(path)]).fetchall() == [(6,)]


DAMAGES: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda c: c[:0], "empty"),
    (lambda c: bytes(len(c)), "zeroed"),
    (lambda c: c[: len(c) // 2], "truncated"),
    (lambda c: c[:-1], "truncated"),
    (lambda c: c[:3], "truncated"),
    (lambda c: c[:100] + c[101:], "altered"),  # a byte is gone: everything after it moved
    (lambda c: c + b"x", "truncated"),
    (lambda c: _flipped(c, 200), "altered"),
    (lambda c: bytes(len(c) - 8) + c[-8:], "altered"),
]


@pytest.mark.parametrize(("change", "kind"), DAMAGES)
def test_kinds_of_damage_are_named_with_the_path(tmp_path: Path, change: Callable[[bytes], bytes], kind: str) -> None:
    lake = Lake(str(tmp_path))
    path = Path(lake.location("demo", KEY))
    path.parent.mkdir(parents=True)
    for file in (to_parquet(FRAME, FACTS), _as_before_seals(FRAME, FACTS)):
        path.write_bytes(change(file))
        if kind == "altered" and file != to_parquet(FRAME, FACTS):
            continue  # a file that was never sealed has nothing to compare with
        with pytest.raises(DamagedFileError, match=r"demo/symbol=EURUSD/timeframe=H1/data.parquet") as caught:
            lake.read("demo", KEY)
        assert caught.value.kind == kind


def test_a_file_from_before_seals_is_read_and_sealed_when_it_is_written_next(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    path = Path(lake.location("demo", KEY))
    path.parent.mkdir(parents=True)
    path.write_bytes(_as_before_seals(FRAME, lake.complete("demo", FACTS, FRAME)))
    assert lake.read("demo", KEY).equals(FRAME)
    assert lake.facts("demo", KEY) == lake.complete("demo", FACTS, FRAME)
    assert not lake.write("demo", KEY, FRAME, FACTS)
    assert lake.write("demo", KEY, FRAME, Facts("newer", "code"))
    assert fault_in_table(path.read_bytes()) is None
    assert b"quant_engine_seal" in path.read_bytes()


def test_a_write_over_damage_sets_it_aside_and_keeps_it(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.write("demo", KEY, FRAME, FACTS)
    path = Path(lake.location("demo", KEY))
    sound = path.read_bytes()
    path.write_bytes(sound[:50])
    assert lake.write("demo", KEY, FRAME, FACTS)
    assert path.read_bytes() == sound
    (kept,) = (tmp_path / "damaged" / "demo" / "symbol=EURUSD" / "timeframe=H1").iterdir()
    assert kept.name.startswith("data.parquet.truncated-")
    assert kept.read_bytes() == sound[:50]
    assert lake.keys("demo") == [KEY]


def test_a_damaged_mart_is_named_and_set_aside_by_the_next_build(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    publish_table(lake, "mart__x", FRAME, FACTS, schema_version="")
    path = tmp_path / "mart__x" / "data.parquet"
    sound = path.read_bytes()
    path.write_bytes(_flipped(sound, 80))
    with pytest.raises(DamagedFileError, match=r"mart__x/data.parquet.*altered"):
        read_table(lake, "mart__x", schema_version="", command="qe launch marts")
    assert publish_table(lake, "mart__x", FRAME, FACTS, schema_version="")
    assert path.read_bytes() == sound
    assert [p.read_bytes() for p in (tmp_path / "damaged" / "mart__x").iterdir()] == [_flipped(sound, 80)]


def test_facts_of_a_later_release_are_no_damage(tmp_path: Path) -> None:
    out = io.BytesIO()
    FRAME.write_parquet(out, metadata={"quant_engine": '{"data_version": "a", "code_version": "b", "new": 1}'})
    with pytest.raises(LakeError, match="does not know") as caught:
        facts_in(out.getvalue(), "x")
    assert not isinstance(caught.value, DamagedFileError)


def test_every_single_bit_of_a_page_counts() -> None:
    page = seal_page(b'<html><meta name="report-identity" content="1"></html>\n')
    assert fault_in_page(page) is None
    for bit in range(8 * len(page)):
        assert fault_in_page(_flipped(page, bit)) is not None
    for end in range(len(page)):
        fault = fault_in_page(page[:end])
        assert fault is not None or page[:end].rstrip().endswith(b"</html>")


def test_the_quick_sum_sees_what_moved() -> None:
    block = bytes(range(256)) * 128
    other = bytes(reversed(block))
    assert len(block) == 32_768
    assert quick_sum(block + other) != quick_sum(other + block)
    assert quick_sum(block) != quick_sum(block[:-1])
