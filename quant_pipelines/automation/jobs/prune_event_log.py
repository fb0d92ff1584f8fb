"""The job prune_event_log: old runs that hold the last word about nothing go.

Put here: its definition and its run config.
Keep out: which runs are needed (retention.py).
"""

from datetime import timedelta

import dagster as dg

from quant_pipelines.automation.retention import prune_event_log as prune_runs
from quant_pipelines.automation.sqlite_files import shrink_databases
from quant_pipelines.resources import ClockResource


@dg.op(config_schema={"keep_days": dg.Field(dg.IntSource, default_value=30)})
def delete_superseded_runs(context: dg.OpExecutionContext, clock: ClockResource) -> None:
    """Delete runs older than ``keep_days`` that hold the last word about nothing, and give their space back."""
    keep_days = int(context.op_config["keep_days"])
    if keep_days < 1:
        raise dg.Failure(f"keep_days must be at least 1, found {keep_days}.", allow_retries=False)
    n_deleted = prune_runs(context.instance, before=clock.now() - timedelta(days=keep_days))
    context.log.info(f"{n_deleted} superseded runs older than {keep_days} days deleted")
    freed = {str(s.path): s.n_bytes_before - s.n_bytes_after for s in shrink_databases(context.instance)}
    for path, n_bytes in freed.items():
        context.log.info(f"{path}: {n_bytes:,} bytes given back to the disk")
    context.add_output_metadata(
        {"n_deleted_runs": n_deleted, "keep_days": keep_days, "n_bytes_freed": sum(freed.values())}
    )


@dg.job(description="Deletes old runs that no partition needs any more; the event log grows without it.")
def prune_event_log() -> None:
    """Keep the event log small."""
    delete_superseded_runs()


JOB = prune_event_log
