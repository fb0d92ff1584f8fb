"""The sensor dead_runs: ends runs of the terminal whose process was killed.

Put here: when they are looked for.
Keep out: what makes a run dead (automation/heartbeats.py).
"""

from datetime import UTC, datetime

import dagster as dg

from quant_pipelines.automation.heartbeats import end_dead_runs


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,  # it starts nothing, and without it the queue may stand still
    description="Marks runs as failed that were started from a terminal and whose process does not exist any more, so "
    "that they hold no place in the queue and their keys are run again. It starts no run.",
)
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """One tick."""
    ended = end_dead_runs(context.instance, datetime.now(UTC))
    for run_id in ended:
        context.log.warning(f"Run {run_id} was marked as failed: its process is dead.")
    return dg.SkipReason(f"{len(ended)} dead runs were marked as failed." if ended else "No run is dead.")


SENSOR = dead_runs
