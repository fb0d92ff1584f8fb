"""File listing: the files below a folder by their paths, and what in it cannot be listed, with the reason.

Put here: walking a folder, and names that are no text.
Keep out: feeds and dialects (inbox.py), reading (feed_file.py).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quant_core.errors import RefusedInputError
from quant_pipelines.sources.feed_file import unreadable


@dataclass(frozen=True)
class Listing:
    """What lies below a folder.

    Attributes:
        files: path below the folder → the file and its facts, in the order of the paths.
        refused: path, readable in messages → why it is not looked at.
    """

    files: Mapping[str, tuple[Path, os.stat_result]]
    refused: Mapping[str, str]


def list_files(folder: Path) -> Listing:
    """Every file below a folder but hidden ones; a missing folder has none, and links to folders are not followed.

    One file or folder that cannot be listed costs itself alone.
    """
    refused: dict[str, str] = {}

    def note(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            below = Path(error.filename).relative_to(folder)
            origin = readable(below.as_posix()) if below.parts else "the folder itself"
            refused[origin] = str(unreadable(origin, error))

    paths: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [Path(place, name) for name in names if not name.startswith(".")]
    found = look_at({path.relative_to(folder).as_posix(): path for path in sorted(paths)})
    return Listing(found.files, refused | dict(found.refused))


def look_at(paths: Mapping[str, Path]) -> Listing:
    """The files among some paths, with their facts.

    Args:
        paths: how a file is called in messages and patterns → where it is.
    """
    files: dict[str, tuple[Path, os.stat_result]] = {}
    refused: dict[str, str] = {}
    for origin, path in paths.items():
        shown = readable(origin)
        try:
            if shown != origin:
                refused[shown] = str(_no_text(shown))
            elif path.is_file():
                files[origin] = path, path.stat()
        except FileNotFoundError:
            continue  # it left while the folder was being listed
        except OSError as error:
            refused[origin] = str(unreadable(origin, error))
    return Listing(files, refused)


def readable(path: str) -> str:
    """A path as text for people; bytes that are no UTF-8 are written with a backslash and their number."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def _no_text(shown: str) -> RefusedInputError:
    return RefusedInputError.at(
        shown,
        reason="its name is not UTF-8 text, so that nothing can be said about the file by its name",
        fix="rename it, for example: convmv -f latin1 -t utf8 --notest FILE",
    )
