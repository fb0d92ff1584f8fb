"""The sensor new_symbols: symbols that a source offers and nobody registered start the job register_symbols.

Put here: what a tick looks at.
Keep out: registering (jobs/register_symbols.py).
"""

import dagster as dg

from quant_pipelines.lake.partitions import SYMBOLS
from quant_pipelines.resources import LakeResource, SourcesResource


@dg.sensor(job_name="register_symbols", description="Registers symbols as soon as a source offers them.")
def new_symbols(
    context: dg.SensorEvaluationContext, sources: SourcesResource, lake: LakeResource
) -> dg.RunRequest | dg.SkipReason:
    """One tick: compare what is offered with what is registered."""
    known = set(context.instance.get_dynamic_partitions(str(SYMBOLS.name)))
    new = sorted(set(sources.open(lake.open()).symbols()) - known)
    return dg.RunRequest(run_key=f"new_symbols:{','.join(new)}") if new else dg.SkipReason("No new symbol.")


SENSOR = new_symbols
