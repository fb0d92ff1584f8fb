"""The clock: bars cut by one that was behind come back; one that is behind the last delivery is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quant_core.errors import ClockError, ConfigError
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.clock import Clock
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.resources import SourcesResource, default_resources
from quant_pipelines.sources.content_index import ContentIndex
from quant_pipelines.sources.inbox import inbox_source
from quant_pipelines.stages.key_state import key_states
from quant_pipelines.stages.reader import StageInputs
from quant_pipelines.stages.stage import discover_stages
from tests.pipelines.small_project import SmallProject, daily_csv, fingerprints, write_times

KEY = PartitionKey("AAA", "D1")
DAY = timedelta(days=1)
RIGHT = datetime(2021, 6, 1, tzinfo=UTC)
BEHIND = datetime(2020, 4, 1, 12, tzinfo=UTC)
N_BARS, N_BEFORE = 300, 91
"""The file has bars from 2020-01-01 on; so many are complete by the wrong clock: January to March."""


@dataclass
class Desk:
    """A raw store over an inbox, and the clock on the wall."""

    folder: Path
    now: datetime

    def ingest(self, *, is_trusted: bool = False) -> Manifest:
        (instrument,) = self._source().instruments()
        return self.store(is_trusted=is_trusted).ingest(self._source(), instrument)

    def store(self, *, is_trusted: bool = False) -> RawStore:
        return RawStore(Lake(str(self.folder / "lake")), Clock(lambda: self.now, is_trusted))

    def is_news(self) -> bool:
        (instrument,) = self._source().instruments()
        return self.store().taken_in(KEY).get("inbox") != self._source().fingerprint(instrument)

    def drop(self, text: str) -> None:
        (self.folder / "inbox").mkdir(exist_ok=True)
        (self.folder / "inbox" / "AAA.csv").write_text(text)

    def _source(self) -> object:
        return inbox_source("inbox", self.folder / "inbox", (), 0.0, lambda: self.now, ContentIndex())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, BEHIND)
    desk.drop(daily_csv("AAA", N_BARS))
    return desk


def test_bars_cut_by_a_clock_that_was_behind_come_back_by_the_next_look(desk: Desk) -> None:
    manifest = desk.ingest()
    ahead = manifest.ahead["inbox"]
    assert (ahead.first, ahead.last) == (BEHIND.replace(day=2, hour=0), datetime(2020, 10, 26, tzinfo=UTC))
    assert not desk.is_news()  # by that clock nothing is wrong
    desk.now = RIGHT
    assert desk.is_news()
    after = desk.ingest()
    assert after.latest.n_completed == N_BARS - N_BEFORE
    assert after.ahead == {}
    assert after.version == 1  # what was never complete is no history
    assert after.data_version() != manifest.data_version()
    assert not desk.is_news()
    before = write_times(desk.folder / "lake")
    assert desk.ingest() == after
    assert write_times(desk.folder / "lake") == before


def test_a_source_that_always_has_bars_of_the_future_is_asked_once_a_day(desk: Desk) -> None:
    desk.now = RIGHT
    desk.drop(daily_csv("AAA", N_BARS) + "2021-06-02,AAA,1,2,1,1,5\n2099-01-01,AAA,1,2,1,1,5\n")
    desk.ingest()
    found: list[bool] = []
    for hours in (1, 23, 25, 26, 48, 50):
        desk.now = RIGHT + timedelta(hours=hours)
        found.append(desk.is_news())
        desk.ingest()
    # The bar of June 2 has begun a day later and is no bar of the future then; that of 2099 never begins.
    assert found == [False, False, True, False, False, False]


def test_a_killed_run_with_a_wrong_clock_is_mended_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Manifest, "model_copy", _dies_at_the_end(Manifest.model_copy))
        with pytest.raises(RuntimeError, match="killed"):
            desk.ingest()
    desk.now = RIGHT
    desk.ingest()
    assert desk.store().read(KEY).rows.height == N_BARS
    assert desk.store().read(KEY).now == RIGHT


def _dies_at_the_end(real: object) -> object:
    def model_copy(self: Manifest, **named: object) -> Manifest:
        if "taken_in" in (named.get("update") or {}):  # pyright: ignore[reportOperatorIssue]
            raise RuntimeError("killed")
        return real(self, **named)  # pyright: ignore

    return model_copy


def test_a_clock_behind_the_last_delivery_is_an_error_where_there_is_news_and_changes_nothing(desk: Desk) -> None:
    desk.now = RIGHT
    desk.ingest()
    before = fingerprints(desk.folder / "lake")
    desk.now = BEHIND
    desk.ingest()  # a replay over sources that have nothing new
    desk.drop(daily_csv("AAA", N_BARS + 1))
    with pytest.raises(ClockError, match=r"expected a time after 2021-06-01 00:00 UTC.*found 2020-04-01 12:00 UTC"):
        desk.ingest()
    assert fingerprints(desk.folder / "lake") == before
    assert desk.is_news()
    desk.now = RIGHT - timedelta(minutes=4)  # another machine's clock
    desk.ingest()
    assert desk.store().read(KEY).rows.height == N_BARS + 1


def test_a_clock_that_was_ahead_is_left_behind_when_somebody_says_so(desk: Desk) -> None:
    desk.now = RIGHT + 365 * DAY
    desk.ingest()
    desk.now = RIGHT
    desk.drop(daily_csv("AAA", N_BARS + 1))
    with pytest.raises(ClockError, match="QUANT_TRUST_CLOCK=yes"):
        desk.ingest()
    desk.ingest(is_trusted=True)
    desk.drop(daily_csv("AAA", N_BARS + 2))
    assert desk.ingest().fetched_at == RIGHT
    assert desk.store().read(KEY).rows.height == N_BARS + 2


def test_what_is_complete_is_judged_by_the_delivery_that_brought_the_rows(desk: Desk) -> None:
    """A later delivery without rows does not make a bar complete that was fetched while it formed."""
    desk.now = datetime(2020, 10, 26, 12, tzinfo=UTC)  # the day of the last bar
    desk.ingest()
    assert desk.store().read(KEY).now == desk.now
    version, at = desk.ingest().data_version(), desk.now
    desk.now = RIGHT
    rows = daily_csv("AAA", N_BARS).splitlines()
    desk.drop("\n".join([*rows[:-1], "2020-05-05,AAA,x,2,1,1,5"]) + "\n")
    manifest = desk.ingest()
    assert manifest.latest.n_quarantined == 1
    assert manifest.fetched_at == RIGHT
    assert desk.store().read(KEY).now == at
    assert manifest.data_version() != version  # by the refused row


def test_states_runs_and_bars_follow_a_corrected_clock(tmp_path: Path) -> None:
    project = SmallProject.at(tmp_path)
    project.drop("AAA", daily_csv("AAA", N_BARS))
    project.instance.add_dynamic_partitions("symbols", ["AAA"])
    definitions = project.definitions()
    resources = dict(definitions.resources or {})
    sources = resources["sources"]
    wrong = SourcesResource(file=sources.file, fixed_now=BEHIND.isoformat())
    inputs = StageInputs(resources["lake"], wrong, resources["research"])
    (instrument,) = inputs.sources.all[0].instruments()
    inputs.raw_store.ingest(inputs.sources.all[0], instrument)
    stages = [s for s in discover_stages("symbol_timeframe") if s.name == "raw_bars"]
    (state,) = [s for s in key_states(project.inputs, project.instance, stages) if str(s.key) == "AAA|D1"]
    assert state.status == "stale"
    assert "bars from 2020-04-02 00:00 UTC on lay ahead of the clock" in state.deciding.reason
    project.run_key("ingest", "AAA|D1")
    assert project.lake.read("bars", KEY).height == N_BARS
    assert Timeframe.D1 in project.raw_store.native_timeframes("AAA")


def test_trust_in_the_clock_is_said_by_yes_or_no(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, trusts in (("", False), ("no", False), ("yes", True)):
        monkeypatch.setenv("QUANT_TRUST_CLOCK", value)
        assert default_resources()["sources"].trusts_clock is trusts
    monkeypatch.setenv("QUANT_TRUST_CLOCK", "1")
    with pytest.raises(ConfigError, match="QUANT_TRUST_CLOCK: expected yes or no"):
        default_resources()
