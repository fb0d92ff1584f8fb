"""The asset check leak_audit on market_stats: does any block of the spec see the future of the published bars?

Put here: the check, its run config, which partitions it takes.
Keep out: what is audited (leak_audit_run.py) and how a leak is shown (leak_audit_finding.py).

Why a check of its own and not one of checks.py: those are evaluated on what a run writes; recomputing every
block at every cut takes one to three seconds per key. The job ``leak_audit`` runs the check alone; the other jobs leave
it out. Why evaluations are logged and no result is returned: a check of a partitioned asset may run without a
partition, and Dagster (1.13.27) fails when it looks up the partition of such a result.
"""

from collections.abc import Iterator, Sequence

import dagster as dg
from pydantic import Field

from quant_core.errors import ConfigError, QuantError
from quant_core.spec import ResearchSpec
from quant_pipelines.checks.leak_audit_finding import audit_key
from quant_pipelines.checks.leak_audit_run import LeakAuditSettings, is_in_scope
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.resources import LakeResource, ResearchResource
from quant_pipelines.stages.check import Finding, Rule, log_evaluation
from quant_pipelines.stages.progress import Progress

_DEFAULTS = LeakAuditSettings()
_NAMED_KEYS = 20

LEAK_AUDIT = Rule(
    "market_stats",
    "leak_audit",
    "Features, events, conditions fitted on their training bars, targets, calendar bins, metrics, coarser bars, the "
    "join to them and folds are computed again on published bars cut at random times, at the largest moves, at gaps "
    "and after clock changes: nothing at or before a cut may change. Engines run again with other prices outside a "
    "split, and blocks in a process that never saw a later bar. A leak comes with block, column, cut, both values, the "
    "shortest slice that shows it and Python to see it again. Run by the job leak_audit; a run that also materializes "
    "assets audits its first key only.",
)
CHECK_KEY = dg.AssetCheckKey(dg.AssetKey(LEAK_AUDIT.asset), LEAK_AUDIT.name)


class LeakAuditConfig(dg.Config):
    """Run config of the check."""

    n_cuts: int = Field(_DEFAULTS.n_cuts, ge=1, description="Random cuts per partition and audit.")
    seed: int = Field(_DEFAULTS.seed, ge=0, description="Seed of the cuts, folds and rewritten prices.")
    newest_bars: int = Field(_DEFAULTS.newest_bars, ge=10, description="Newest bars that blocks are computed on.")
    fresh_process: bool = Field(
        _DEFAULTS.fresh_process, description="Compare with a process that never saw a later bar; takes seconds per key."
    )
    symbols: list[str] = Field([], description="Symbols to audit; empty: all. A run with partitions takes those.")
    timeframes: list[str] = Field([], description="Timeframes to audit; empty: all.")


@dg.multi_asset_check(name="audit_blocks", specs=[LEAK_AUDIT.spec()], can_subset=True)
def leak_audit(
    context: dg.AssetCheckExecutionContext, config: LeakAuditConfig, lake: LakeResource, research: ResearchResource
) -> Iterator[dg.AssetCheckResult]:
    """Audit the keys of the run, log an evaluation per key and one over all, and fail if there is a leak."""
    opened, spec = lake.open(), research.load()
    settings = LeakAuditSettings(config.n_cuts, config.seed, config.newest_bars, config.fresh_process)
    keys = _keys_of(context, config, opened, spec)
    findings, failed = _audit(context, opened, spec, settings, keys)
    for key, finding in findings.items():
        log_evaluation(context.op_execution_context, LEAK_AUDIT.evaluation(str(key), finding))
    if not context.has_partition_key:
        log_evaluation(context.op_execution_context, _summary(findings, failed, len(keys), settings))
    leaking = [f"{key}: {finding.facts['first_leak']}" for key, finding in findings.items() if finding.n_found]
    if leaking or failed:
        named = [*leaking, *(f"{key}: {reason}" for key, reason in failed.items())]
        raise dg.Failure(
            f"{len(leaking)} of {len(findings)} audited keys leak, {len(failed)} could not be audited; first leak or "
            "error of each:\n" + "\n".join(named[:_NAMED_KEYS]),
            allow_retries=False,
        )
    yield from ()  # a step that yields nothing is quiet; one that returns None is warned about


def _keys_of(
    context: dg.AssetCheckExecutionContext, config: LeakAuditConfig, lake: Lake, spec: ResearchSpec
) -> list[PartitionKey]:
    """The partitions of the run; without any, those with bars that spec and config are about.

    Raises:
        ConfigError: nothing to audit.
    """
    if context.has_partition_key or context.has_partition_key_range:
        keys = sorted(PartitionKey.parse(str(key)) for key in context.partition_keys)
        return keys[:1] if context.run.asset_selection else keys
    known = [key for key in lake.keys("bars") if is_in_scope(spec, key)]
    keys = [
        key
        for key in known
        if (not config.symbols or key.symbol in config.symbols)
        and (not config.timeframes or key.timeframe in config.timeframes)
    ]
    if not keys:
        raise ConfigError.at(
            "leak_audit",
            expected="a partition with published bars inside the research spec",
            found=f"{len(known)} such partitions, none of symbols {config.symbols} and timeframes {config.timeframes}",
            next_step="Run the job ingest first, or correct the run config.",
        )
    return keys


def _audit(
    context: dg.AssetCheckExecutionContext,
    lake: Lake,
    spec: ResearchSpec,
    settings: LeakAuditSettings,
    keys: Sequence[PartitionKey],
) -> tuple[dict[PartitionKey, Finding], dict[PartitionKey, str]]:
    """Audit key by key, with progress lines: findings, and the errors of keys that could not be audited.

    Keys with too few bars are in neither and said so.
    """
    findings: dict[PartitionKey, Finding] = {}
    failed: dict[PartitionKey, str] = {}
    progress = Progress(context.log.info, len(keys), "keys")
    for key in keys:
        try:
            finding = audit_key(lake, spec, key, settings)
        except QuantError as error:  # one key must not cost the others; the run fails at its end and names it
            failed[key] = str(error)
            context.log.error(f"{key}: {error}")
        else:
            if finding is None:
                context.log.warning(f"{key}: too few bars for a cut, not audited")
            else:
                findings[key] = finding
        progress.step(_found(findings))
    return findings, failed


def _found(findings: dict[PartitionKey, Finding]) -> str:
    n_leaks = sum(finding.n_found for finding in findings.values())
    return f"{_total(findings, 'n_values'):,} values compared at {_total(findings, 'n_cuts'):,} cuts, {n_leaks} leaks"


def _total(findings: dict[PartitionKey, Finding], name: str) -> int:
    return sum(int(finding.facts[name]) for finding in findings.values())


def _summary(
    findings: dict[PartitionKey, Finding], failed: dict[PartitionKey, str], n_keys: int, settings: LeakAuditSettings
) -> dg.AssetCheckEvaluation:
    """One evaluation over all keys of the run."""
    leaks = {str(key): finding.n_found for key, finding in findings.items() if finding.n_found}
    return dg.AssetCheckEvaluation(
        asset_key=CHECK_KEY.asset_key,
        check_name=CHECK_KEY.name,
        # An audit that compared nothing has shown nothing.
        passed=bool(findings) and not leaks and not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{len(findings)} keys: {_found(findings)}",
        metadata={
            "n_keys": len(findings),
            "n_keys_too_short": n_keys - len(findings) - len(failed),
            "failed_keys": dg.MetadataValue.json({str(key): reason for key, reason in failed.items()}),
            "n_cuts": _total(findings, "n_cuts"),
            "n_values": _total(findings, "n_values"),
            "n_values_of_engines": _total(findings, "n_values_of_engines"),
            "seed": settings.seed,
            "newest_bars": settings.newest_bars,
            "n_leaks_by_key": dg.MetadataValue.json(leaks),
        },
    )
