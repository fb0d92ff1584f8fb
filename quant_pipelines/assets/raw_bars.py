"""The stage raw_bars: brings the raw store up to date with the source of a partition.

Put here: which source rows a partition needs, and what is said about their delivery.
Keep out: storing (raw_store.py) and sources.
"""

from __future__ import annotations

from quant_core.tables import TABLES
from quant_pipelines.partitions import PartitionKey
from quant_pipelines.raw_manifest import Manifest
from quant_pipelines.sources.catalog import native_timeframe
from quant_pipelines.stages import Outcome, Stage, StageInputs


def make(inputs: StageInputs, key: PartitionKey) -> Outcome:
    """Ingest what the source has new for the partition's native timeframe; nothing new writes nothing."""
    stored, offered = inputs.raw_store.native_timeframes(key.symbol), inputs.sources.native_timeframes(key.symbol)
    native = PartitionKey(key.symbol, native_timeframe(key, {*offered, *stored}, "sources.yaml and the lake").value)
    before = inputs.raw_store.manifest(native)
    offer = inputs.sources.offers.get(native)
    if offer is None:
        manifest = before
    else:
        done: dict[PartitionKey, Manifest] = inputs.memo.setdefault("ingested", {})
        manifest = done.get(native) or inputs.raw_store.ingest(offer.source, offer.instrument, inputs.log)
        done[native] = manifest
    assert manifest is not None  # a native timeframe is offered or stored
    return Outcome(written=manifest != before, metadata=_facts(manifest, native, offered_by_a_source=offer is not None))


def _facts(manifest: Manifest, native: PartitionKey, *, offered_by_a_source: bool) -> dict[str, object]:
    """What people want to know about the raw rows behind a partition."""
    latest = manifest.deliveries[-1]
    restatements = [
        {"version": v.number, "n_rows_changed": r.n_rows_changed, "max_relative_change": r.max_relative_change}
        | {"first_ts": str(r.first_ts), "last_ts": str(r.last_ts)}
        for v in manifest.versions
        for r in v.restatements
    ]
    return {
        "native_timeframe": native.timeframe,
        "source": latest.source if offered_by_a_source else f"{latest.source} (offers it no longer; stored rows kept)",
        "calendar": manifest.instrument.calendar,
        "raw_version": manifest.current.number,
        "restatements": restatements,
        "n_parts": len(manifest.parts()),
        "n_rows_stored": sum(p.n_rows for p in manifest.parts()),
        "n_rows_delivered": sum(d.n_rows_in for d in manifest.deliveries),
        "n_rows_known_already": sum(d.n_known for d in manifest.deliveries),
        "n_rows_quarantined": sum(d.n_quarantined for d in manifest.deliveries),
        "fetched_at": latest.fetched_at.isoformat(),
        "origin": latest.origin,
        "origin_hash": latest.origin_hash,
        "raw_data_version": manifest.data_version(),
        "reading": latest.details,
    }


STAGE = Stage(
    name="raw_bars",
    description=(
        "Exactly what the source delivered, typed, in immutable parts: `_v1`, and `_v2` … when a source restated its "
        "history. A partition brings its symbol's native timeframe up to date: its own where the source has it, else "
        "the finest one below. Nothing new writes nothing."
    ),
    upstream=(),
    table=TABLES["raw_rows"],
    group="ingest",
    kinds=frozenset({"parquet", "polars"}),
    make=make,
)
