"""One bad input costs its own series alone: it is named with a reason, and every other file and source goes on."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from quant_core.ingestion import Dialect
from quant_core.timeframes import Timeframe
from quant_pipelines.cli import run
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.resources import SourcesResource
from quant_pipelines.sources.catalog import Sources
from quant_pipelines.sources.content_index import ContentIndex
from quant_pipelines.sources.contract import Delivery, Instrument
from quant_pipelines.sources.files import FileSource
from quant_pipelines.sources.folder_files import FolderFile
from quant_pipelines.sources.inbox import inbox_source
from quant_pipelines.sources.opening import Opening
from tests.ingestion.bombs import BARS
from tests.pipelines.small_project import daily_csv

NO_TEXT = os.fsdecode(b"caf\xe9")
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def now() -> datetime:
    return NOW


def inbox(folder: Path, index: ContentIndex | None = None) -> FileSource:
    return inbox_source("inbox", folder, (), 0.0, now, index or ContentIndex())


def index_of(lake: Path) -> ContentIndex:
    return Opening(Lake(str(lake)), now, lambda _: "").index("inbox")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An inbox with one good file."""
    place = tmp_path / "inbox"
    place.mkdir()
    (place / "good.csv").write_text(daily_csv("GOOD", 20))
    return place


def only_good(source: FileSource) -> dict[str, str]:
    """Every symbol on offer is the good one, and its rows come; the refusals."""
    (instrument,) = source.instruments()
    assert instrument.symbol == "GOOD"
    assert source.fingerprint(instrument)
    assert [d.rows.height for d in source.deliveries(instrument, None)] == [20]
    return source.refused()


def test_a_name_that_is_not_utf8_costs_its_file(folder: Path) -> None:
    with open(os.fsencode(folder) + b"/caf\xe9.csv", "wb") as file:  # noqa: PTH123  a name in bytes
        file.write(BARS)
    refused = only_good(inbox(folder))
    assert list(refused) == ["caf\\xe9.csv"]
    assert "its name is not UTF-8 text" in refused["caf\\xe9.csv"]
    json.dumps(refused, ensure_ascii=False).encode()  # can be written anywhere


def test_inspection_names_what_has_no_readable_name(folder: Path) -> None:
    (folder / NO_TEXT).write_bytes(BARS)
    for options in ([], ["--json"]):
        out = io.StringIO()
        assert run(["inspect", str(folder), *options], Console(file=out, width=200)) == 1
        said = out.getvalue()
        said.encode()  # a terminal can show it
        assert "GOOD" in said
        assert "its name is not UTF-8 text" in " ".join(said.split())


def test_a_file_that_cannot_be_read_costs_itself_until_it_can(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "locked.csv").write_text(daily_csv("LOCKED", 5))
    real = FolderFile.read
    locked = {"locked.csv"}

    def read(file: FolderFile, dialect: Dialect) -> bytes:
        if file.origin in locked:
            raise PermissionError(13, "Permission denied", file.origin)
        return real(file, dialect)

    monkeypatch.setattr(FolderFile, "read", read)
    saved: dict[str, Any] = {}
    index = ContentIndex(dict, saved.update)
    refused = only_good(inbox(folder, index))
    assert "locked.csv: it cannot be read: Permission denied. Fix: let the user" in refused["locked.csv"]
    assert len(saved) == 1  # a refusal that may pass is not remembered
    locked.clear()
    source = inbox(folder, index)
    assert {i.symbol for i in source.instruments()} == {"GOOD", "LOCKED"}
    assert source.refused() == {}


def test_a_folder_that_cannot_be_listed_costs_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sub").mkdir()
    real = os.scandir

    def scandir(path: Any) -> Any:
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert "it cannot be read: Permission denied" in only_good(inbox(folder))["sub"]


def test_a_sparse_file_of_10_gb_is_refused_by_its_size(folder: Path) -> None:
    with (folder / "sparse.csv").open("wb") as file:
        file.write(BARS)
        file.truncate(10_000_000_000)
    refused = only_good(inbox(folder))
    assert "it has 9537 MiB, more than the limit of 2048 MiB. Fix: deliver it in parts, or" in refused["sparse.csv"]
    assert "max_file_mb: 9537" in refused["sparse.csv"]


DAMAGED = (b"", b"{", b"\xff\xfe", b"[]", b"{}", b'{"a": {"content_hash": 1}}', b"[" * 100_000)


@pytest.mark.parametrize("damage", [*DAMAGED, "flip", "cut", "older", "folder"])
def test_a_damaged_index_is_made_again(folder: Path, damage: bytes | str, caplog: pytest.LogCaptureFixture) -> None:
    lake = folder.parent
    expected = only_good(inbox(folder, index_of(lake)))
    path = lake / ".index" / "inbox.json"
    whole = path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        older = {"a": {"content_hash": "b", "holds": {"X|D1": "X"}}}
        damaged = {"flip": whole.replace(b"GOOD", b"GOOE"), "cut": whole[:-20], "older": json.dumps(older).encode()}
        path.write_bytes(damage if isinstance(damage, bytes) else damaged[damage])
    with caplog.at_level(logging.WARNING):
        assert only_good(inbox(folder, index_of(lake))) == expected
    assert ".index/inbox.json of the lake" in caplog.text
    assert damage == "folder" or path.read_bytes() == whole


def test_foreign_folders_and_files_in_the_lake_are_named_and_left_alone(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lake = Lake(str(folder.parent))
    store, source = RawStore(lake), inbox(folder)
    (instrument,) = source.instruments()
    store.ingest(source, instrument)
    table = folder.parent / "raw_bars"
    own = table / "symbol=GOOD" / "timeframe=D1"
    names = (
        "old",
        "symbol=..",
        "symbol=A B",
        "symbol=GOOD/backup",
        "symbol=GOOD/timeframe=D2",
        os.fsdecode(b"caf\xe9"),
    )
    foreign = [*(table / name for name in names), own / "_v1 (copy)", own / "notes"]
    for place in foreign:
        place.mkdir()
        (place / "manifest.json").write_text("{}")
        (place / "part-00001.parquet").write_text("mine")
    (own / "_v1" / "notes.txt").write_text("mine")
    (table / "readme.txt").write_text("mine")
    with caplog.at_level(logging.WARNING):
        assert store.keys() == [PartitionKey("GOOD", "D1")]
        assert store.native_timeframes("GOOD") == [Timeframe.D1]
        assert lake.keys("raw_bars") == []
    store.ingest(source, instrument)
    assert all((place / "part-00001.parquet").read_text() == "mine" for place in foreign)
    assert (own / "_v1" / "notes.txt").read_text() == "mine"
    for name in (*names[:-1], "caf\\xe9"):
        assert name in caplog.text


class Odd:
    """A source whose first series has no legal symbol, or which fails as a whole."""

    name = "odd"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def instruments(self) -> list[Instrument]:
        if self.error:
            raise self.error
        return [Instrument(s, Timeframe.D1, "always_open", "odd", s) for s in ("EUR/USD", "FINE")]

    def fingerprint(self, instrument: Instrument) -> str:
        return instrument.symbol

    def deliveries(self, instrument: Instrument, watermark: dict[str, Any] | None) -> Iterator[Delivery]:
        yield from ()


def test_a_symbol_that_is_no_key_costs_its_series(folder: Path) -> None:
    sources = Sources([Odd(), inbox(folder)])
    assert sources.symbols() == ["FINE", "GOOD"]
    assert "cannot be a partition key" in sources.refused()["odd: EUR/USD"]
    assert sources.failed == {}


def test_a_source_that_the_system_fails_costs_itself(folder: Path) -> None:
    sources = Sources([Odd(OSError(5, "Input/output error")), inbox(folder)])
    assert sources.symbols() == ["GOOD"]
    assert sources.failed == {"odd": "[Errno 5] Input/output error"}
    assert sources.refused() == {}


@pytest.mark.parametrize("password", ["p[w", "p]w", "[::1", "p@[x", "a:[b"])
def test_a_bracket_in_a_password_hides_it_as_any_other(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QE_MARKETDATA_MYSQL_URL", f"mysql+pymysql://user:{password}@localhost/db")
    redacted = SourcesResource(file="nowhere.yaml").redact(f"Access denied with {password} there")
    assert redacted == "Access denied with *** there"
