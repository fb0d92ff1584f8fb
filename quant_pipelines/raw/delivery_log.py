"""The delivery log: every delivery but the latest ones, in sealed files beside the parts.

Put here: moving records from the manifest to files, folding the files, and reading them.
Keep out: what a record holds (raw_manifest.py).

A file is ``_deliveries/00000001-00000005.jsonl.gz``: one record as JSON per line.
"""

from __future__ import annotations

import gzip
from zlib import error as ZlibError

from pydantic import ValidationError

from quant_core.errors import LakeError
from quant_pipelines.lake.lake import digest
from quant_pipelines.lake.seal import DamageKind, Fault
from quant_pipelines.lake.storage import Storage
from quant_pipelines.raw.folding import n_to_fold
from quant_pipelines.raw.manifest_entries import DeliveryRecord, LogPiece
from quant_pipelines.raw.raw_manifest import Manifest

LOG_FOLDER = "_deliveries"
_GZIP = b"\x1f\x8b"
_MOST_RECENT, _KEPT_RECENT = 8, 4


def sealed_log(storage: Storage, folder: str, manifest: Manifest) -> Manifest:
    """The manifest with the older of its recent deliveries in the log; new files are on disk, not yet published."""
    if len(manifest.recent) <= _MOST_RECENT:
        return manifest
    older, recent = manifest.recent[:-_KEPT_RECENT], manifest.recent[-_KEPT_RECENT:]
    pieces = manifest.log
    n_folded = n_to_fold([*(p.n_records for p in pieces), len(older)])
    if n_folded > 1 and all(_is_intact(storage, folder, piece) for piece in pieces[1 - n_folded :]):
        pieces, folded = pieces[: 1 - n_folded], pieces[1 - n_folded :]
        older = (*(r for piece in folded for r in _records_in(storage, folder, piece)), *older)
    content = _content(older)
    first, last = older[0].number, older[-1].number
    path = f"{LOG_FOLDER}/{first:08d}-{last:08d}.jsonl.gz"
    storage.write(f"{folder}/{path}", content)
    new = LogPiece(path=path, records_hash=digest(content), first=first, last=last, n_records=len(older))
    return manifest.model_copy(update={"log": (*pieces, new), "recent": recent})


def all_deliveries(storage: Storage, folder: str, manifest: Manifest) -> list[DeliveryRecord]:
    """Every delivery in order; those that a repair counted as lost are left out.

    Raises:
        LakeError: a file of the log is damaged.
    """
    logged = [record for piece in manifest.log for record in _records_in(storage, folder, piece)]
    return [*logged, *manifest.recent]


def records_in(content: bytes) -> list[DeliveryRecord] | None:
    """The records of a file of the log; None where it is none.

    >>> records_in(b"") is None
    True
    """
    try:
        lines = gzip.decompress(content).splitlines()
        return [DeliveryRecord.model_validate_json(line) for line in lines] or None
    except (OSError, EOFError, ZlibError, ValidationError):
        return None


def fault_in_log(content: bytes, piece: LogPiece) -> Fault | None:
    """What is wrong with the bytes of a file of the log; None where they are what was written."""
    if digest(content) == piece.records_hash:
        return None
    kind: DamageKind = "truncated" if content.startswith(_GZIP) and _is_cut(content) else "altered"
    return Fault(kind, "its SHA-256 is not the one in its manifest")


def _is_cut(content: bytes) -> bool:
    try:
        gzip.decompress(content)
    except EOFError:
        return True
    except (OSError, ZlibError):
        return False
    return False


def _content(records: tuple[DeliveryRecord, ...]) -> bytes:
    lines = [record.model_dump_json() + "\n" for record in records]
    return gzip.compress("".join(lines).encode(), mtime=0)


def _is_intact(storage: Storage, folder: str, piece: LogPiece) -> bool:
    """False where a file is gone or changed: it stays as it is then, for the doctor to name."""
    path = f"{folder}/{piece.path}"
    return storage.exists(path) and digest(storage.read(path)) == piece.records_hash


def _records_in(storage: Storage, folder: str, piece: LogPiece) -> list[DeliveryRecord]:
    content = storage.read(f"{folder}/{piece.path}")
    found = records_in(content) if digest(content) == piece.records_hash else None
    if found is None:
        raise LakeError(
            f"Delivery log {folder}/{piece.path} is damaged: expected the SHA-256 in its manifest, found another. "
            "Rows are not touched by it. To set it aside: qe doctor --repair"
        )
    return found
