"""The runner: carries any set of keys through stages, in this process or in several; one bad key never costs others.

Put here: order of keys, workers, progress, what Dagster is told, and the failure that names what failed.
Keep out: one key (key_run.py), the writing of events (run_events.py), what a stage computes (``assets/``).
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from pydantic import BaseModel

from quant_core.errors import ConfigError, QuantError
from quant_pipelines.lake.partitions import RANGE_TAGS, SYMBOLS, Key, PartitionKey, SymbolKey, WholeKey, keys_of_tags
from quant_pipelines.resources import LakeResource, ResearchResource, SourcesResource
from quant_pipelines.stages.check import Check, Finding
from quant_pipelines.stages.key_run import KeyOutcome, KeyPlan, StageOutcome, n_made, run_key
from quant_pipelines.stages.progress import Progress
from quant_pipelines.stages.reader import StageInputs
from quant_pipelines.stages.run_events import EventWriter, MadePartition
from quant_pipelines.stages.stage import KeyKind, Stage

MAX_DRAWN_KEYS = 8
"""A run over more keys draws nothing: 400 keys would put 20 MB of pictures into the event log. The marts show all."""

_NAMED_FAILURES = 50


@dataclass
class _Ledger:
    """What came of every key."""

    outcomes: list[KeyOutcome] = field(default_factory=list[KeyOutcome])

    @property
    def failed(self) -> dict[str, str]:
        """Key → stages that failed, with reasons."""
        return {o.key: "; ".join(f"{s.stage}: {s.reason}" for s in o.failures) for o in self.outcomes if o.failures}

    @property
    def impossible(self) -> dict[str, str]:
        """Key → why no stage of the run can be made for it."""
        return {
            o.key: o.stages[0].reason
            for o in self.outcomes
            if o.stages and all(s.status == "not_applicable" for s in o.stages)
        }

    def findings(self, check: Check) -> dict[str, Finding]:
        """Key → what a check found, where it was evaluated."""
        return {
            outcome.key: stage.findings[check.name]
            for outcome in self.outcomes
            for stage in outcome.stages
            if stage.stage == check.asset and check.name in stage.findings
        }

    def __str__(self) -> str:
        counts = (
            f"{n_made(self.outcomes, 'written')} partitions written, {n_made(self.outcomes, 'unchanged')} unchanged"
        )
        impossible = f", {len(self.impossible)} keys not applicable" if self.impossible else ""
        return f"{counts}, {len(self.failed)} keys failed{impossible}"


def run_stages(
    context: dg.AssetExecutionContext,
    stages: Sequence[Stage],
    inputs: StageInputs,
    checks: Sequence[Check] = (),
    *,
    config: BaseModel | None = None,
    n_workers: int = 1,
) -> Iterator[dg.AssetCheckResult]:
    """Bring every key of a run up to date in every stage, key by key.

    A stage that fails costs a key what is below it; every other stage and key is carried on. What was written is told
    to Dagster as it happens. Checks that the run was asked for yield one result each over what was made.

    Args:
        context: of the running step.
        stages: of one kind of keys, upstream before downstream.
        inputs: what they read.
        checks: evaluated on what is written.
        config: run config of the stages that have one.
        n_workers: processes that share the keys; no result depends on it.

    Raises:
        dagster.Failure: no key at all (an inverted range), nothing but impossible keys, or at least one key failed.
    """
    keys, bad = _keys_of_run(context, stages[0].key_kind)
    writer, ledger = EventWriter(context), _Ledger(bad)
    plan = _plan(context, stages, checks, config, writer, keys)
    progress = Progress(context.log.info, len(keys) + len(bad), "keys")
    try:
        for outcome in _outcomes(inputs, plan, keys, n_workers):
            ledger.outcomes.append(outcome)
            _tell(context, writer, plan, outcome)
            progress.step(str(ledger))
    finally:  # what was written before an interruption is told, too
        writer.flush()
    for key, reason in ledger.impossible.items():
        context.log.info(f"{key} is not applicable: {reason}")
    for check in checks:
        if f"{check.asset}:{check.name}" in plan.asked_checks:
            yield check.result(ledger.findings(check))
    if ledger.failed or len(ledger.impossible) == len(ledger.outcomes):
        raise _failure(ledger)


def _keys_of_run(context: dg.AssetExecutionContext, kind: KeyKind) -> tuple[list[Key], list[KeyOutcome]]:
    """The keys that a run is for, sorted, and failed outcomes of texts that are no keys.

    A backfill started in the web UI tags its runs with their range and, besides, with the dimensions of one single
    key; Dagster (1.13.27) then believes in the single key and would call the whole range done. The range is meant.

    Raises:
        dagster.Failure: the run covers nothing.
    """
    if kind == "none":
        return [WholeKey()], []
    texts = [str(key) for key in context.partition_keys]
    ends = {name: value for name, value in context.run.tags.items() if name in RANGE_TAGS}
    if ends and kind == "symbol_timeframe":
        texts = [str(k) for k in keys_of_tags(ends, context.instance.get_dynamic_partitions(str(SYMBOLS.name)))]
    if not texts:
        raise dg.Failure(
            "The run covers no partition: expected at least one key, found an empty range. A range follows the order "
            "in which symbols were registered: check that its start comes before its end.",
            allow_retries=False,
        )
    keys: list[Key] = []
    bad: list[KeyOutcome] = []
    for text in sorted(texts):
        try:
            keys.append(PartitionKey.parse(text) if kind == "symbol_timeframe" else SymbolKey(text))
        except QuantError as error:
            bad.append(KeyOutcome(text, (StageOutcome("partition key", "failed", str(error)),)))
    return keys, bad


def _plan(
    context: dg.AssetExecutionContext,
    stages: Sequence[Stage],
    checks: Sequence[Check],
    config: BaseModel | None,
    writer: EventWriter,
    keys: Sequence[Key],
) -> KeyPlan:
    """What the run wants of every key."""
    asked = {f"{k.asset_key.to_user_string()}:{k.name}" for k in context.selected_asset_check_keys}
    told = {s.name: {str(k): writer.told_version(s.name, _partition(k)) for k in keys} for s in stages}
    return KeyPlan(stages, checks, config, draw=len(keys) <= MAX_DRAWN_KEYS, asked_checks=frozenset(asked), told=told)


def _partition(key: Key) -> str | None:
    """The key as Dagster's partition; None for an unpartitioned asset."""
    return None if isinstance(key, WholeKey) else str(key)


def _tell(context: dg.AssetExecutionContext, writer: EventWriter, plan: KeyPlan, outcome: KeyOutcome) -> None:
    """Hand Dagster what became of a key."""
    for problem in outcome.problems:
        context.log.error(problem)
    checks = {(check.asset, check.name): check for check in plan.checks}
    for stage in outcome.stages:
        if stage.is_made:
            partition = None if plan.stages[0].key_kind == "none" else outcome.key
            versions = (stage.data_version, stage.code_version, stage.input_versions)
            writer.add(
                MadePartition(stage.stage, partition, stage.metadata, *versions, written=stage.status == "written")
            )
        for name, finding in stage.findings.items():
            writer.evaluate(checks[stage.stage, name].evaluation(outcome.key, finding))


def _outcomes(inputs: StageInputs, plan: KeyPlan, keys: Sequence[Key], n_workers: int) -> Iterator[KeyOutcome]:
    """The outcomes of all keys in order, one after the other or from several processes."""
    if n_workers < 1:
        raise ConfigError.at("n_workers", expected="at least 1", found=n_workers, next_step="Raise it.")
    groups = _groups(keys)
    if n_workers == 1 or len(groups) == 1:
        yield from (run_key(inputs, plan, key) for key in keys)
        return
    with _pool(inputs, plan, min(n_workers, len(groups))) as pool:
        for outcomes in pool.map(_run_group, groups):
            yield from outcomes


def _groups(keys: Iterable[Key]) -> list[list[Key]]:
    """The keys by symbol: timeframes of one symbol share what was read and cleaned."""
    groups: dict[str, list[Key]] = {}
    for key in keys:
        groups.setdefault("" if isinstance(key, WholeKey) else key.symbol, []).append(key)
    return list(groups.values())


_WORKER: dict[str, Any] = {}


@contextmanager
def _pool(inputs: StageInputs, plan: KeyPlan, n_workers: int) -> Generator[ProcessPoolExecutor]:
    """Processes that each open what the run reads."""
    # Spawned, not forked: a fork copies locks that the threads of Polars may hold.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        n_workers, mp_context=context, initializer=_start_worker, initargs=(_settings(inputs), plan)
    ) as pool:
        yield pool


def _settings(inputs: StageInputs) -> list[dict[str, Any]]:
    """The resources as plain values: within a run they hold Dagster's context, which no process can take over."""
    return [resource.model_dump() for resource in inputs.resources]


def _start_worker(settings: Sequence[dict[str, Any]], plan: KeyPlan) -> None:
    """Open the inputs in a worker process."""
    lake, sources, research = settings
    resources = (LakeResource(**lake), SourcesResource(**sources), ResearchResource(**research))
    _WORKER["inputs"], _WORKER["plan"] = StageInputs(*resources), plan


def _run_group(keys: Sequence[Key]) -> list[KeyOutcome]:
    """Work of a worker process: the keys of one symbol."""
    return [run_key(_WORKER["inputs"], _WORKER["plan"], key) for key in keys]


def _failure(ledger: _Ledger) -> dg.Failure:
    """One failure that names every bad key with its reason."""
    n_keys = len(ledger.outcomes)
    failed = ledger.failed or ledger.impossible
    what = "failed; what does not depend on them is materialized" if ledger.failed else "are not applicable"
    named = [f"{key}: {reason}" for key, reason in list(failed.items())[:_NAMED_FAILURES]]
    if len(failed) > len(named):
        named.append(f"and {len(failed) - len(named)} more; see metadata failed_keys")
    return dg.Failure(
        f"{len(failed)} of {n_keys} keys {what}.\n" + "\n".join(named),
        metadata={
            "n_keys": n_keys,
            "n_failed": len(ledger.failed),
            "failed_keys": dg.MetadataValue.json(ledger.failed),
            "failed_stages": dg.MetadataValue.json(
                {o.key: {s.stage: s.reason for s in o.failures} for o in ledger.outcomes if o.failures}
            ),
            "skipped_stages": dg.MetadataValue.json(
                {o.key: [s.stage for s in o.stages if s.status == "skipped"] for o in ledger.outcomes if o.failures}
            ),
            "not_applicable_keys": dg.MetadataValue.json(ledger.impossible),
        },
        allow_retries=False,
    )
