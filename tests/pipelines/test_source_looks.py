"""Looks at sources: one that is slow, silent or full of new files costs its own symbols only, and gets its turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from quant_core.errors import SourceError
from quant_core.timeframes import Timeframe
from quant_pipelines.automation import source_looks
from quant_pipelines.automation.sensors.new_data import Cursor
from quant_pipelines.automation.source_looks import symbol_states
from quant_pipelines.lake.lake import Lake
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.sources import content_index
from quant_pipelines.sources.catalog import Sources
from quant_pipelines.sources.content_index import ContentIndex
from quant_pipelines.sources.contract import Delivery, Instrument
from tests.pipelines.small_project import daily_csv
from tests.pipelines.test_file_sources import inbox


@dataclass
class Clock:
    """Seconds that pass only when somebody waits."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class FakeSource:
    """A source of some daily symbols that needs its time for every answer."""

    name: str
    symbols: list[str]
    clock: Clock
    answer_s: float = 0.0
    silent: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list[str])

    def instruments(self) -> list[Instrument]:
        return [Instrument(s, Timeframe.D1, "always_open", self.name) for s in self.symbols]

    def fingerprint(self, instrument: Instrument) -> str:
        self.asked.append(instrument.symbol)
        self.clock.now += self.answer_s
        if instrument.symbol in self.silent:
            raise SourceError(f"{instrument.symbol} does not answer")
        return f"now of {instrument.symbol}"

    def deliveries(self, instrument: Instrument, watermark: dict[str, Any] | None) -> Iterator[Delivery]:
        raise NotImplementedError


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(source_looks, "time", clock)
    monkeypatch.setattr(content_index, "time", clock)
    return clock


def test_a_slow_source_leaves_the_others_their_time_and_goes_on_where_it_was_left(clock: Clock, tmp_path: Path) -> None:
    slow = FakeSource("slow", [f"S{i}" for i in range(5)], clock, answer_s=6.0)
    quick = FakeSource("quick", ["Q0", "Q1"], clock, answer_s=0.01)
    begin_at: dict[str, str] = {}
    found: list[list[str]] = []
    for _ in range(3):
        sources = Sources([slow, quick])
        looks = symbol_states(sources, RawStore(Lake(str(tmp_path))), budget_s=10.0, begin_at=begin_at)
        begin_at = looks.next_to_ask
        assert looks.n_not_asked == 3
        found.append([state.native.symbol for state in looks.states])
    assert found == [["S0", "S1", "Q0", "Q1"], ["S2", "S3", "Q0", "Q1"], ["S0", "S4", "Q0", "Q1"]]
    assert begin_at == {"slow": "S1|D1"}


def test_every_symbol_gets_its_turn_even_where_one_answer_takes_longer_than_the_budget(
    clock: Clock, tmp_path: Path
) -> None:
    slow = FakeSource("slow", ["A", "B", "C"], clock, answer_s=99.0, silent=frozenset("B"))
    begin_at: dict[str, str] = {}
    for _ in range(3):
        sources = Sources([slow])
        begin_at = symbol_states(sources, RawStore(Lake(str(tmp_path))), budget_s=1.0, begin_at=begin_at).next_to_ask
    assert slow.asked == ["A", "B", "C"]
    begin_at = {"slow": "GONE|D1"}  # a symbol that is offered no more: from the start
    symbol_states(Sources([slow]), RawStore(Lake(str(tmp_path))), budget_s=1.0, begin_at=begin_at)
    assert slow.asked[-1] == "A"


def test_without_a_budget_all_are_asked_once_however_often_the_states_are(clock: Clock, tmp_path: Path) -> None:
    source = FakeSource("slow", ["A", "B"], clock, answer_s=1e6)
    sources = Sources([source])
    for _ in range(2):
        looks = symbol_states(sources, RawStore(Lake(str(tmp_path))))
        assert ([s.fingerprint for s in looks.states], looks.n_not_asked) == (["now of A", "now of B"], 0)
    assert source.asked == ["A", "B"]


def test_new_files_that_there_is_no_time_for_wait_and_what_was_read_is_kept(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five files of four seconds each and a budget of ten: every look gets further, also one that is killed."""
    for i in range(5):
        (tmp_path / f"S{i}.csv").write_text(daily_csv(f"S{i}", 20))
    real = content_index.parsed_file
    stop_after = [99]

    def slow(*arguments: Any) -> Any:
        if not stop_after[0]:
            raise KeyboardInterrupt
        stop_after[0] -= 1
        clock.now += 4.0
        return real(*arguments)

    monkeypatch.setattr(content_index, "parsed_file", slow)
    saved: dict[str, dict[str, Any]] = {}
    found: list[tuple[int, int]] = []
    for _ in range(3):
        source = inbox(tmp_path, index=ContentIndex(lambda: dict(saved), saved.update, 10.0))
        found.append((len(source.instruments()), source.n_waiting()))
    assert found == [(3, 2), (5, 0), (5, 0)]
    saved.clear()
    stop_after[0] = 4
    with pytest.raises(KeyboardInterrupt):
        inbox(tmp_path, index=ContentIndex(lambda: dict(saved), saved.update)).instruments()
    assert len(saved) == 3  # saved after twelve seconds of reading
    stop_after[0] = 2
    assert len(inbox(tmp_path, index=ContentIndex(lambda: dict(saved), saved.update)).instruments()) == 5


def test_a_cursor_of_another_release_or_damaged_says_nothing() -> None:
    for text in (None, "", "[]", '{"A|D1": "f"}', "{", '["A|D1"]', "7"):
        assert Cursor.read(text) == Cursor()
    cursor = Cursor({"B|D1": "f", "A|D1": "g"}, {"db": "C|D1"})
    assert Cursor.read(cursor.text()) == cursor
