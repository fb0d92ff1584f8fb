"""The inbox: a folder into which people drop files of bars; each file is read as its feed declares it.

Put here: the choice of the feed, and of the files that have settled.
Keep out: what of a folder may be read (folder_files.py), parsing and delivering (files.py), the settings (config.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from quant_core.errors import ConfigError
from quant_core.ingestion import Dialect
from quant_core.quality import QualityRules
from quant_pipelines.sources.config import Feed, SourceEntry, inbox_settings
from quant_pipelines.sources.content_index import ContentIndex
from quant_pipelines.sources.feed_file import FeedFile
from quant_pipelines.sources.files import FileSource
from quant_pipelines.sources.folder_files import FolderFile, files_below
from quant_pipelines.sources.opening import Opening, SourceKind


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


def named_files(
    name: str, files: Sequence[FolderFile], feeds: Sequence[Feed], now: Callable[[], datetime]
) -> FileSource:
    """A source of the files that somebody names, in the order in which they are named.

    Args:
        name: of the source, for messages.
        files: their paths are what patterns of feeds see.
        feeds: declared dialects, as of an inbox.
        now: the clock.
    """
    return FileSource(name, partial(_declared, tuple(files), tuple(feeds)), now, ContentIndex())


def _files(folder: Path, feeds: tuple[Feed, ...], settle_s: float, now: Callable[[], datetime]) -> list[FeedFile]:
    """Every settled file of a folder, with the feed that declares it; what may not be read is listed and refused."""
    settled = [f for f in files_below(folder) if not 0 <= now().timestamp() - f.facts.st_mtime < settle_s]
    return _declared(settled, feeds)


def _declared(files: Sequence[FolderFile], feeds: tuple[Feed, ...]) -> list[FeedFile]:
    """Files with the feeds that declare them; quotes in two files as one."""
    found: list[FeedFile] = []
    sides: dict[str, tuple[str, ...]] = {}
    for file in files:
        origin, name = file.origin, file.origin.rsplit("/", 1)[-1]
        feed = next((f for f in feeds if fnmatchcase(origin, f.pattern) or fnmatchcase(name, f.pattern)), None)
        dialect = feed.dialect if feed else Dialect()
        sides[origin] = feed.bid_ask_names if feed else ()
        found.append(
            FeedFile(
                origin=origin,
                stamp=file.stamp,
                load=partial(file.read, dialect),
                dialect=dialect,
                allow_non_positive_prices=feed.allow_non_positive_prices if feed else False,
                quality=feed.quality if feed else QualityRules(),
                where=feed.where if feed else "sources.yaml: inbox.feeds",
                refused=file.reason,
            )
        )
    return _with_asks(found, sides)


def _with_asks(files: list[FeedFile], sides: dict[str, tuple[str, ...]]) -> list[FeedFile]:
    """Bid files with their ask files; a side whose other one is not there (yet) says so when it is read."""
    by_origin = {file.origin: file for file in files}
    whole: list[FeedFile] = []
    for file in files:
        bid, ask = sides[file.origin] or ("", "")
        if bid and bid in file.origin:
            other = file.origin.replace(bid, ask)
            whole.append(replace(file, ask=by_origin[other]) if other in by_origin else replace(file, lacks=other))
        elif ask and ask in file.origin:
            other = file.origin.replace(ask, bid)
            if other not in by_origin:
                whole.append(replace(file, lacks=other))
        else:
            whole.append(file)
    return whole


def _open(entry: SourceEntry, opening: Opening) -> FileSource:
    settings, storage = inbox_settings(entry), opening.lake.storage
    folder = Path(settings.folder)
    if not folder.is_absolute():
        if not storage.is_local:
            raise ConfigError.at(
                f"{entry.where}.folder",
                expected="an absolute path, because the lake is an object store",
                found=settings.folder,
                next_step="Write the full path of the inbox folder.",
            )
        folder = Path(storage.root) / folder
    return inbox_source(entry.name, folder, settings.feeds, settings.settle_s, opening.now, opening.index(entry.name))


KIND = SourceKind("inbox", _open)
