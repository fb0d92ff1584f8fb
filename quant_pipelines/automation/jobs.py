"""Jobs: the runs people start by name.

Put here: job definitions over the discovered assets.
Keep out: assets, and who starts jobs when (schedules, sensors).
"""

from datetime import timedelta

import dagster as dg

from quant_pipelines.assets.sql_marts import MARTS
from quant_pipelines.automation.retention import prune_event_log as prune_runs
from quant_pipelines.automation.sqlite_files import shrink_databases
from quant_pipelines.checks.freshness_check import FRESHNESS
from quant_pipelines.checks.leak_audit_check import CHECK_KEY
from quant_pipelines.lake.partitions import SYMBOLS
from quant_pipelines.resources import ClockResource, LakeResource, SourcesResource
from quant_pipelines.stages.stage import discover_stages


@dg.op
def register_available_symbols(context: dg.OpExecutionContext, lake: LakeResource, sources: SourcesResource) -> None:
    """Add every symbol that a source offers as a partition, and say what each source offers and refuses.

    Raises:
        dagster.Failure: a source could not be reached; the symbols of the others are registered before.
    """
    opened = sources.open(lake.open())
    symbols = opened.symbols()
    known = set(context.instance.get_dynamic_partitions(str(SYMBOLS.name)))
    added = [s for s in symbols if s not in known]
    context.instance.add_dynamic_partitions(str(SYMBOLS.name), added)
    offered = [f"{key} from {offer.source.name} ({offer.instrument.calendar})" for key, offer in opened.offers.items()]
    refused = {origin: sources.redact(reason) for origin, reason in opened.refused().items()}
    failed = {name: sources.redact(reason) for name, reason in opened.failed.items()}
    context.log.info(
        f"{len(added)} symbols added, {len(symbols) - len(added)} known already: {', '.join(added) or '-'}"
    )
    for title, lines in (
        ("offered", offered),
        ("passed over", opened.passed_over),
        ("switched off", [f"{name}: {reason}" for name, reason in opened.switched_off.items()]),
    ):
        for line in lines:
            context.log.info(f"{title}: {line}")
    for origin, reason in refused.items():
        context.log.warning(f"refused: {origin}: {reason}")
    context.add_output_metadata(
        {"added": added, "offered": offered, "refused": dg.MetadataValue.json(refused), "n_symbols": len(symbols)}
    )
    if failed:
        raise dg.Failure(
            "Sources failed; the symbols of the others are registered.\n"
            + "\n".join(f"{name}: {reason}" for name, reason in failed.items()),
            allow_retries=False,
        )


@dg.job(description="Registers every symbol the sources offer as a partition. Run it before anything else.")
def register_symbols() -> None:
    """Make the symbols of the sources available as partitions."""
    register_available_symbols()


def _assets(*names: str) -> dg.AssetSelection:
    """Assets without checks: a run evaluates them on what it writes, asked or not, and logs what they find.

    Planned checks would cost an event per check and key before any work, and turn red when one key fails.
    """
    return dg.AssetSelection.assets(*names).without_checks()


ingest = dg.define_asset_job(
    "ingest",
    selection=_assets("raw_bars", "bars"),
    description="Brings raw rows and cleaned bars up to date with the sources.",
)

market_stats = dg.define_asset_job(
    "market_stats",
    selection=_assets("features", "market_stats"),
    description="Computes features and statistics from bars.",
)

research = dg.define_asset_job(
    "research",
    selection=_assets(*(s.name for s in discover_stages("symbol_timeframe") if s.refresh != "on_request")),
    description="The whole flow, from the sources to the statistics and seasonal profiles, key by key.",
)

seasonality = dg.define_asset_job(
    "seasonality",
    selection=_assets("seasonality_profiles"),
    description="Profiles calendar bins and their stability from bars.",
)

stats_details = dg.define_asset_job(
    "stats_details",
    selection=_assets("stats_details"),
    description="Writes the event bars behind the cells that the run config names.",
)

marts = dg.define_asset_job("marts", selection=MARTS, description="Refreshes every mart of sql/marts.")

report = dg.define_asset_job(
    "report",
    selection=_assets("report"),
    description="Writes one self-contained HTML report per symbol from what the lake holds.",
)

calibration = dg.define_asset_job(
    "calibration",
    selection=_assets("calibration"),
    description="Simulates worlds of known truth and reports how often the statistics err.",
)

leak_audit = dg.define_asset_job(
    "leak_audit",
    selection=dg.AssetSelection.checks(CHECK_KEY),
    description="Computes every block again on published bars cut at random times; fails and names what looks ahead.",
)

freshness = dg.define_asset_job(
    "freshness",
    selection=dg.AssetSelection.checks(FRESHNESS.key),
    description="Counts the sessions that closed since the last bar of every key with bars.",
)


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


JOBS = [
    register_symbols,
    ingest,
    market_stats,
    research,
    seasonality,
    stats_details,
    marts,
    report,
    calibration,
    leak_audit,
    freshness,
    prune_event_log,
]
