"""The stage run: carries any set of keys through the selected stages; one bad key never costs the others.

Put here: order, isolation of failures, progress, and the events Dagster gets per partition.
Keep out: what a stage computes (``assets/``) and what its metadata looks like (metadata.py).
"""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import dagster as dg

from quant_core.errors import QuantError
from quant_pipelines.checks.checks import Check, log_findings
from quant_pipelines.lake.partitions import RANGE_TAGS, SYMBOLS, PartitionKey, keys_of_tags
from quant_pipelines.plots.stage_views import MAX_DRAWN_KEYS
from quant_pipelines.stages.metadata import describe
from quant_pipelines.stages.stage import Stage, StageInputs

PROGRESS_LINE = re.compile(r"^(\d+)/(\d+) keys, ")
"""How a progress line starts: keys done, keys of the run. The terminal reads its progress bar from it."""

_PROGRESS_EVERY_S = 1.0
_NAMED_FAILURES = 50


@dataclass
class _Ledger:
    """What came of every key and stage."""

    done: list[tuple[Stage, PartitionKey, Mapping[str, dg.MetadataValue]]] = field(default_factory=list)
    n_written: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    def made(self) -> dict[str, list[PartitionKey]]:
        """Asset → keys brought up to date."""
        keys: dict[str, list[PartitionKey]] = {}
        for stage, key, _ in self.done:
            keys.setdefault(stage.name, []).append(key)
        return keys


def run_stages(
    context: dg.AssetExecutionContext,
    stages: Sequence[Stage],
    inputs: StageInputs,
    checks: Sequence[Check],
    now: datetime,
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Bring every key of a run up to date in every stage, key by key.

    A key goes through all stages before the next one starts, so a failure ends that key only. When every key
    succeeded each asset yields one result with metadata per partition. When some failed, the good partitions are
    logged as materialized and the run fails, naming the bad ones. The checks are evaluated on what was made.

    Raises:
        dagster.Failure: no key at all (an inverted range), or at least one key failed.
    """
    texts, is_known_to_dagster = _keys_of_run(context)
    if not texts:
        raise dg.Failure(
            "The run covers no partition: expected at least one key, found an empty range. A range follows the order "
            "in which symbols were registered: check that its start comes before its end.",
            allow_retries=False,
        )
    ledger, draw = _Ledger(), len(texts) <= MAX_DRAWN_KEYS
    progress = _Progress(context.log, len(texts))
    for text in sorted(texts):
        _run_key(context, stages, inputs, text, ledger, draw=draw)
        progress.step(ledger)
    if ledger.failed:
        _log_good(context, ledger)
        log_findings(context, checks, inputs.lake, ledger.made(), now)
        raise _failure(ledger, len(texts))
    if is_known_to_dagster:
        for stage, key, entries in ledger.done:
            context.add_asset_metadata(entries, asset_key=stage.name, partition_key=str(key))
        yield from (dg.MaterializeResult(asset_key=stage.name) for stage in stages)
    else:
        _log_good(context, ledger)
    yield from log_findings(context, checks, inputs.lake, ledger.made(), now)


def _keys_of_run(context: dg.AssetExecutionContext) -> tuple[list[str], bool]:
    """The keys that a run is for, and whether Dagster sees the same ones.

    A backfill started in the web UI tags its runs with their range and, besides, with the dimensions of one single
    key; Dagster (1.13.27) then believes in the single key and would call the whole range done. The range is meant.
    """
    seen = [str(key) for key in context.partition_keys]
    ends = {name: value for name, value in context.run.tags.items() if name in RANGE_TAGS}
    if not ends:
        return seen, True
    meant = [str(key) for key in keys_of_tags(ends, context.instance.get_dynamic_partitions(str(SYMBOLS.name)))]
    return meant, sorted(meant) == sorted(seen)


def _run_key(
    context: dg.AssetExecutionContext,
    stages: Sequence[Stage],
    inputs: StageInputs,
    text: str,
    ledger: _Ledger,
    *,
    draw: bool,
) -> None:
    """Carry one key through the stages until one of them fails."""
    stage_name = "partition key"
    try:
        key = PartitionKey.parse(text)
        for stage in stages:
            stage_name = stage.name
            outcome = stage.make(inputs, key)
            ledger.done.append((stage, key, describe(inputs.lake, stage, key, outcome, draw=draw)))
            ledger.n_written += outcome.written
    except QuantError as error:
        ledger.failed[text] = inputs.redact(f"{stage_name}: {error}")
        context.log.error(f"{text} failed in {ledger.failed[text]}")
    except Exception as error:  # the boundary between keys: recorded here, raised as one Failure at the end
        ledger.failed[text] = inputs.redact(f"{stage_name}: unexpected {type(error).__name__}: {error}")
        context.log.error(f"{text} failed in {ledger.failed[text]}\n{inputs.redact(traceback.format_exc())}")


def _log_good(context: dg.AssetExecutionContext, ledger: _Ledger) -> None:
    """Log what was made although the run fails; a good key keeps its partitions."""
    for stage, key, entries in ledger.done:
        context.log_event(
            dg.AssetMaterialization(
                asset_key=stage.name,
                partition=key.multi,
                tags={"dagster/partition/symbol": key.symbol, "dagster/partition/timeframe": key.timeframe},
                metadata=dict(entries),
            )
        )


def _failure(ledger: _Ledger, n_keys: int) -> dg.Failure:
    """One failure that names every bad key with its reason."""
    named = [f"{key}: {reason}" for key, reason in list(ledger.failed.items())[:_NAMED_FAILURES]]
    more = len(ledger.failed) - len(named)
    if more:
        named.append(f"and {more} more; see metadata failed_keys")
    return dg.Failure(
        f"{len(ledger.failed)} of {n_keys} keys failed; the others are materialized.\n" + "\n".join(named),
        metadata={
            "n_keys": n_keys,
            "n_failed": len(ledger.failed),
            "failed_keys": dg.MetadataValue.json(ledger.failed),
        },
        allow_retries=False,
    )


class _Progress:
    """Lines in the log while keys are worked on: ``12/400 keys, 3.1 s, 101 s to go``."""

    def __init__(self, log: dg.DagsterLogManager, n_keys: int) -> None:
        self._log, self._n_keys, self._n_done = log, n_keys, 0
        self._start = self._last = time.monotonic()

    def step(self, ledger: _Ledger) -> None:
        """Count one key; write a line every few seconds and at the end."""
        self._n_done += 1
        now = time.monotonic()
        if now - self._last < _PROGRESS_EVERY_S and self._n_done < self._n_keys:
            return
        self._last = now
        elapsed = now - self._start
        left = elapsed / self._n_done * (self._n_keys - self._n_done)
        self._log.info(
            f"{self._n_done}/{self._n_keys} keys, {elapsed:.1f} s, {left:.0f} s to go; "
            f"{ledger.n_written} partitions written, {len(ledger.done) - ledger.n_written} unchanged, "
            f"{len(ledger.failed)} keys failed"
        )
