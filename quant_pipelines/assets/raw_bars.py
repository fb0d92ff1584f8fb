"""The stage raw_bars: brings the raw store up to date with the source of a partition.

Put here: which source rows a partition needs, and what is said about their delivery.
Keep out: storing (raw_store.py) and sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quant_core.errors import LakeError, SourceError
from quant_core.tables import TABLES
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.sources.catalog import Offer, native_timeframe
from quant_pipelines.stages.stage import Made, Stage

if TYPE_CHECKING:
    from quant_core.spec import ResearchSpec
    from quant_pipelines.stages.reader import Reader

_MAX_FAILURES_IN_A_ROW = 3


def make(read: Reader, _settings: ResearchSpec, _config: object) -> Made:
    """Ingest what the source has new for the partition's native timeframe; nothing new writes nothing."""
    sources, store, key = read.sources, read.raw_store, read.partition
    available = {*store.native_timeframes(key.symbol), *sources.native_timeframes(key.symbol)}
    silent = f" (not reached: {', '.join(sources.failed)})" if sources.failed else ""
    native = PartitionKey(key.symbol, native_timeframe(key, available, f"sources.yaml and the lake{silent}").value)
    before, offer = store.manifest(native), sources.offers.get(native)
    manifest = _ingest(read, offer) if offer is not None else before
    if manifest is None:
        raise LakeError(f"No rows of {native} exist: expected a source or stored rows, found neither. Add a source.")
    delivered_by = manifest.latest.source
    if offer is None and delivered_by in sources.failed:
        raise SourceError(
            f"Rows of {native} cannot be brought up to date: expected source {delivered_by} to answer. Last reason: "
            f"{sources.failed[delivered_by]} Mend the source and run this key again; the stored rows are untouched."
        )
    return Made({}, _facts(manifest, native, offered_by_a_source=offer is not None), is_new=manifest != before)


def _ingest(read: Reader, offer: Offer) -> Manifest:
    """Ask a source once per run and native key; a source that keeps failing is not asked for every key left."""
    done: dict[PartitionKey, Manifest] = read.memo.setdefault("ingested", {})
    if offer.key in done:
        return done[offer.key]
    name = offer.source.name
    recent: list[str] = read.memo.setdefault("source_failures", {}).setdefault(name, [])
    if len(recent) >= _MAX_FAILURES_IN_A_ROW:
        raise SourceError(
            f"Source {name} is not asked for {offer.key}: expected it to answer, but it failed for the last "
            f"{len(recent)} keys. Last reason: {recent[-1]} Mend the source and run the failed keys again."
        )
    try:
        manifest = read.raw_store.ingest(offer.source, offer.instrument, read.log)
    except SourceError as error:
        recent.append(str(error))
        raise
    recent.clear()
    read.memo["ingested"] = {k: m for k, m in done.items() if k.symbol == offer.key.symbol} | {offer.key: manifest}
    return manifest


def _facts(manifest: Manifest, native: PartitionKey, *, offered_by_a_source: bool) -> dict[str, object]:
    """What people want to know about the raw rows behind a partition."""
    latest, totals = manifest.latest, manifest.totals
    restatements = [
        {"version": r.version, "n_rows_changed": r.restatement.n_rows_changed}
        | {"max_relative_change": r.restatement.max_relative_change}
        | {"first_ts": str(r.restatement.first_ts), "last_ts": str(r.restatement.last_ts)}
        for r in manifest.restatements
    ]
    return {
        "native_timeframe": native.timeframe,
        "source": latest.source if offered_by_a_source else f"{latest.source} (offers it no longer; stored rows kept)",
        "calendar": manifest.instrument.calendar,
        "raw_version": manifest.version,
        "restatements": restatements,
        "n_restatements": totals.n_restatements,
        "n_parts": manifest.n_parts,
        "n_files_of_parts": len(manifest.parts),
        "n_rows_stored": sum(p.n_rows for p in manifest.parts),
        "n_rows_delivered": totals.n_rows_in,
        "n_rows_known_already": totals.n_known,
        "n_rows_quarantined": totals.n_quarantined,
        **({"losses": [loss.model_dump(mode="json") for loss in manifest.losses]} if manifest.losses else {}),
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
    table=TABLES["raw_rows"],
    reads=("sources",),
    group="ingest",
    make=make,
)
