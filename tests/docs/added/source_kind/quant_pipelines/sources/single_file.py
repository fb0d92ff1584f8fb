"""A single file: one file of bars anywhere on this machine.

Put here: which file it is.
Keep out: parsing and delivering (files.py); it takes the same path as any file.
"""

from __future__ import annotations

from pathlib import Path

from quant_core.ingestion import Dialect
from quant_pipelines.sources.config import SourceEntry, refuse_unknown
from quant_pipelines.sources.feed_file import FeedFile
from quant_pipelines.sources.files import FileSource
from quant_pipelines.sources.opening import Opening, SourceKind


def _open(entry: SourceEntry, opening: Opening) -> FileSource:
    refuse_unknown(entry.settings, ("path",), "single_file key", entry.where)
    path = Path(str(entry.settings.get("path")))

    def found() -> list[FeedFile]:
        return [FeedFile(path.name, str(path.stat().st_mtime_ns), path.read_bytes, Dialect())]

    return FileSource(entry.name, found, opening.now, opening.index(entry.name))


KIND = SourceKind("single_file", _open)
