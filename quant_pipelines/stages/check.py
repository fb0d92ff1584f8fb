"""Check: what a rule for one asset is, and how what it found reads in Dagster.

Put here: the shape of a rule and of its findings.
Keep out: particular rules (checks/, sql/checks) and when they are evaluated (key_run.py).

Why a check looks at the rows in hand: reading back what was just written costs more than writing its event. Why never
blocking: a blocking check stops what is downstream of the good keys too; bad rows are kept out before a table is
published.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import dagster as dg

from quant_pipelines.lake.partitions import SYMBOL_TIMEFRAME, Key
from quant_pipelines.stages.key_tables import KeyTables


@dataclass(frozen=True)
class Finding:
    """What a check found in one partition.

    Attributes:
        n_found: offending rows (or 1 for a defect of the whole partition); the check passes at 0.
        facts: JSON-able details for the UI, or metadata values.
    """

    n_found: int
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Rule:
    """One rule for one asset, and how what it found reaches Dagster.

    Attributes:
        is_warning: True when a finding asks for a look and does not make the numbers wrong.
    """

    asset: str
    name: str
    description: str
    is_warning: bool = field(default=False, kw_only=True)

    @property
    def key(self) -> dg.AssetCheckKey:
        """The check's key in Dagster."""
        return dg.AssetCheckKey(dg.AssetKey(self.asset), self.name)

    def spec(self) -> dg.AssetCheckSpec:
        """The check as Dagster shows it."""
        with warnings.catch_warnings():
            # Partitioned checks are a preview in Dagster; without them every key would overwrite the last result.
            warnings.simplefilter("ignore", dg.PreviewWarning)
            return dg.AssetCheckSpec(
                self.name, asset=self.asset, description=self.description, partitions_def=SYMBOL_TIMEFRAME
            )

    def evaluation(self, key: str, finding: Finding) -> dg.AssetCheckEvaluation:
        """The result of one key, as Dagster stores it."""
        return dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(self.asset),
            check_name=self.name,
            passed=finding.n_found == 0,
            severity=dg.AssetCheckSeverity.WARN if self.is_warning else dg.AssetCheckSeverity.ERROR,
            description=f"{key}: {finding.n_found:,} found",
            metadata={"n_found": finding.n_found, **{name: _value(value) for name, value in finding.facts.items()}},
            partition=key,
        )

    def result(self, findings: Mapping[str, Finding]) -> dg.AssetCheckResult:
        """The result over the keys of a run that were made, for a check that the run was asked for."""
        summary = self.summary(findings)
        return dg.AssetCheckResult(
            asset_key=summary.asset_key,
            check_name=summary.check_name,
            passed=summary.passed,
            severity=summary.severity,
            description=summary.description,
            metadata=summary.metadata,
        )

    def summary(self, findings: Mapping[str, Finding]) -> dg.AssetCheckEvaluation:
        """One evaluation over several keys."""
        bad = {key: finding.n_found for key, finding in findings.items() if finding.n_found}
        return dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(self.asset),
            check_name=self.name,
            passed=not bad,
            severity=dg.AssetCheckSeverity.WARN if self.is_warning else dg.AssetCheckSeverity.ERROR,
            description=f"{len(bad)} of {len(findings)} keys with findings; each key has its own evaluation",
            metadata={
                "n_keys": len(findings),
                "n_found": sum(bad.values()),
                "n_found_by_key": dg.MetadataValue.json(bad),
            },
        )


@dataclass(frozen=True)
class Check(Rule):
    """A rule that is evaluated on what a run writes.

    Attributes:
        find: (tables of the key, key) → what is wrong with them.
    """

    find: Callable[[KeyTables, Key], Finding]


def log_evaluation(context: dg.OpExecutionContext, evaluation: dg.AssetCheckEvaluation) -> None:
    """Log one evaluation of a check that has its own step.

    Why logged and not returned: a check of a partitioned asset may run without a partition, and Dagster (1.13.27) fails
    when it looks up the partition of such a result.
    """
    # Dagster's annotation leaves evaluations out; its code takes them.
    context.log_event(cast(Any, evaluation))


def _value(value: object) -> dg.MetadataValue[Any]:
    if isinstance(value, dg.MetadataValue):
        return value  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, str):
        return dg.MetadataValue.text(value)
    return dg.MetadataValue.int(value) if isinstance(value, int) else dg.MetadataValue.json(value)  # pyright: ignore[reportArgumentType]
