"""Raw damage: which files the raw store should hold, and what is wrong with them.

Put here: manifests that cannot be read, parts that are gone or not what their manifest says.
Keep out: mending. Raw rows cannot be computed again, so nothing here moves or deletes a file.
"""

from __future__ import annotations

from dataclasses import dataclass

from quant_core.errors import LakeError
from quant_pipelines.lake.facts import digest
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.seal import Fault
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.raw_store import ASSET, RawStore


@dataclass(frozen=True)
class RawFile:
    """One file of the raw store.

    Attributes:
        path: relative to the lake.
        key: symbol and native timeframe.
        content_hash: of a part, as its manifest says; "" for a manifest.
    """

    path: str
    key: PartitionKey
    content_hash: str = ""


def raw_files(lake: Lake) -> list[RawFile]:
    """Every manifest, and the parts that they name; of a manifest that cannot be read only itself."""
    found: list[RawFile] = []
    store = RawStore(lake)
    for key in store.keys():  # noqa: SIM118  a store is no dict
        folder = lake.folder(ASSET, key)
        manifest = RawFile(f"{folder}/manifest.json", key)
        found.append(manifest)
        if fault_in_raw(lake, manifest) is None:
            read = Manifest.of_text(lake.storage.read(manifest.path), manifest.path)
            named = read.parts() + read.quarantine_parts()
            found += [RawFile(f"{folder}/{part.path}", key, part.content_hash) for part in named]
    return found


def fault_in_raw(lake: Lake, file: RawFile) -> Fault | None:
    """What is wrong with a file of the raw store; None where it is what was stored."""
    if not lake.storage.exists(file.path):
        return Fault("deleted", "its manifest names it, and it is not there")
    content = lake.storage.read(file.path)
    if not content:
        return Fault("empty", "it has no bytes")
    if not content.strip(b"\0"):
        return Fault("zeroed", f"it holds {len(content):,} zero bytes")
    return _fault_in_part(content, file) if file.content_hash else _fault_in_manifest(content, file)


def _fault_in_part(content: bytes, file: RawFile) -> Fault | None:
    if digest(content) == file.content_hash:
        return None
    if not content.endswith(b"PAR1"):
        return Fault("truncated", "its end is no end of a Parquet file")
    return Fault("altered", "its SHA-256 is not the one in its manifest")


def _fault_in_manifest(content: bytes, file: RawFile) -> Fault | None:
    try:
        Manifest.of_text(content, file.path)
    except LakeError as error:
        return Fault("altered" if content.rstrip().endswith(b"}") else "truncated", str(error))
    return None
