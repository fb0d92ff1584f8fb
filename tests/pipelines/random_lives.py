"""Random lives: a small project to which random things happen, beside a model that is told the same.

Put here: the stages, the steps, and what is found after each.
Keep out: the rules of the model (state_model.py) and tests.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from quant_core.errors import LakeError, SourceError
from quant_core.spec import ResearchSpec
from quant_core.tables import Column, Table
from quant_pipelines.assets import raw_bars
from quant_pipelines.assets._graphs import graph_of
from quant_pipelines.automation.retention import prune_event_log
from quant_pipelines.lake.partitions import PartitionKey, Rectangle, plan_rectangles
from quant_pipelines.resources import LakeResource, ResearchResource, SourcesResource
from quant_pipelines.stages import runner
from quant_pipelines.stages.key_state import STATUSES, key_states
from quant_pipelines.stages.reader import Reader, StageInputs
from quant_pipelines.stages.stage import Made, Stage
from tests.pipelines.small_project import QUIET, RESEARCH, SOURCES, daily_csv
from tests.pipelines.state_model import READS, Model

N_STEPS = 12
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
TIMEFRAMES = ("H4", "D1", "W1")  # every source is daily: H4 is not applicable
ONE_ROW = Table("one_row", "One row is nothing.", (Column("x", pl.Int64, "count", "Nothing."),), ("x",), ("x",))

BROKEN: set[tuple[str, str]] = set()
"""(symbol, stage) that fails when it is made."""


def _take_in(read: Reader, settings: ResearchSpec, config: object) -> Made:
    if (read.partition.symbol, "raw_bars") in BROKEN:
        raise SourceError("the source does not answer")
    return raw_bars.make(read, settings, config)


def _constant(name: str, *reads: str, section: str | None = None) -> Stage:
    def make(read: Reader, _settings: ResearchSpec, _config: object) -> Made:
        if (read.partition.symbol, name) in BROKEN:
            raise LakeError("broken on purpose")
        return Made({name: pl.DataFrame({"x": [1]})})

    return Stage(name, f"{name} of a test", ONE_ROW, reads, make, section=section)


STAGES = [
    replace(raw_bars.STAGE, make=_take_in),
    _constant("levels", "raw_rows"),
    _constant("counts", "levels", section="features"),
    _constant("sums", "levels"),
]
JOBS = {"all": list(READS), "derived": ["levels", "counts", "sums"]}


class Life:
    """A project and its model, changed together step by step."""

    def __init__(self, root: Path, instance: dg.DagsterInstance, seed: int) -> None:
        self.root, self.instance, self.chance, self.model = root, instance, random.Random(seed), Model(broken=BROKEN)
        self.log: list[str] = []
        self._contents = iter(range(1, 1_000))
        self._offered_before: dict[str, set[int]] = {}
        (root / "lake" / "inbox").mkdir(parents=True)
        (root / "sources.yaml").write_text(SOURCES)
        self._write_section()
        lake = LakeResource(url=str(root / "lake"))
        self.resources = {
            "lake": lake,
            "sources": SourcesResource(file=str(root / "sources.yaml")),
            "research": ResearchResource(file=str(root / "research.yaml")),
        }
        definitions = dg.Definitions(
            assets=[graph_of("life", STAGES)],
            jobs=[dg.define_asset_job(name, assets) for name, assets in JOBS.items()],
            resources=self.resources,
        )
        self.jobs = {name: definitions.resolve_job_def(name) for name in JOBS}
        BROKEN.clear()
        for symbol in SYMBOLS[:2]:
            self._offer(symbol)
        self.register()

    def steps(self) -> Iterator[str]:
        """Do one random thing after the other."""
        things = [self.run] * 5 + [self.break_or_mend] * 4 + [self.edit] * 3 + [self.restate] * 3 + [self.derive] * 2
        things += [self.die, self.die, self.prune, self.prune, self.rename, self.remove, self.register, self.delete]
        self.log.append(f"run {self.run()}")
        yield self.log[-1]
        for _ in range(N_STEPS):
            thing = self.chance.choice(things)
            self.log.append(f"{thing.__name__} {thing() or ''}")
            yield self.log[-1]

    def found_and_expected(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Key → its state and those of its stages, as the package says and as the model says."""
        inputs = StageInputs(*(self.resources[name] for name in ("lake", "sources", "research")))
        states = [s for s in key_states(inputs, self.instance, STAGES) if s.key.timeframe in TIMEFRAMES]
        found = {str(s.key): [str(s.status), *(stage.status for stage in s.stages)] for s in states}
        expected: dict[str, list[str]] = {}
        for key in (PartitionKey(s, t) for s in self.model.registered for t in TIMEFRAMES):
            stages = [self.model.state(stage, key) for stage in READS]
            expected[str(key)] = [min(stages, key=list(STATUSES).index), *stages]
        return found, expected

    def run(self, job: str = "all", *, dies: bool = False) -> str:
        keys = [PartitionKey(s, t) for s in self.model.registered for t in TIMEFRAMES if self.chance.random() < 0.75]
        rectangles = plan_rectangles(keys, self.model.registered)
        for rectangle in rectangles[:1] if dies else rectangles:
            self._run(job, rectangle, self.chance.randrange(len(rectangle.keys)) if dies else None)
        return f"{job} {[str(k) for r in rectangles for k in r.keys]}"

    def _run(self, job: str, rectangle: Rectangle, n_before_death: int | None) -> None:
        counted = iter(range(1_000))
        carry = runner.run_key

        def deadly(*arguments: Any) -> Any:
            if next(counted) == n_before_death:
                raise RuntimeError("killed")
            return carry(*arguments)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(runner, "run_key", deadly)
            self.jobs[job].execute_in_process(
                instance=self.instance, tags=dict(rectangle.tags), raise_on_error=False, run_config=QUIET
            )
        self.model.run(rectangle.keys, JOBS[job], n_before_death)

    def derive(self) -> str:
        return self.run("derived")

    def die(self) -> str:
        return self.run(dies=True)

    def break_or_mend(self) -> str:
        place = (self.chance.choice(SYMBOLS), self.chance.choice(list(READS)))
        BROKEN.symmetric_difference_update({place})
        return f"{place}"

    def restate(self) -> str:
        """Another content, half of the time one that the source had before: a change back is a change."""
        symbol = self.chance.choice(SYMBOLS)
        if symbol in self.model.offered:
            before = sorted(self._offered_before.get(symbol, ()))
            self._offer(symbol, self.chance.choice(before) if before and self.chance.random() < 0.5 else None)
        return f"{symbol} {self.model.offered.get(symbol)}"

    def rename(self) -> str:
        old, new = self.chance.sample(SYMBOLS, 2)
        if old in self.model.offered and new not in self.model.offered:
            (self.root / "lake" / "inbox" / f"{old}.csv").unlink()
            del self.model.offered[old]
            self._offer(new)
        return f"{old} {new}"

    def remove(self) -> str:
        symbol = self.chance.choice(SYMBOLS)
        if symbol in self.model.registered:
            self.instance.delete_dynamic_partition("symbols", symbol)
            self.model.registered.remove(symbol)
        return symbol

    def register(self) -> None:
        new = [s for s in sorted(self.model.offered) if s not in self.model.registered]
        self.instance.add_dynamic_partitions("symbols", new)
        self.model.registered += new

    def prune(self) -> str:
        return str(prune_event_log(self.instance, before=datetime.now(UTC) + timedelta(minutes=1)))

    def edit(self) -> None:
        self.model.section = 9 - self.model.section  # 4 or 5: back and forth
        self._write_section()

    def delete(self) -> str:
        files = sorted(self.model.made, key=str)
        if not files:
            return "nothing"
        stage, key = self.chance.choice(files)
        shutil.rmtree(self.root / "lake" / stage / key.folder)
        del self.model.made[stage, key]
        return f"{stage} {key}"

    def _offer(self, symbol: str, content: int | None = None) -> None:
        content = next(self._contents) if content is None else content
        self._offered_before.setdefault(symbol, set()).add(content)
        (self.root / "lake" / "inbox" / f"{symbol}.csv").write_text(daily_csv(symbol, 12, seed=content))
        self.model.offered[symbol] = content

    def _write_section(self) -> None:
        text = RESEARCH.replace("window_bars=5", f"window_bars={self.model.section}")
        assert self.model.section == 5 or text != RESEARCH
        (self.root / "research.yaml").write_text(text)
