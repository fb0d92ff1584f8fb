"""Random histories: sources that change, ticks of the sensor, and runs that end well, badly, or not at all.

Put here: what happens to runs, and the lake that is built afresh from the sources' last state.
Keep out: tests; what happens to bars (changing_bars.py) of files and tables; the states of keys (random_lives.py).

The sensor, the raw store, the stages raw_bars and bars, the runner and Dagster's runs are the real ones. A kill is an
exception at a random write or removal of the lake, which no code of ours catches; real kills are in test_kill.py.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl
import pytest
from dagster import DagsterRunStatus

from quant_core.errors import SourceError
from quant_pipelines.assets import bars, raw_bars
from quant_pipelines.assets._graphs import graph_of
from quant_pipelines.automation.sensors import new_data as sensor_module
from quant_pipelines.automation.sensors.new_data import new_data
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.storage import Storage
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.resources import LakeResource, ResearchResource, SourcesResource
from quant_pipelines.sources.files import FileSource
from quant_pipelines.sources.mysql.source import MysqlSource
from quant_pipelines.stages.key_state import key_states
from quant_pipelines.stages.reader import StageInputs
from tests.pipelines import changing_table
from tests.pipelines.changing_bars import ChangingBars, Day, date_of
from tests.pipelines.changing_inbox import ChangingInbox
from tests.pipelines.changing_table import ChangingTables
from tests.pipelines.conftest import open_instance
from tests.pipelines.small_project import QUIET, RESEARCH, range_tags

if TYPE_CHECKING:
    from tests.mysql.mariadb_server import MariadbServer

N_STEPS = 7
MAX_QUIET_ROUNDS = 12
STAGES = [raw_bars.STAGE, bars.STAGE]
SOURCES = """
sources:
  inbox:
    kind: inbox
    folder: inbox
    settle_s: 0
    feeds: [{pattern: "R*.csv", quality: {withdrawn_rows: remove}}, {pattern: "K*.csv"}]
"""
FILE_SYMBOLS, TABLE_SYMBOLS = ("R1", "R2", "K1"), ("RT1", "RT2", "KT1")
"""Rows that a source leaves out are removed of R symbols, and kept of K symbols."""
READS = (FileSource, MysqlSource)
PRICES = ("open", "high", "low", "close")


class Killed(RuntimeError):
    """The process is gone: nothing after this happens."""


class Project:
    """A lake over an inbox and tables, with a job ``research`` of the two stages that take rows in."""

    def __init__(self, root: Path, instance: dg.DagsterInstance, more_sources: str = "") -> None:
        self.root, self.instance = root, instance
        (root / "lake" / "inbox").mkdir(parents=True)
        (root / "sources.yaml").write_text(SOURCES + more_sources)
        (root / "research.yaml").write_text(RESEARCH)
        self.resources = {
            "lake": LakeResource(url=str(root / "lake"), lock_timeout_s=5.0),
            "sources": SourcesResource(file=str(root / "sources.yaml")),
            "research": ResearchResource(file=str(root / "research.yaml")),
        }
        definitions = dg.Definitions(
            assets=[graph_of("history", STAGES)],
            jobs=[dg.define_asset_job("research", [stage.name for stage in STAGES])],
            resources=self.resources,
        )
        self.job = definitions.resolve_job_def("research")

    @property
    def inbox(self) -> Path:
        return self.root / "lake" / "inbox"

    @property
    def inputs(self) -> StageInputs:
        return StageInputs(*(self.resources[name] for name in ("lake", "sources", "research")))

    def run(self, tags: dict[str, str]) -> bool:
        """Run the job; whether it succeeded."""
        return self.job.execute_in_process(
            instance=self.instance, tags=tags, raise_on_error=False, run_config=QUIET
        ).success

    def table(self, name: str, symbol: str, timeframe: str = "D1") -> pl.DataFrame:
        """Bars of a key, or its raw rows, as values."""
        lake, key = Lake(str(self.root / "lake")), PartitionKey(symbol, timeframe)
        frame = RawStore(lake).read(key).rows if name == "raw_bars" else lake.read(name, key)
        return frame.select("ts", *PRICES, "volume").sort("ts")


class History:
    """A project to which random things happen.

    Args:
        root: its folder.
        instance: Dagster's state.
        seed: of all that happens.
        server: a MySQL server with half of the symbols; the variable of its DSN is set.
    """

    def __init__(self, root: Path, instance: dg.DagsterInstance, seed: int, server: MariadbServer | None) -> None:
        self.chance, self.log = random.Random(seed), [f"seed {seed}"]
        self.more_sources = "" if server is None else changing_table.SOURCES
        self.project = Project(root / "project", instance, self.more_sources)
        self.inbox = ChangingInbox(FILE_SYMBOLS, self.chance, folder=self.project.inbox)
        self.sources: list[ChangingBars] = [self.inbox]
        if server is not None:
            self.sources.append(ChangingTables(TABLE_SYMBOLS, self.chance, server=server))
        self.cursor: str | None = None
        self.used: set[str] = set()
        self.later_s = 0.0

    def live(self) -> None:
        """Changes, ticks, and runs that end in every way."""
        for _ in range(N_STEPS):
            for _ in range(self.chance.randrange(1, 3)):
                self.log.append(self._change())
            if self.chance.random() < 0.2:
                self.cursor, _ = None, self.log.append("cursor lost")
            if self.chance.random() < 0.5:
                self.later_s += 30_000.0
            for request in self.tick():
                self._end(request, self.chance.choice(["ok", "ok", "killed", "killed", "failed", "lost", "changed"]))

    def settle(self) -> int:
        """Ticks until there is nothing to do; how many there were."""
        for n_rounds in range(MAX_QUIET_ROUNDS):
            self.later_s += 30_000.0  # more than the longest wait
            requests = self.tick()
            if not requests:
                return n_rounds
            for request in requests:
                self._end(request, "ok")
        raise AssertionError("\n".join(["it does not get quiet", *self.log]))

    def tick(self) -> list[dg.RunRequest]:
        """The requests of one tick that a daemon would launch."""
        now_s = time.time() + self.later_s
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sensor_module, "time", SimpleNamespace(time=lambda: now_s))
            resources = {name: self.project.resources[name] for name in ("sources", "lake")}
            with dg.build_sensor_context(
                instance=self.project.instance, cursor=self.cursor, resources=resources
            ) as context:
                result = new_data(context)
                self.cursor = result.cursor if isinstance(result, dg.SensorResult) else context.cursor
        assert set(sensor_module.Cursor.read(self.cursor).settled) <= {f"{s}|D1" for s in self._symbols()}, self.log
        if not isinstance(result, dg.SensorResult):
            self.log.append(f"tick: {result.skip_message if isinstance(result, dg.SkipReason) else result}")
            return []
        for request in result.dynamic_partitions_requests or []:
            self.project.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        fresh = [r for r in result.run_requests or [] if r.run_key not in self.used]
        assert len(fresh) == len(result.run_requests or []), "\n".join(["a run key repeats", *self.log])
        self.used |= {str(r.run_key) for r in fresh}
        self.log.append(f"tick: {[r.tags for r in fresh]}")
        return fresh

    def _end(self, request: dg.RunRequest, how: str) -> None:
        """A run of a request that ends so."""
        self.log.append(how)
        tags = dict(request.tags)
        if how == "lost":
            run = self.project.instance.create_run_for_job(self.project.job, tags=tags, status=DagsterRunStatus.STARTED)
            self.project.instance.report_run_failed(run)
            return
        with pytest.MonkeyPatch.context() as patched:
            if how == "killed":
                _kill_after(patched, self.chance.randrange(0, 14))
            elif how == "failed":
                for source in READS:
                    patched.setattr(source, "deliveries", _silent)
            elif how == "changed":  # a file or table is written while it is read
                for source in READS:
                    self._change_while_read(patched, source)
            self.project.run(tags)

    def _symbols(self) -> list[str]:
        return [symbol for source in self.sources for symbol in source.symbols]

    def _change(self, symbol: str | None = None) -> str:
        symbol = symbol or self.chance.choice(self._symbols())
        return next(source for source in self.sources if symbol in source.symbols).change(symbol)

    def _change_while_read(self, patched: pytest.MonkeyPatch, read: Any) -> None:
        real = read.fingerprint

        def fingerprint(source: Any, instrument: Any) -> str:
            found = real(source, instrument)
            if self.chance.random() < 0.5:
                self.log.append(f"meanwhile {self._change(instrument.symbol)}")
            return found

        patched.setattr(read, "fingerprint", fingerprint)


def _silent(*_: object) -> Iterator[Any]:
    raise SourceError("the source does not answer")


def _kill_after(patched: pytest.MonkeyPatch, n_operations: int) -> None:
    """After so many writes and removals the next one, and every later one, does not happen."""
    left = [n_operations]

    def deadly(real: Any) -> Any:
        def operation(*arguments: Any, **named: Any) -> Any:
            if not left[0]:
                raise Killed
            left[0] -= 1
            return real(*arguments, **named)

        return operation

    for name in ("write", "delete"):
        patched.setattr(Storage, name, deadly(getattr(Storage, name)))


@contextmanager
def fresh_lake(root: Path, history: History, symbols: Sequence[str]) -> Iterator[Project]:
    """A lake that is built from the last state of the sources at once."""
    (root / "instance").mkdir(parents=True)
    with dg.DagsterInstance.ephemeral(tempdir=str(root / "instance")) as instance:
        project = Project(root / "project", instance, history.more_sources)
        for file in history.inbox.folder.iterdir():
            (project.inbox / file.name).write_bytes(file.read_bytes())
        instance.add_dynamic_partitions("symbols", list(symbols))
        assert project.run(range_tags(f"{symbols[0]}|D1", f"{symbols[-1]}|W1"))
        yield project


def differences(history: History, root: Path) -> list[str]:
    """What a quiet lake has other than one built afresh; texts."""
    ever = {symbol: closes for source in history.sources for symbol, closes in source.ever.items()}
    symbols = sorted(ever)
    found: list[str] = []
    states = key_states(history.project.inputs, history.project.instance, STAGES)
    found += [str(s) for s in states if s.key.timeframe in ("D1", "W1") and s.status != "up_to_date"]
    if found:
        return found
    with fresh_lake(root, history, symbols) as fresh:
        for symbol in symbols:
            tables = [("raw_bars", "D1"), ("bars", "D1"), ("bars", "W1")]
            for name, timeframe in tables if symbol.startswith("R") else tables[:1]:
                is_, should = (p.table(name, symbol, timeframe) for p in (history.project, fresh))
                kept = is_.join(should, on="ts", how="anti") if symbol.startswith("K") else is_.clear()
                if not is_.join(kept, on="ts", how="anti").equals(should):
                    found.append(f"{name} {symbol}|{timeframe}: {is_} instead of {should}")
                found += _never_offered(kept, ever[symbol], symbol)
    return found


def assert_lives_well(
    seed: int, kind: str, folder: Path, request: pytest.FixtureRequest, server: MariadbServer | None = None
) -> None:
    """Live through a history, let it settle, and compare."""
    folder.mkdir()
    with open_instance(kind, folder, request) as instance:
        history = History(folder, instance, seed, server)
        history.live()
        history.settle()
        found = differences(history, folder / "fresh")
        assert not found, "\n".join([*found, *history.log])
        assert history.tick() == []


def _never_offered(kept: pl.DataFrame, closes: dict[Day, set[int]], symbol: str) -> list[str]:
    """Rows that were kept although no source ever had them."""
    ever = {date_of(day): prices for day, prices in closes.items()}
    rows = zip(kept["ts"].dt.date(), kept["close"], strict=True)
    return [f"{symbol} {day} {close}" for day, close in rows if round(close * 100) not in ever.get(day, ())]
