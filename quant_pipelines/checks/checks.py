"""Asset checks: what was found in each published partition, shown per key in the web UI.

Put here: the shape of a check, the checks that every table has, and how evaluations reach Dagster.
Keep out: rules for single tables (one file each in sql/checks), and cleaning: a check reports, it changes nothing.

Why per key by ``log_event``: a check of a run over many keys yields one evaluation without a partition. Why
never blocking: a blocking check stops what is downstream of the good keys too; bad rows are kept out before a
file is published.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import dagster as dg
import polars as pl

from quant_core.errors import DataContractError, SchemaVersionError
from quant_core.tables import TABLES
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import SYMBOL_TIMEFRAME, PartitionKey
from quant_pipelines.lake.query import run_select
from quant_pipelines.lake.sql_files import SQL_FOLDER, SqlFile, read_sql_files
from quant_pipelines.raw.published_bars import load_bars

_SHOWN_ROWS = 5
_MOST_RECORDS = 100_000

MAX_LOGGED_KEYS = 24
"""Runs over more keys log the evaluations of keys with findings only."""


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

    def spec(self) -> dg.AssetCheckSpec:
        """The check as Dagster shows it."""
        with warnings.catch_warnings():
            # Partitioned checks are a preview in Dagster; without them every key would overwrite the last result.
            warnings.simplefilter("ignore", dg.PreviewWarning)
            return dg.AssetCheckSpec(
                self.name, asset=self.asset, description=self.description, partitions_def=SYMBOL_TIMEFRAME
            )

    def evaluation(self, key: PartitionKey, finding: Finding) -> dg.AssetCheckEvaluation:
        """The result of one key, as Dagster stores it."""
        return dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(self.asset),
            check_name=self.name,
            passed=finding.n_found == 0,
            severity=dg.AssetCheckSeverity.WARN if self.is_warning else dg.AssetCheckSeverity.ERROR,
            description=f"{key}: {finding.n_found:,} found",
            metadata={"n_found": finding.n_found, **{name: _value(value) for name, value in finding.facts.items()}},
            partition=str(key),
        )

    def result(self, findings: Mapping[PartitionKey, Finding]) -> dg.AssetCheckResult:
        """The result over all keys of a run."""
        bad = {str(key): finding.n_found for key, finding in findings.items() if finding.n_found}
        return dg.AssetCheckResult(
            asset_key=self.asset,
            check_name=self.name,
            passed=not bad,
            severity=dg.AssetCheckSeverity.WARN if self.is_warning else dg.AssetCheckSeverity.ERROR,
            description=f"{len(bad)} of {len(findings)} keys with findings; each key has its own evaluation",
            metadata={"n_found": sum(bad.values()), "n_found_by_key": dg.MetadataValue.json(bad)},
        )


@dataclass(frozen=True)
class Check(Rule):
    """A rule that every run evaluates on what it made, for all its keys at once.

    Attributes:
        find: (lake, keys, now in UTC) → finding per key.
    """

    find: Callable[[Lake, Sequence[PartitionKey], datetime], Mapping[PartitionKey, Finding]]


def discover_checks(assets: Sequence[str]) -> list[Check]:
    """The checks of the named assets: the contract of each, and every file of ``sql/checks``."""
    contracts = [contract_check(asset) for asset in assets if asset in TABLES]
    rules = [sql_check(file) for file in read_sql_files(SQL_FOLDER / "checks")]
    return sorted(
        (c for c in [*contracts, *rules, REFUSED_ROWS, FRESHNESS] if c.asset in assets), key=lambda c: (c.asset, c.name)
    )


def log_findings(
    context: dg.AssetExecutionContext,
    checks: Sequence[Check],
    lake: Lake,
    made: Mapping[str, Sequence[PartitionKey]],
    now: datetime,
) -> list[dg.AssetCheckResult]:
    """Evaluate the checks of what a run has made and log one evaluation per check and key.

    Args:
        context: of the running step.
        checks: all that might apply.
        lake: where the partitions are.
        made: asset → keys that the run brought up to date.
        now: UTC.

    Returns:
        One result per check for the run as a whole, to be yielded: without one Dagster shows "skipped".
    """
    results: list[dg.AssetCheckResult] = []
    for check in checks:
        keys = made.get(check.asset, ())
        if not keys:
            continue
        findings = check.find(lake, keys, now)
        log_evaluations(context, check, findings)
        results.append(check.result(findings))
    return results


def log_evaluations(
    context: dg.AssetExecutionContext | dg.OpExecutionContext, rule: Rule, findings: Mapping[PartitionKey, Finding]
) -> None:
    """Log what one rule found, key by key."""
    for key in _logged_keys(context.instance, rule, findings):
        # Dagster logs evaluations too; its annotation names fewer kinds of events than it takes.
        context.log_event(rule.evaluation(key, findings[key]))  # pyright: ignore[reportArgumentType]


def _logged_keys(
    instance: dg.DagsterInstance, rule: Rule, findings: Mapping[PartitionKey, Finding]
) -> list[PartitionKey]:
    """The keys whose evaluation is worth an event of its own.

    Every event is a transaction of the event log, and a thousand keys have ten thousand evaluations. In a bulk run a
    key that passes is logged only if it ever failed, so that no old failure stays on display; the run's own
    evaluation counts the rest.
    """
    if len(findings) <= MAX_LOGGED_KEYS:
        return list(findings)
    check_key = dg.AssetCheckKey(dg.AssetKey(rule.asset), rule.name)
    records = instance.event_log_storage.get_asset_check_execution_history(check_key, limit=_MOST_RECORDS)
    failed_before = {record.partition for record in records if record.status.value == "FAILED"}
    return [key for key, finding in findings.items() if finding.n_found or str(key) in failed_before]


def contract_check(asset: str) -> Check:
    """Read the published file again and hold it against its table contract."""

    def find(lake: Lake, keys: Sequence[PartitionKey], now: datetime) -> dict[PartitionKey, Finding]:
        return {key: _breach(asset, lake, key) for key in keys}

    table = TABLES[asset]
    return Check(
        asset,
        "satisfies_its_contract",
        f"Columns, types, nulls, bounds, the key {table.key} and the order of table `{asset}`, in the published file.",
        find,
    )


def _breach(asset: str, lake: Lake, key: PartitionKey) -> Finding:
    try:
        n_rows = TABLES[asset].validate(lake.read(asset, key), where=str(key)).height
    except (DataContractError, SchemaVersionError) as error:
        return Finding(1, {"breach": str(error)})
    return Finding(0, {"n_rows": n_rows})


def sql_check(file: SqlFile) -> Check:
    """A file of ``sql/checks``: its SELECT names the offending rows of the asset in front of the double underscore."""
    asset, _, rule = file.name.partition("__")

    def find(lake: Lake, keys: Sequence[PartitionKey], now: datetime) -> dict[PartitionKey, Finding]:
        rows = run_select(file, lake, {asset: list(keys)})
        by_key = {
            PartitionKey(*names): part for names, part in rows.group_by("symbol", "timeframe", maintain_order=True)
        }
        return {key: _offenders(by_key.get(key)) for key in keys}

    return Check(asset, rule, file.meaning, find)


def _offenders(rows: pl.DataFrame | None) -> Finding:
    if rows is None:
        return Finding(0)
    shown = rows.head(_SHOWN_ROWS).with_columns(pl.selectors.temporal().cast(pl.String)).to_dicts()
    return Finding(rows.height, {"first_rows": shown})


def _refused(lake: Lake, keys: Sequence[PartitionKey], now: datetime) -> dict[PartitionKey, Finding]:
    found: dict[PartitionKey, Finding] = {}
    for key in keys:
        reasons = lake.read("quarantine", key)["reason"].value_counts(sort=True)
        counts = lake.read("quality", key).filter(pl.col("n_rows") > 0).select("check", "n_rows")
        facts = {"quarantined_by_reason": dict(reasons.iter_rows()), "found_by_check": dict(counts.iter_rows())}
        found[key] = Finding(int(reasons["count"].sum()), facts)
    return found


REFUSED_ROWS = Check(
    "bars",
    "no_row_was_refused",
    "Rows of the source in `quarantine`, by reason, and everything the quality checks counted (`quality`). Refused "
    "rows are not in `bars`; look at them before trusting the rest of the file.",
    _refused,
    is_warning=True,
)

MAX_SESSIONS_BEHIND = 3
"""Sessions that may have closed since the last bar: a vendor's delay over a weekend with a holiday."""


def _freshness(lake: Lake, keys: Sequence[PartitionKey], now: datetime) -> dict[PartitionKey, Finding]:
    found: dict[PartitionKey, Finding] = {}
    for key in keys:
        bars = load_bars(lake, key).bars()
        if len(bars) == 0:
            found[key] = Finding(1, {"last_bar": "none"})
            continue
        last = bars.frame["ts_close"][-1]
        sessions = bars.calendar.sessions(last.date(), now.date())
        behind = sessions.filter((pl.col("open") >= last) & (pl.col("close") <= now)).height
        allowed = MAX_SESSIONS_BEHIND + (5 if key.timeframe == "W1" else 0)
        facts = {"n_sessions_behind": behind, "n_allowed": allowed, "last_bar": f"{last:%Y-%m-%d %H:%M} UTC"}
        found[key] = Finding(max(behind - allowed, 0), facts)
    return found


FRESHNESS = Check(
    "bars",
    "is_fresh",
    f"Sessions of the symbol's calendar that closed after the last bar; more than {MAX_SESSIONS_BEHIND} (and a week "
    "more for W1) is a finding. A source that ends in the past, such as the sample, is never fresh.",
    _freshness,
    is_warning=True,
)


def _value(value: Any) -> dg.MetadataValue[Any]:
    if isinstance(value, dg.MetadataValue):
        return cast("dg.MetadataValue[Any]", value)
    if isinstance(value, str):
        return dg.MetadataValue.text(value)
    return dg.MetadataValue.int(value) if isinstance(value, int) else dg.MetadataValue.json(value)
