"""The job register_symbols: symbols of the sources become partitions.

Put here: its definition and what it says of each source.
Keep out: what sources offer.
"""

import dagster as dg

from quant_pipelines.lake.partitions import SYMBOLS
from quant_pipelines.resources import LakeResource, SourcesResource


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


JOB = register_symbols
