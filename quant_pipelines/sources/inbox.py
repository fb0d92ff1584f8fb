"""The inbox: a folder into which people drop files of bars; each file is read as its feed declares it.

Put here: listing of the folder and the choice of the feed.
Keep out: parsing and delivering (files.py), the settings' schema (source_config.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from quant_core.ingestion import Dialect
from quant_core.quality import QualityRules
from quant_pipelines.source_config import Feed
from quant_pipelines.sources.files import ContentIndex, FeedFile, FileSource


def inbox_source(
    name: str,
    folder: Path,
    feeds: Sequence[Feed],
    settle_s: float,
    now: Callable[[], datetime],
    index: ContentIndex,
) -> FileSource:
    """The files of a folder and its subfolders, in the order of their paths; hidden files are not read.

    Args:
        name: key of the source in sources.yaml.
        folder: the folder; a missing folder is an empty inbox.
        feeds: declared dialects; the first whose pattern matches the path is used, else everything is detected.
        settle_s: a file changed less than this many seconds ago is still being written and waits for the next call.
        now: the clock.
        index: remembers what the files hold.
    """
    return FileSource(name, partial(_files, folder, tuple(feeds), settle_s, now), now, index)


def _files(folder: Path, feeds: tuple[Feed, ...], settle_s: float, now: Callable[[], datetime]) -> list[FeedFile]:
    """Every settled file, with the feed that declares it."""
    found: list[FeedFile] = []
    for path in sorted(folder.rglob("*")):
        origin = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in origin.split("/")):
            continue
        facts = path.stat()
        if 0 <= now().timestamp() - facts.st_mtime < settle_s:
            continue
        feed = next((f for f in feeds if fnmatchcase(origin, f.pattern) or fnmatchcase(path.name, f.pattern)), None)
        found.append(
            FeedFile(
                origin=origin,
                stamp=f"{facts.st_size} {facts.st_mtime_ns}",
                load=path.read_bytes,
                dialect=feed.dialect if feed else Dialect(),
                allow_non_positive_prices=feed.allow_non_positive_prices if feed else False,
                quality=feed.quality if feed else QualityRules(),
                where=feed.where if feed else "sources.yaml: inbox.feeds",
            )
        )
    return found
