"""What every command works on: the instance, the lake, the sources, and runs with a progress bar.

Put here: opening them once and showing a run.
Keep out: single commands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from dagster import DagsterInstance
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from quant_pipelines.automation.answered_data import ANSWERING_JOB, answer_tags
from quant_pipelines.automation.runs import open_instance, run_job
from quant_pipelines.automation.source_looks import symbol_states
from quant_pipelines.cli._jobs import find_job
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import SYMBOLS, PartitionKey, Rectangle, plan_rectangles
from quant_pipelines.resources import default_resources
from quant_pipelines.sources.catalog import Sources
from quant_pipelines.stages.key_state import KeyState, key_states
from quant_pipelines.stages.reader import StageInputs
from quant_pipelines.stages.stage import Stage, discover_stages


class Session:
    """Everything the environment describes, opened on first use."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._resources = default_resources()

    @property
    def lake(self) -> Lake:
        """The lake of QUANT_LAKE."""
        return self.inputs.lake

    @property
    def sources(self) -> Sources:
        """The sources of sources.yaml."""
        return self.inputs.sources

    @cached_property
    def instance(self) -> DagsterInstance:
        """The instance of DAGSTER_HOME."""
        return open_instance()

    @cached_property
    def inputs(self) -> StageInputs:
        """What stages read, for questions about partitions."""
        return StageInputs(self._resources["lake"], self._resources["sources"], self._resources["research"])

    @cached_property
    def stages(self) -> list[Stage]:
        """Every partitioned asset, upstream first."""
        return discover_stages()

    def stages_of(self, job: str) -> list[Stage]:
        """The partitioned assets whose files tell whether a job has work left; research for its parts and others."""
        by_key = [s for s in self.stages if s.key_kind == "symbol_timeframe"]
        return [s for s in by_key if s.name == job] or [s for s in by_key if s.refresh != "on_request"]

    def key_states(self, job: str, symbols: Iterable[str] | None = None) -> list[KeyState]:
        """The state of every key of registered symbols, as far as the stages of a job go."""
        return key_states(self.inputs, self.instance, self.stages_of(job), symbols)

    def registered_symbols(self) -> list[str]:
        """Symbols in partition order."""
        return list(self.instance.get_dynamic_partitions(str(SYMBOLS.name)))

    def redact(self, text: str) -> str:
        """A text without the secrets of the environment."""
        return self._resources["sources"].redact(text)

    def run_keys(self, job: str, keys: Iterable[PartitionKey], config: Mapping[str, Any] | None = None) -> bool:
        """Run a job over a set of keys, one run per rectangle, with a progress bar; True when all succeeded."""
        results = [
            self.run(job, tags, label=f"{job} {r.keys[0]} … {r.keys[-1]}", total=len(r.keys), config=config)
            for r, tags in self.planned_runs(job, keys)
        ]
        return all(results)

    def planned_runs(self, job: str, keys: Iterable[PartitionKey]) -> list[tuple[Rectangle, Mapping[str, str]]]:
        """The runs that cover a set of keys, each with its tags: its range and the data that it answers to."""
        rectangles = plan_rectangles(keys, self.registered_symbols())
        if job != ANSWERING_JOB:
            return [(rectangle, rectangle.tags) for rectangle in rectangles]
        # Asked before the runs start: what arrives meanwhile is new to the sensor.
        symbols = {symbol for rectangle in rectangles for symbol in rectangle.symbols}
        states = symbol_states(self.sources, self.inputs.raw_store, symbols).states
        answers = answer_tags(states, rectangles)
        return [(r, {**r.tags, **answer}) for r, answer in zip(rectangles, answers, strict=True)]

    def run(
        self,
        job: str,
        tags: Mapping[str, str],
        *,
        label: str,
        total: int,
        config: Mapping[str, Any] | None = None,
    ) -> bool:
        """Run a job with a progress bar and print what failed; True when it succeeded."""
        found = find_job(job)
        bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*bar, console=self.console) as progress:
            task = progress.add_task(label, total=total or None)
            outcome = run_job(
                found,
                tags,
                self.instance,
                config=config,
                on_progress=lambda n: progress.update(task, completed=min(n, total)),
            )
            if outcome.is_success:
                progress.update(task, completed=total, total=total)
        for failure in outcome.failures:
            self.console.print(self.redact(failure), style="red", markup=False, highlight=False, soft_wrap=True)
        return outcome.is_success


def selected(keys: Sequence[PartitionKey], symbols: str | None, timeframes: str | None) -> list[PartitionKey]:
    """The keys of comma-separated symbols and timeframes; None selects all.

    >>> keys = [PartitionKey("A", "D1"), PartitionKey("B", "D1"), PartitionKey("B", "W1")]
    >>> [str(k) for k in selected(keys, "B", None)], selected(keys, "B", "H1")
    (['B|D1', 'B|W1'], [])
    """
    wanted_symbols, wanted_timeframes = listed(symbols), listed(timeframes)
    return [
        key
        for key in keys
        if (not wanted_symbols or key.symbol in wanted_symbols)
        and (not wanted_timeframes or key.timeframe in wanted_timeframes)
    ]


def listed(text: str | None) -> list[str]:
    """The items of a comma-separated text; none for None, which selects all.

    >>> listed("A,B"), listed(None)
    (['A', 'B'], [])
    """
    return text.split(",") if text else []
