"""The stage raw_bars when sources fail: other keys go on, nothing old is passed off as new, no server is hammered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from quant_core.errors import LakeError, SourceError
from quant_core.timeframes import Timeframe
from quant_pipelines.assets.raw_bars import STAGE
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.resources import ClockResource
from quant_pipelines.sources.catalog import Sources
from quant_pipelines.sources.content_index import ContentIndex
from quant_pipelines.sources.contract import Delivery, Instrument
from quant_pipelines.sources.inbox import inbox_source
from quant_pipelines.stages.stage import Made
from tests.pipelines.small_project import daily_csv


class DeadServer:
    """Lists ten symbols (or fails to) and delivers none of them."""

    name = "db"

    def __init__(self, *, lists: bool) -> None:
        self.lists = lists
        self.n_asked = 0

    def instruments(self) -> list[Instrument]:
        if not self.lists:
            raise SourceError("cannot connect.")
        return [Instrument(f"S{i}", Timeframe.D1, "XNYS", "db") for i in range(10)]

    def fingerprint(self, instrument: Instrument) -> str:
        self.n_asked += 1
        raise SourceError("cannot connect.")

    def deliveries(self, instrument: Instrument, watermark: dict[str, Any] | None) -> Iterator[Delivery]:
        raise AssertionError("a source that does not say what it has is not asked for rows")


def inputs(folder: Path, *sources: Any) -> Any:
    """What a stage gets, with these sources."""
    store = RawStore(Lake(str(folder / "lake")))
    return SimpleNamespace(raw_store=store, sources=Sources(sources), memo={}, log=str)


def make(given: Any, key: PartitionKey) -> Made:
    """Run the stage for one key."""
    return STAGE.make(SimpleNamespace(**vars(given), partition=key), None, None)  # pyright: ignore[reportArgumentType]


def inbox(folder: Path, name: str = "box") -> Any:
    (folder / "inbox").mkdir(exist_ok=True)
    return inbox_source(name, folder / "inbox", (), 0.0, ClockResource().now, ContentIndex())


def test_a_dead_server_is_asked_three_times_and_then_left_alone(tmp_path: Path) -> None:
    server = DeadServer(lists=True)
    given = inputs(tmp_path, server)
    for i in range(10):
        with pytest.raises(SourceError, match="cannot connect"):
            make(given, PartitionKey(f"S{i}", "D1"))
    assert server.n_asked == 3


def test_stored_rows_of_a_source_that_fails_now_are_not_passed_off_as_up_to_date(tmp_path: Path) -> None:
    source = inbox(tmp_path, name="db")
    (tmp_path / "inbox" / "a.csv").write_text(daily_csv("AAA", 20))
    assert make(inputs(tmp_path, source), PartitionKey("AAA", "D1")).is_new
    with pytest.raises(SourceError, match=r"expected source db to answer.*cannot connect"):
        make(inputs(tmp_path, DeadServer(lists=False)), PartitionKey("AAA", "D1"))


def test_an_unknown_symbol_names_the_sources_that_were_not_reached(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match=r"not reached: db"):
        make(inputs(tmp_path, DeadServer(lists=False), inbox(tmp_path)), PartitionKey("NEW", "D1"))


def test_all_timeframes_of_a_symbol_ask_its_source_once(tmp_path: Path) -> None:
    source = inbox(tmp_path)
    (tmp_path / "inbox" / "a.csv").write_text(daily_csv("AAA", 20))
    given = inputs(tmp_path, source)
    outcomes = [make(given, PartitionKey("AAA", t)) for t in ("D1", "W1")]
    assert [o.is_new for o in outcomes] == [True, False]
    assert [o.metadata["native_timeframe"] for o in outcomes] == ["D1", "D1"]
    manifest = given.raw_store.manifest(PartitionKey("AAA", "D1"))
    assert manifest.totals.n_deliveries == 1
