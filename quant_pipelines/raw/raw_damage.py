"""Raw damage: which files the raw store should hold, and what is wrong with them.

Put here: manifests that cannot be read, files that are gone or not what their manifest says.
Keep out: mending (raw_repair.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.errors import LakeError
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.seal import Fault, fault_of_nothing
from quant_pipelines.lake.storage import Storage
from quant_pipelines.raw.delivery_log import fault_in_log
from quant_pipelines.raw.earlier_manifest import LaterManifestError, is_earlier, manifest_of_text
from quant_pipelines.raw.manifest_entries import LogPiece, Part
from quant_pipelines.raw.manifest_files import ManifestFiles
from quant_pipelines.raw.part_files import fault_in_part
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.raw_store import RawStore


@dataclass(frozen=True)
class RawFile:
    """One file of the raw store.

    Attributes:
        path: relative to the lake.
        key: symbol and native timeframe.
        entry: what the manifest says of a part or of a file of the delivery log; None for a manifest or its copy.
    """

    path: str
    key: PartitionKey
    entry: Part | LogPiece | None = None


def raw_files(lake: Lake) -> list[RawFile]:
    """Every manifest and copy, and the files that they name; of a key without a readable one only these two."""
    found: list[RawFile] = []
    store = RawStore(lake)
    for key in store.keys():  # noqa: SIM118  a store is no dict
        files = store.files(key)
        found.append(RawFile(files.manifest_path, key))
        if _needs_copy(lake.storage, files):
            found.append(RawFile(files.copy_path, key))
        named = readable(lake.storage, files.manifest_path) or readable(lake.storage, files.copy_path)
        if named is not None:
            entries = (*named.parts, *named.quarantine, *named.log)
            found += [RawFile(f"{files.folder}/{entry.path}", key, entry) for entry in entries]
    return found


def readable(storage: Storage, path: str) -> Manifest | None:
    """The manifest in a file; None where there is none, or a damaged one."""
    try:
        return manifest_of_text(storage.read(path), path) if storage.exists(path) else None
    except LakeError:
        return None


def fault_in_raw(lake: Lake, file: RawFile) -> Fault | None:
    """What is wrong with a file of the raw store; None where it is what was stored."""
    if not lake.storage.exists(file.path):
        if file.entry is None:
            return Fault("deleted", "rows were delivered, and it is not there")
        return Fault("deleted", "its manifest names it, and it is not there") if _is_named(lake, file) else None
    content = lake.storage.read(file.path)
    if isinstance(file.entry, Part):
        return fault_in_part(content, file.entry)
    if fault := fault_of_nothing(content, len(content)):
        return fault
    return _fault_in_manifest(content, file.path) if file.entry is None else fault_in_log(content, file.entry)


def _is_named(lake: Lake, file: RawFile) -> bool:
    """False for a file that a fold replaced since the walk."""
    files = RawStore(lake).files(file.key)
    now = readable(lake.storage, files.manifest_path) or readable(lake.storage, files.copy_path)
    return now is None or file.path.removeprefix(f"{files.folder}/") in now.files()


def _needs_copy(storage: Storage, files: ManifestFiles) -> bool:
    """False where the manifest was written by a release that made no copies, and there is none."""
    if storage.exists(files.copy_path) or not storage.exists(files.manifest_path):
        return True
    return not is_earlier(storage.read(files.manifest_path))


def _fault_in_manifest(content: bytes, path: str) -> Fault | None:
    try:
        manifest_of_text(content, path)
    except LaterManifestError:
        return None
    except LakeError as error:
        return Fault("altered" if content.rstrip().endswith(b"}") else "truncated", str(error))
    return None
