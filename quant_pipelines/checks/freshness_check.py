"""The asset check is_fresh on bars: how many sessions closed since the last bar of a key.

Put here: the check, which partitions it takes.
Keep out: rules of single tables (checks.py).

Why a check of its own and not one of checks.py: those look at what a run writes, and a key grows stale exactly when
nothing is written. The job ``freshness`` asks the lake and the calendars about every key, by schedule.
"""

from collections.abc import Iterator
from datetime import datetime

import dagster as dg

from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.published_bars import load_bars
from quant_pipelines.resources import ClockResource, LakeResource
from quant_pipelines.stages.check import Finding, Rule, log_evaluation

MAX_SESSIONS_BEHIND = 3
"""Sessions that may have closed since the last bar: a vendor's delay over a weekend with a holiday."""

FRESHNESS = Rule(
    "bars",
    "is_fresh",
    f"Sessions of the symbol's calendar that closed after the last bar; more than {MAX_SESSIONS_BEHIND} (and a week "
    "more for W1) is a finding. A source that ends in the past, such as the sample, is never fresh. Run by the job "
    "freshness.",
    is_warning=True,
)


@dg.multi_asset_check(name="sessions_behind", specs=[FRESHNESS.spec()], can_subset=True)
def freshness(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, clock: ClockResource
) -> Iterator[dg.AssetCheckResult]:
    """Ask every key with bars, or those of the run, how far behind it is; one evaluation per key and one over all."""
    opened, now = lake.open(), clock.now()
    is_partitioned = context.has_partition_key or context.has_partition_key_range
    keys = [PartitionKey.parse(str(k)) for k in context.partition_keys] if is_partitioned else opened.keys("bars")
    findings = {str(key): sessions_behind(opened, key, now) for key in keys if opened.exists("bars", key)}
    step = context.op_execution_context
    for key, finding in findings.items():
        log_evaluation(step, FRESHNESS.evaluation(key, finding))
    behind = [key for key, finding in findings.items() if finding.n_found]
    context.log.info(f"{len(behind)} of {len(findings)} keys are behind: {', '.join(behind[:20]) or '-'}")
    if not is_partitioned:
        log_evaluation(step, FRESHNESS.summary(findings))
    yield from ()


def sessions_behind(lake: Lake, key: PartitionKey, now: datetime) -> Finding:
    """Sessions that closed after the last bar of a key, beyond what is allowed.

    Args:
        lake: where its bars are.
        key: the partition.
        now: UTC.
    """
    bars = load_bars(lake, key).bars()
    if len(bars) == 0:
        return Finding(1, {"last_bar": "none"})
    last = bars.frame["ts_close"][-1]
    sessions = bars.calendar.sessions(last.date(), now.date())
    behind = sessions.filter((sessions["open"] >= last) & (sessions["close"] <= now)).height
    allowed = MAX_SESSIONS_BEHIND + (5 if key.timeframe == "W1" else 0)
    facts = {"n_sessions_behind": behind, "n_allowed": allowed, "last_bar": f"{last:%Y-%m-%d %H:%M} UTC"}
    return Finding(max(behind - allowed, 0), facts)
