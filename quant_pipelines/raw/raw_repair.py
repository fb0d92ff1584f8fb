"""Raw repair: what a person asks for with ``qe doctor --repair`` where files of the raw store are damaged or gone.

Put here: the order of a repair, what is set aside, what is said.
Keep out: finding damage (raw_damage.py), the manifest from parts (manifest_rebuild.py), rows from sources
(lost_rows.py).

Nothing is deleted: damaged files and files that no manifest can name are moved to ``damaged/`` in the lake.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from quant_core.errors import LakeError, QuantError
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.earlier_manifest import LaterManifestError
from quant_pipelines.raw.lost_rows import Lost, refilled, rewritten
from quant_pipelines.raw.manifest_entries import LogPiece, Loss, Part
from quant_pipelines.raw.manifest_files import ManifestFiles
from quant_pipelines.raw.manifest_rebuild import rebuilt_manifest, with_losses
from quant_pipelines.raw.raw_damage import RawFile, fault_in_raw, readable
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.raw_store import ASSET, RawStore
from quant_pipelines.sources.catalog import Offer


@dataclass(frozen=True)
class RawRepair:
    """What a repair did.

    Attributes:
        lines: each thing that was done or could not be done.
        is_whole: everything is as it was before the damage.
    """

    lines: tuple[str, ...]
    is_whole: bool


def repair_raw(lake: Lake, key: PartitionKey, offer: Offer | None) -> RawRepair:
    """Mend the files of a symbol at its native timeframe; a second call has nothing to do.

    A manifest is made again from its copy or its parts. Rows of a part that is damaged or gone are asked for from the
    source; what it has no more is counted as lost, and the store goes on with the rest.

    Args:
        lake: the lake.
        key: symbol and native timeframe.
        offer: the source that offers it now, or None.

    Raises:
        PartitionLockedError: another process held the partition for longer than the timeout.
    """
    with lake.lock(ASSET, key):
        return _Repair(lake, key, offer).run()


class _Repair:
    """One repair, under the lock of its partition."""

    def __init__(self, lake: Lake, key: PartitionKey, offer: Offer | None) -> None:
        self._lake, self._key, self._offer = lake, key, offer
        self._files: ManifestFiles = RawStore(lake).files(key)
        self._lines: list[str] = []
        self._replay_folder, self._replay = "", cast("RawStore | None", None)

    def run(self) -> RawRepair:
        before = readable(self._lake.storage, self._files.manifest_path)
        manifest = before or self._remade()
        if manifest is None:
            return RawRepair(tuple(self._lines), is_whole=False)
        copy = readable(self._lake.storage, self._files.copy_path)
        earlier = before or copy
        known = {(loss.what, loss.first) for loss in earlier.losses} if earlier is not None else set[tuple[str, int]]()
        if copy is None:
            self._set_aside(self._files.copy_path, "altered")
            self._lines.append(f"{self._files.copy_path} is written again")
        with TemporaryDirectory(prefix="repair") as folder:
            self._replay_folder = folder
            manifest = self._with_earlier_losses(self._without_lost_log(self._with_parts(manifest)))
        if manifest != before or manifest != copy:
            self._files.publish(manifest)
        losses = [loss for loss in manifest.losses if (loss.what, loss.first) not in known]
        self._lines += [f"Lost of {self._key}: {loss}" for loss in losses]
        return RawRepair(tuple(self._lines), is_whole=not losses)

    def _remade(self) -> Manifest | None:
        """The manifest from its copy or the parts; what it cannot name is set aside."""
        path, copy = self._files.manifest_path, readable(self._lake.storage, self._files.copy_path)
        try:
            self._files.read()
        except LaterManifestError as error:
            self._lines.append(str(error))
            return None
        except LakeError:
            pass  # damaged or gone: that is why this runs
        stored = self._files.stored_files()
        manifest = rebuilt_manifest(self._lake.storage, self._files.folder, stored, copy)
        if manifest is None:
            self._lines.append(
                f"{path} is left as it is: expected a copy of it or parts that say what they are, found parts of an "
                "earlier release. Restore it from a backup; its parts are untouched"
            )
            return None
        self._set_aside(path, "altered")
        how = "its copy" if manifest is copy else f"{len(manifest.parts):,} files of parts"
        latest = f"delivery {manifest.totals.n_deliveries:,} of {manifest.latest.fetched_at:%Y-%m-%d %H:%M} UTC"
        self._lines.append(f"{path} is made again from {how}, up to {latest}")
        for name in sorted(set(stored) - manifest.files()):
            self._set_aside(f"{self._files.folder}/{name}", "unnamed")
        return manifest

    def _with_parts(self, manifest: Manifest) -> Manifest:
        """The manifest without the parts that are gone for good."""
        faulty = [Lost("rows", part) for part in manifest.parts if self._is_faulty(part)]
        faulty += [Lost("quarantine", part) for part in manifest.quarantine if self._is_faulty(part)]
        if not faulty:
            return manifest
        replay = self._replayed()
        for lost in faulty:
            path = f"{self._files.folder}/{lost.part.path}"
            if replay is not None and rewritten(self._lake.storage, self._files.folder, manifest, lost, replay):
                self._lines.append(f"{path} is written again as it was: its source delivers the same rows")
            else:
                manifest = self._without(manifest, lost, replay)
        return manifest

    def _with_earlier_losses(self, manifest: Manifest) -> Manifest:
        """The manifest with what a source has now of rows that an earlier repair counted as lost."""
        if not any(loss.is_open for loss in manifest.losses):
            return manifest
        replay = self._replayed()
        if replay is None or self._offer is None:
            return manifest
        source, folder = self._offer.source.name, self._files.folder
        for n, loss in enumerate(manifest.losses):
            if loss.is_open:
                lost = Lost.of_loss(loss)
                manifest, n_restored = refilled(self._lake.storage, folder, manifest, lost, replay, source)
                now = loss.model_copy(update={"n_restored": loss.n_restored + n_restored})
                manifest = manifest.model_copy(
                    update={"losses": (*manifest.losses[:n], now, *manifest.losses[n + 1 :])}
                )
                if n_restored:
                    self._lines.append(f"Restored of {self._key}: {n_restored:,} rows that were lost earlier")
        return manifest

    def _without(self, manifest: Manifest, lost: Lost, replay: RawStore | None) -> Manifest:
        """The manifest without a part, with those of its rows that the source still has as a delivery."""
        kept = tuple(part for part in manifest.parts_of(lost.kind) if part != lost.part)
        without = manifest.with_parts_of(lost.kind, kept)
        n_restored = 0
        if replay is not None and self._offer is not None:
            source = self._offer.source.name
            without, n_restored = refilled(self._lake.storage, self._files.folder, without, lost, replay, source)
        part = lost.part
        loss = Loss(
            what=lost.kind,
            first=part.first,
            last=part.last,
            n_rows=part.n_rows,
            n_restored=n_restored,
            first_ts=part.first_ts,
            last_ts=part.last_ts,
        )
        return with_losses(without, [loss])

    def _without_lost_log(self, manifest: Manifest) -> Manifest:
        lost = [piece for piece in manifest.log if self._is_faulty(piece)]
        losses = [Loss(what="log", first=p.first, last=p.last, n_rows=p.n_records) for p in lost]
        kept = tuple(piece for piece in manifest.log if piece not in lost)
        return with_losses(manifest.model_copy(update={"log": kept}), losses)

    def _replayed(self) -> RawStore | None:
        """A store of its own with everything that the source has now; None where it has nothing to say."""
        if self._replay is not None:
            return self._replay
        if self._offer is None:
            self._lines.append(f"No source offers {self._key} now: its rows cannot be asked for again")
            return None
        store = RawStore(Lake(str(Path(self._replay_folder) / "lake")))
        try:
            store.ingest(self._offer.source, self._offer.instrument)
        except QuantError as error:
            self._lines.append(f"Source {self._offer.source.name} did not answer for {self._key}: {error}")
            return None
        self._replay = store
        return store

    def _is_faulty(self, entry: Part | LogPiece) -> bool:
        """True for a file that is gone or damaged; its bytes are set aside."""
        file = RawFile(f"{self._files.folder}/{entry.path}", self._key, entry)
        if not self._lake.storage.exists(file.path):
            return True
        fault = fault_in_raw(self._lake, file)
        if fault is not None:
            self._set_aside(file.path, fault.kind)
        return fault is not None

    def _set_aside(self, path: str, kind: str) -> None:
        if self._lake.storage.exists(path):
            self._lines.append(f"{path} is set aside as {self._lake.set_aside(path, kind)}")
