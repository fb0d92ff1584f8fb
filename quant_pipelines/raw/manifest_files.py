"""Manifest files: the manifest on disk, its copy, and which other files of a partition's folder belong to the store.

Put here: reading, committing with its copy, folding with a commit, and cleaning what no manifest names.
Keep out: what is in a manifest (raw_manifest.py), what to do about damage (raw_damage.py, raw_repair.py).

A commit writes new files, then ``manifest.json``, then ``manifest.copy.json`` with the same bytes, then deletes the
files that a fold replaced. Killed at any point, the store reads as before or as after; the next run does the rest.
A folder with parts and without a manifest is a killed first delivery where ``first_delivery.pending`` says so, and
damage where it does not: what was delivered is never counted as nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from quant_core.errors import LakeError
from quant_pipelines.lake.storage import Storage
from quant_pipelines.raw.delivery_log import sealed_log
from quant_pipelines.raw.earlier_manifest import manifest_of_text
from quant_pipelines.raw.folding import n_to_fold
from quant_pipelines.raw.manifest_entries import Kind, Part
from quant_pipelines.raw.part_files import folded_part, told_state
from quant_pipelines.raw.raw_manifest import Manifest

MANIFEST, COPY, PENDING = "manifest.json", "manifest.copy.json", "first_delivery.pending"
_MOST_LOOKS = 10
T = TypeVar("T")

_IS_OURS = re.compile(
    r"/(_v\d+/(part|quarantine)-\d+\.parquet|_folded/(part|quarantine)-\d+-\d+\.parquet"
    r"|_deliveries/\d+-\d+\.jsonl\.gz)$"
)


class ManifestFiles:
    """The files of one partition of the raw store.

    Args:
        storage: of the lake.
        folder: of the partition, relative to the lake.
    """

    def __init__(self, storage: Storage, folder: str) -> None:
        self._storage = storage
        self.folder = folder
        self.manifest_path, self.copy_path = f"{folder}/{MANIFEST}", f"{folder}/{COPY}"

    def read(self) -> Manifest | None:
        """The manifest; None when nothing was delivered.

        Raises:
            LakeError: it is damaged, or it is gone and its parts or its copy are there.
        """
        if self._storage.exists(self.manifest_path):
            return manifest_of_text(self._storage.read(self.manifest_path), self.manifest_path)
        if not self.is_without_manifest():
            # It may have been written since the first look: readers take no lock.
            return self.read() if self._storage.exists(self.manifest_path) else None
        raise LakeError(
            f"Manifest {self.manifest_path} is missing: expected it beside the parts or the copy of the manifest that "
            "are there, found none. The rows are not lost and are not taken in anew. "
            "It is made again from its copy or its parts by: qe doctor --repair"
        )

    def look(self, look: Callable[[Manifest], T]) -> T | None:
        """What a look at the files of the manifest gives; None when nothing was delivered.

        Readers take no lock: where a fold replaced files meanwhile, the look is taken again with the new manifest.

        Raises:
            LakeError: the manifest, or a file that it names, is damaged.
        """
        for _ in range(_MOST_LOOKS):
            manifest = self.read()
            if manifest is None:
                return None
            try:
                return look(manifest)
            except LakeError:
                now = self.read()
                if now is None or now.files() == manifest.files():
                    raise
        raise LakeError(
            f"Raw rows at {self.folder} are replaced faster than they can be read: expected to read them in "
            f"{_MOST_LOOKS} looks. Wait for the run that takes them in, then run this again."
        )

    def is_held(self) -> bool:
        """True where something was delivered, also when its manifest is gone."""
        return self._storage.exists(self.manifest_path) or self.is_without_manifest()

    def is_without_manifest(self) -> bool:
        """True where a manifest was and is not there any more."""
        if self._storage.exists(self.copy_path):
            return not self._storage.exists(self.manifest_path)
        if not self.stored_files() or self._storage.exists(f"{self.folder}/{PENDING}"):
            return False
        return not self._storage.exists(self.manifest_path)

    def stored_files(self) -> list[str]:
        """Paths of all parts and log files in the folder, named by the manifest or not, relative to it, sorted."""
        paths = [p for folder in self._storage.folders(self.folder) for p in self._storage.files(folder)]
        return sorted(path.removeprefix(f"{self.folder}/") for path in paths if _IS_OURS.search(path))

    def content(self, part: Part) -> bytes:
        """The bytes of a part's file.

        Raises:
            LakeError: it is not there.
        """
        return self._storage.read(f"{self.folder}/{part.path}")

    def begin(self, manifest: Manifest) -> None:
        """Say that parts are about to be written for the first time, so that a kill is no damage."""
        if not manifest.totals.n_deliveries:
            self._storage.write(f"{self.folder}/{PENDING}", b"")

    def commit(self, manifest: Manifest, log: Callable[[str], object] = str) -> Manifest:
        """Fold what has become many, publish the manifest and its copy, delete what a fold replaced.

        Args:
            manifest: its new parts are on disk.
            log: receives a line where something is damaged and therefore not folded.

        Returns:
            The manifest as it was published.
        """
        folded = sealed_log(self._storage, self.folder, self._folded(manifest, log))
        self.publish(folded)
        for path in sorted(manifest.files() - folded.files()):
            self._storage.delete(f"{self.folder}/{path}")
        return folded

    def publish(self, manifest: Manifest) -> None:
        """Write the manifest and its copy; the files that it names are on disk."""
        content = manifest.to_text().encode()
        self._storage.write(self.manifest_path, content)
        self._storage.write(self.copy_path, content)
        self._storage.delete(f"{self.folder}/{PENDING}")

    def clean(self, manifest: Manifest) -> None:
        """Remove what a killed run left: temporary files and parts that no manifest names; foreign files stay."""
        self._storage.clean_leftovers(self.folder)
        for folder in self._storage.folders(self.folder):
            self._storage.clean_leftovers(folder)
        for path in sorted(set(self.stored_files()) - manifest.files()):
            self._storage.delete(f"{self.folder}/{path}")

    def complete(self, manifest: Manifest) -> None:
        """Do what a killed commit of this manifest left undone; nothing where it was not killed."""
        self.clean(manifest)
        if not self._storage.exists(self.manifest_path):
            return
        content = self._storage.read(self.manifest_path)
        if not self._storage.exists(self.copy_path) or self._storage.read(self.copy_path) != content:
            self._storage.write(self.copy_path, content)
        self._storage.delete(f"{self.folder}/{PENDING}")

    def _folded(self, manifest: Manifest, log: Callable[[str], object]) -> Manifest:
        """The manifest with its newest parts in fewer files; the files are on disk, not yet published."""
        try:
            parts = self._folded_parts(manifest, manifest.parts, "rows")
            quarantine = self._folded_parts(manifest, manifest.quarantine, "quarantine")
        except LakeError as error:  # new rows arrive also where old ones are damaged; whoever reads those says so
            log(f"{self.folder}: parts are not folded. {error}")
            return manifest
        return manifest.model_copy(update={"parts": parts, "quarantine": quarantine})

    def _folded_parts(self, manifest: Manifest, parts: tuple[Part, ...], kind: Kind) -> tuple[Part, ...]:
        n_folded = n_to_fold([part.n_rows for part in parts])
        if not n_folded:
            return parts
        kept, small = parts[:-n_folded], parts[-n_folded:]
        return (*kept, folded_part(self._storage, self.folder, small, kind, told_state(manifest)))
