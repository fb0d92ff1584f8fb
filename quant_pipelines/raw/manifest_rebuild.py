"""Manifest rebuild: a manifest from its copy and from what the parts say of themselves.

Put here: which deliveries are whole on disk, and the manifest that names them.
Keep out: moving files, asking people and sources (raw_repair.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from quant_pipelines.lake.facts import digest
from quant_pipelines.lake.seal import fault_in_parquet, is_sealed
from quant_pipelines.lake.storage import Storage
from quant_pipelines.raw.delivery_log import LOG_FOLDER, records_in
from quant_pipelines.raw.manifest_entries import DeliveryRecord, Kind, LogPiece, Loss, Part
from quant_pipelines.raw.part_files import PartFacts, extended_hash, facts_of
from quant_pipelines.raw.raw_manifest import Manifest


def rebuilt_manifest(storage: Storage, folder: str, paths: Sequence[str], copy: Manifest | None) -> Manifest | None:
    """The manifest after the last delivery that the copy or the parts know as a whole.

    Without a copy, what no part tells is not there: deliveries that brought nothing new, the fingerprint that was taken
    in last (so the source is asked again), watermarks too long to be told, and records of folded parts that the log
    does not hold. Numbers of parts that no file holds are counted as lost.

    Args:
        storage: of the lake.
        folder: of the partition.
        paths: the parts and log files in it, relative to it.
        copy: the copy of the manifest, where it can be read.

    Returns:
        None where neither says enough: parts of earlier releases say nothing of themselves.
    """
    contents = {path: storage.read(f"{folder}/{path}") for path in paths}
    told = [facts for path, content in contents.items() if (facts := facts_of(content, path)) is not None]
    state = _newest_state(told)
    if copy is not None and (state is None or state.totals.n_deliveries <= copy.totals.n_deliveries):
        return copy
    named = copy.files() if copy is not None else set[str]()
    if state is None or any(_says_nothing(content) for path, content in contents.items() if path not in named):
        return None
    known = state.totals.n_deliveries
    told = [facts for facts in told if facts.state.totals.n_deliveries <= known]
    log = _log(contents, known)
    records = {r.number: r for r in (copy.recent if copy is not None else ())}
    records |= {r.number: r for facts in told for r in facts.state.recent}
    losses: list[Loss] = []
    found = state.model_copy(
        update={
            "parts": _covering(_known("rows", told, copy), state.n_parts, "rows", losses),
            "quarantine": _covering(_known("quarantine", told, copy), state.n_quarantine_parts, "quarantine", losses),
            "log": log,
            "recent": _after_log(records.values(), log),
            "watermarks": (copy.watermarks if copy is not None else {}) | state.watermarks,
        }
    )
    return with_losses(found, losses)


def with_losses(manifest: Manifest, losses: Iterable[Loss]) -> Manifest:
    """The manifest that counts losses; lost rows are another history."""
    for loss in losses:
        history = manifest.history_hash
        if loss.what != "log":
            history = digest(f"{history}\nlost {loss.what} {loss.first} {loss.last}".encode())
        manifest = manifest.model_copy(update={"losses": (*manifest.losses, loss), "history_hash": history})
    return manifest


def _newest_state(told: Sequence[PartFacts]) -> Manifest | None:
    """How the store stood after the last delivery all of whose files are there, or were folded."""
    newest: Manifest | None = None
    for number in sorted({facts.state.totals.n_deliveries for facts in told}, reverse=True):
        own = [facts for facts in told if facts.state.totals.n_deliveries == number]
        folds = [facts for facts in own if facts.part.is_folded]
        parts = sorted((facts for facts in own if not facts.part.is_folded), key=lambda f: f.file_number)
        if folds:
            newest = folds[0].state
        elif len(parts) == parts[0].n_files:
            last = parts[-1]
            hashed = extended_hash(last.state.history_hash, last.kind, last.part)
            newest = last.state.model_copy(update={"history_hash": hashed})
        if newest is not None:
            break
    return newest


def _says_nothing(content: bytes) -> bool:
    """True for an intact part of an earlier release."""
    return content.endswith(b"PAR1") and fault_in_parquet(content) is None and not is_sealed(content)


def _known(kind: Kind, told: Iterable[PartFacts], copy: Manifest | None) -> list[Part]:
    """The parts of a kind that a copy names or that are there."""
    named = () if copy is None else copy.parts_of(kind)
    return [*named, *(facts.part for facts in told if facts.kind == kind)]


def _covering(known: Sequence[Part], n_parts: int, kind: Kind, losses: list[Loss]) -> tuple[Part, ...]:
    """The files that hold the parts 1 to n: of files that begin with the same part the longest; gaps are losses."""
    chosen: list[Part] = []
    at = 1
    while at <= n_parts:
        beginning = [part for part in known if part.first == at and part.last <= n_parts]
        if beginning:
            chosen.append(max(beginning, key=lambda p: p.last))
            at = chosen[-1].last + 1
        else:
            end = min((part.first for part in known if part.first > at), default=n_parts + 1)
            losses.append(Loss(what=kind, first=at, last=end - 1, n_rows=None))
            at = end
    return tuple(chosen)


def _log(contents: dict[str, bytes], n_deliveries: int) -> tuple[LogPiece, ...]:
    """The files of the log, of files that begin with the same delivery the longest."""
    pieces: list[LogPiece] = []
    for path, content in contents.items():
        records = records_in(content) if path.startswith(f"{LOG_FOLDER}/") else None
        if records is not None and records[-1].number <= n_deliveries:
            first, last = records[0].number, records[-1].number
            hashed = digest(content)
            pieces.append(LogPiece(path=path, records_hash=hashed, first=first, last=last, n_records=len(records)))
    chosen: list[LogPiece] = []
    for piece in sorted(pieces, key=lambda p: (p.first, -p.last)):
        if not chosen or piece.first > chosen[-1].last:
            chosen.append(piece)
    return tuple(chosen)


def _after_log(records: Iterable[DeliveryRecord], log: Sequence[LogPiece]) -> tuple[DeliveryRecord, ...]:
    """The records that are not in the log, in order."""
    logged = log[-1].last if log else 0
    return tuple(sorted((r for r in records if r.number > logged), key=lambda r: r.number))
