"""The raw store: append, completion, restatement, crash safety, and the comparison of histories behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.bars.history import VALUES, compare_history, current_rows
from quant_core.errors import LakeError, SchemaVersionError, SourceError
from quant_core.quality import QualityRules
from quant_core.tables import TABLES, Column
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.sources.contract import Delivery, Instrument

KEY = PartitionKey("EURUSD", "H1")
INSTRUMENT = Instrument("EURUSD", Timeframe.H1, "always_open", "fake", "EUR/USD")
START = datetime(2024, 1, 1, tzinfo=UTC)
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def raw_rows(closes: dict[int, float], *, first_row: int = 1) -> pl.DataFrame:
    """Hourly rows: hour since the start → close."""
    n = len(closes)
    values = {c: list(closes.values()) for c in VALUES}
    return pl.DataFrame(
        {
            "symbol": ["EURUSD"] * n,
            "timeframe": ["H1"] * n,
            "vendor_symbol": ["EUR/USD"] * n,
            "ts": [START + timedelta(hours=h) for h in closes],
            **values,
            "origin": ["table"] * n,
            "origin_row": list(range(first_row, first_row + n)),
            "raw_text": [None] * n,
        },
        schema=TABLES["raw_rows"].schema,
    )


@dataclass
class FakeSource:
    """Delivers prepared batches after a watermark that counts them; can die before a batch."""

    batches: list[pl.DataFrame]
    fetched_at: datetime = LATER
    dies_before: int | None = None
    quarantine: pl.DataFrame = field(default_factory=TABLES["quarantine"].empty)
    name: str = "fake"
    is_snapshot: bool = False
    instrument: Instrument = INSTRUMENT

    def instruments(self) -> list[Instrument]:
        return [INSTRUMENT]

    def fingerprint(self, instrument: Instrument) -> str:
        return str(len(self.batches))

    def deliveries(self, instrument: Instrument, watermark: dict[str, Any] | None) -> Iterator[Delivery]:
        done = (watermark or {"n": 0})["n"]
        for i, rows in enumerate(self.batches[done:], start=done):
            if i == self.dies_before:
                raise SourceError("connection lost")
            yield Delivery(
                rows,
                self.quarantine,
                rows.height + self.quarantine.height,
                "table",
                f"hash {i}",
                self.fetched_at,
                {"n": i + 1},
                is_snapshot=self.is_snapshot,
            )


@pytest.fixture
def store(tmp_path: Path) -> RawStore:
    """An empty raw store."""
    return RawStore(Lake(str(tmp_path)))


def closes(store: RawStore, version: int | None = None) -> list[float]:
    """Closes of a version in time order."""
    return store.read(KEY, version).rows.sort("ts")["close"].to_list()


def test_a_cut_connection_resumes_without_gap_or_repeat(store: RawStore, tmp_path: Path) -> None:
    batches = [raw_rows({i: float(i)}, first_row=i + 1) for i in range(5)]
    with pytest.raises(SourceError, match="connection lost"):
        store.ingest(FakeSource(batches, dies_before=3), INSTRUMENT)
    assert closes(store) == [0.0, 1.0, 2.0]
    store.ingest(FakeSource(batches), INSTRUMENT)
    clean = RawStore(Lake(str(tmp_path / "clean")))
    clean.ingest(FakeSource(batches), INSTRUMENT)
    assert store.manifest(KEY) == clean.manifest(KEY)
    assert closes(store) == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_part_of_another_schema_is_refused_and_nothing_promises_to_compute_it_again(
    store: RawStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ingest(FakeSource([raw_rows({0: 1.0})]), INSTRUMENT)
    raw = TABLES["raw_rows"]
    later = replace(raw, columns=(*raw.columns, Column("venue", pl.String, "id", "Where it traded.", nullable=True)))
    monkeypatch.setattr("quant_pipelines.raw.part_files.TABLE_OF", {"rows": later})
    with pytest.raises(SchemaVersionError, match=r"Raw part _v1/part-00001.parquet .*it lacks venue.*never computed"):
        store.read(KEY)


def test_a_long_restatement_in_batches_opens_one_version_even_when_cut(store: RawStore, tmp_path: Path) -> None:
    old = [raw_rows({i: float(i + 1) for i in range(6)})]
    new = [raw_rows({0: 10.0, 1: 20.0}), raw_rows({2: 30.0, 3: 40.0}), raw_rows({4: 5.0, 5: 60.0})]
    store.ingest(FakeSource(old), INSTRUMENT)
    with pytest.raises(SourceError):
        store.ingest(FakeSource(old + new, dies_before=2), INSTRUMENT)
    manifest = store.ingest(FakeSource(old + new), INSTRUMENT)
    assert manifest.version == 2
    assert [r.restatement.n_rows_changed for r in manifest.restatements] == [2, 2, 1]
    assert [r.restatement.max_relative_change for r in manifest.restatements] == [9.0, 9.0, 9.0]
    assert closes(store) == [10.0, 20.0, 30.0, 40.0, 5.0, 60.0]
    assert closes(store, version=1) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    later = store.ingest(FakeSource([*old, *new, raw_rows({0: 99.0})]), INSTRUMENT)
    assert later.version == 3
    clean = RawStore(Lake(str(tmp_path / "clean")))
    clean.ingest(FakeSource(old), INSTRUMENT)
    assert clean.ingest(FakeSource(old + new), INSTRUMENT) == manifest


def test_an_unfinished_bar_is_completed_without_a_new_version(store: RawStore) -> None:
    now = START + timedelta(hours=2, minutes=30)
    store.ingest(FakeSource([raw_rows({0: 1.0, 1: 2.0, 2: 2.5})], fetched_at=now), INSTRUMENT)
    before = store.read(KEY)
    assert (before.rows.height, before.n_never_completed, before.now) == (3, 0, now)
    batches = [raw_rows({0: 1.0, 1: 2.0, 2: 2.5}), raw_rows({2: 3.0, 3: 4.0})]
    manifest = store.ingest(FakeSource(batches, fetched_at=now + timedelta(hours=5)), INSTRUMENT)
    assert manifest.version == 1
    assert manifest.latest.n_completed == 1
    assert closes(store) == [1.0, 2.0, 3.0, 4.0]


def test_a_bar_delivered_again_unchanged_after_its_close_counts_as_completed(store: RawStore) -> None:
    now, rows = START + timedelta(minutes=30), raw_rows({0: 1.0})
    first = store.ingest(FakeSource([rows], fetched_at=now), INSTRUMENT)
    second = store.ingest(FakeSource([rows, rows], fetched_at=now + timedelta(hours=1)), INSTRUMENT)
    assert second.latest.n_completed == 1
    assert first.data_version() != second.data_version()


def test_an_unfinished_bar_that_never_comes_again_is_quarantined_not_used(store: RawStore) -> None:
    now = START + timedelta(hours=1, minutes=30)
    store.ingest(FakeSource([raw_rows({0: 1.0, 1: 2.0})], fetched_at=now), INSTRUMENT)
    store.ingest(FakeSource([raw_rows({0: 1.0, 1: 2.0}), raw_rows({5: 6.0})]), INSTRUMENT)
    raw = store.read(KEY)
    assert closes(store) == [1.0, 6.0]
    assert raw.n_never_completed == 1
    assert raw.quarantine["reason"].to_list() == ["never_completed"]


def test_refused_rows_are_kept_once_with_their_text(store: RawStore) -> None:
    bad = pl.DataFrame(
        [("table", 9, "EURUSD", "H1", None, "unparsable_ts", "31/31/2024;1;1;1;1")],
        schema=TABLES["quarantine"].schema,
        orient="row",
    )
    store.ingest(FakeSource([raw_rows({0: 1.0})], quarantine=bad), INSTRUMENT)
    store.ingest(FakeSource([raw_rows({0: 1.0}), raw_rows({1: 2.0})], quarantine=bad), INSTRUMENT)
    assert store.read(KEY).quarantine.rows() == bad.rows()
    manifest = store.manifest(KEY)
    assert manifest is not None
    for d in store.deliveries(KEY):
        kept = d.n_new + d.n_known + d.n_completed + d.n_restated
        assert d.n_rows_in == kept + d.n_quarantined + d.n_quarantined_known


def test_a_second_refused_row_of_the_same_words_is_stored_at_its_own_place(store: RawStore) -> None:
    """The file gains an equal bad line before the known one: the known one is not stored a second time."""

    def refused(*places: int) -> pl.DataFrame:
        lines = [("f", n, "S", "D1", None, "unparsable_ts", "n/a,n/a") for n in places]
        return pl.DataFrame(lines, schema=TABLES["quarantine"].schema, orient="row")

    batches = [raw_rows({i: float(i)}, first_row=i + 1) for i in range(2)]
    store.ingest(FakeSource(batches[:1], quarantine=refused(9)), INSTRUMENT)
    store.ingest(FakeSource(batches, quarantine=refused(5, 9)), INSTRUMENT)
    stored = store.read(KEY).quarantine
    assert stored["origin_row"].to_list() == [9, 5]
    TABLES["quarantine"].validate(stored)


def test_orphans_of_a_killed_run_do_not_exist_for_readers_and_are_cleaned(store: RawStore, tmp_path: Path) -> None:
    store.ingest(FakeSource([raw_rows({0: 1.0})]), INSTRUMENT)
    folder = tmp_path / "raw_bars/symbol=EURUSD/timeframe=H1"
    (folder / "_v1/part-00002.parquet").write_bytes(b"not named by the manifest")
    (folder / "_v1/.part-00003.parquet.ff.tmp").write_bytes(b"half")
    assert closes(store) == [1.0]
    store.ingest(FakeSource([raw_rows({0: 1.0})]), INSTRUMENT)
    assert [p.name for p in (folder / "_v1").iterdir()] == ["part-00001.parquet"]


def test_a_damaged_part_is_found(store: RawStore, tmp_path: Path) -> None:
    store.ingest(FakeSource([raw_rows({0: 1.0})]), INSTRUMENT)
    part = tmp_path / "raw_bars/symbol=EURUSD/timeframe=H1/_v1/part-00001.parquet"
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(LakeError, match="is damaged"):
        store.read(KEY)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (FakeSource([raw_rows({0: 1.0}).with_columns(symbol=pl.lit("GBPUSD"))]), "1 of another symbol"),
        (FakeSource([]), "delivered nothing"),
    ],
)
def test_a_source_that_breaks_its_contract_stores_nothing(store: RawStore, source: FakeSource, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        store.ingest(source, INSTRUMENT)
    assert store.keys() == []


HISTORY = st.dictionaries(st.integers(0, 12), st.sampled_from([1.0, 2.0, 3.0]), min_size=1, max_size=8)


@settings(deadline=None, max_examples=60)
@given(stored=HISTORY, delivered=HISTORY)
def test_comparison_agrees_with_comparing_bar_by_bar(stored: dict[int, float], delivered: dict[int, float]) -> None:
    old, new = (raw_rows(h).with_columns(is_unfinished=pl.lit(value=False)) for h in (stored, delivered))
    found = compare_history(old.select("ts", *VALUES, "is_unfinished"), new)
    changed = [h for h in delivered if h in stored and stored[h] != delivered[h]]
    assert found.n_new == len(delivered.keys() - stored.keys())
    assert found.n_restated == len(changed)
    assert found.n_known == len(delivered) - found.n_new - found.n_restated
    assert (found.restatement is None) == (not changed)
    if found.restatement is not None:
        expected = max(abs(delivered[h] - stored[h]) / stored[h] for h in changed)
        assert found.restatement.max_relative_change == pytest.approx(expected, rel=1e-12)
    view = current_rows([old.select("ts", "close"), found.rows.select("ts", "close")]).sort("ts")
    assert view["close"].to_list() == [c for _, c in sorted({**stored, **delivered}.items())]


def test_repeats_inside_a_file_and_nulls_are_not_a_restatement() -> None:
    rows = pl.concat([raw_rows({0: 1.0}), raw_rows({0: 1.0}), raw_rows({1: 2.0})]).with_columns(
        volume=pl.lit(None, pl.Float64), is_unfinished=pl.lit(value=False)
    )
    found = compare_history(rows.select("ts", *VALUES, "is_unfinished"), rows)
    assert (found.n_known, found.restatement) == (3, None)


FULL, SHORT = {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}, {1: 2.0, 3: 4.0}


def test_a_snapshot_that_leaves_a_bar_out_is_counted_and_the_bar_is_kept(store: RawStore) -> None:
    store.ingest(FakeSource([raw_rows(FULL)], is_snapshot=True), INSTRUMENT)
    before = store.manifest(KEY)
    after = store.ingest(FakeSource([raw_rows(FULL), raw_rows(SHORT)], is_snapshot=True), INSTRUMENT)
    assert (after.latest.n_withdrawn, after.version) == (1, 1)  # hour 0 lies outside the new range
    assert closes(store) == [1.0, 2.0, 3.0, 4.0]
    assert store.read(KEY).n_withdrawn == 1
    assert before is not None
    assert before.data_version() != after.data_version()
    again = store.ingest(FakeSource([raw_rows(FULL), raw_rows(SHORT), raw_rows(FULL)], is_snapshot=True), INSTRUMENT)
    assert (again.n_withdrawn_kept, again.data_version()) == (0, before.data_version())


def test_a_batch_that_is_no_snapshot_takes_nothing_back(store: RawStore) -> None:
    manifest = store.ingest(FakeSource([raw_rows(FULL), raw_rows(SHORT)]), INSTRUMENT)
    assert manifest.latest.n_withdrawn == 0


def test_withdrawn_bars_leave_the_history_in_a_new_version_where_that_is_declared(store: RawStore) -> None:
    instrument = replace(INSTRUMENT, quality=QualityRules(withdrawn_rows="remove"))
    source = FakeSource([raw_rows(FULL), raw_rows(SHORT)], is_snapshot=True)
    store.ingest(replace(source, batches=source.batches[:1]), instrument)
    manifest = store.ingest(source, instrument)
    assert manifest.version == 2
    assert closes(store, 1) == [1.0, 2.0, 3.0, 4.0]
    assert closes(store) == [1.0, 2.0, 4.0]
    assert store.read(KEY).quarantine.select("ts", "reason").rows() == [(START + timedelta(hours=2), "withdrawn")]
    assert store.ingest(source, instrument) == manifest
    back = store.ingest(replace(source, batches=[*source.batches, raw_rows(FULL)]), instrument)
    assert (closes(store), back.latest.n_new) == ([1.0, 2.0, 3.0, 4.0], 1)
    assert store.read(KEY).quarantine.is_empty()
