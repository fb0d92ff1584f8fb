"""The files of a folder into which others write: what lies in it is read, what it points at elsewhere is not.

Put here: listing such a folder, telling files from links, pipes and devices, opening without following.
Keep out: which feed declares a file (inbox.py) and what the bytes mean (quant_core.ingestion).

Whoever may drop a file may also drop a link, and every text of a refused file is shown in status, logs and reports: a
link to the environment of this process would publish its passwords. So nothing outside of the folder is opened, and
what was checked in the listing is checked again on the opened file, because a file may be replaced in between.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from quant_core.errors import RefusedInputError

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
_OUTSIDE = "a link that leads out of the folder"
_FIX = "put a copy of the file there, or name the folder in which it lies by folder: in sources.yaml"
# A pipe without a writer would block at once, a terminal could become this process's own.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True)
class FolderFile:
    """One entry of a folder that is no folder itself.

    Attributes:
        origin: its path below the folder.
        folder: the folder, without links.
        place: path of the file below the folder, without links; "" where it is refused.
        facts: of the file; of the link itself where that is refused.
        refused: what it is instead of a file that may be read; "" for such a file.
    """

    origin: str
    folder: Path
    place: str
    facts: os.stat_result
    refused: str = ""

    @property
    def stamp(self) -> str:
        """Changes when the content may have changed."""
        return f"{self.facts.st_size} {self.facts.st_mtime_ns}"

    @property
    def reason(self) -> str:
        """Why the file is refused, as a whole sentence; "" for a file that may be read. The target is not named."""
        return str(_refusal(self.origin, self.refused)) if self.refused else ""

    def read(self) -> bytes:
        """The bytes of the file.

        Raises:
            RefusedInputError: it may not be read, or became another thing since it was listed.
        """
        if self.refused:
            raise _refusal(self.origin, self.refused)
        *folders, name = self.place.split("/")
        opened: list[int] = []
        try:
            opened.append(os.open(self.folder, _FLAGS | os.O_DIRECTORY))
            for part in folders:
                opened.append(os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=opened[-1]))
            opened.append(os.open(name, _FLAGS, dir_fd=opened[-1]))
            kind = _kind(os.fstat(opened[-1]))
            if kind:
                raise _refusal(self.origin, kind)
            with os.fdopen(opened[-1], "rb", closefd=False) as file:
                return file.read()
        except OSError as error:
            reason = f"it cannot be opened as a file of its folder ({error.strerror})"
            raise RefusedInputError.at(self.origin, reason=reason, fix="deliver it again, readable") from error
        finally:
            for descriptor in opened:
                os.close(descriptor)


def files_below(folder: Path) -> list[FolderFile]:
    """Every file of a folder and its subfolders in the order of the paths; hidden ones are left out.

    A link to a file of the same folder is read under its own name. A link to a subfolder of the same folder is passed
    over: what lies there is listed there. Everything else that is no file, and every link that leads elsewhere, is
    listed with the reason why it is refused.

    Args:
        folder: one that is not there holds nothing. It may be a link itself: who configures it may choose its place.
    """
    real = Path(os.path.realpath(folder))
    found: list[FolderFile] = []
    for path in sorted(real.rglob("*")):
        origin = path.relative_to(real).as_posix()
        if any(part.startswith(".") for part in origin.split("/")):
            continue
        try:
            entry = _entry(real, origin)
        except FileNotFoundError:  # gone since it was listed
            continue
        if entry is not None:
            found.append(entry)
    return found


def named_file(path: Path) -> FolderFile:
    """A file that somebody names; it may be a link anywhere, for who names it may choose."""
    real = Path(os.path.realpath(path))
    facts = real.lstat()
    kind = _kind(facts)
    return FolderFile(path.as_posix(), real.parent, "" if kind else real.name, facts, kind)


def _entry(folder: Path, origin: str) -> FolderFile | None:
    """One entry of the listing; None for a folder."""
    path = folder / origin
    facts = path.lstat()
    if not stat.S_ISLNK(facts.st_mode):
        if stat.S_ISDIR(facts.st_mode):
            return None
        kind = _kind(facts)
        return FolderFile(origin, folder, "" if kind else origin, facts, kind)
    # Not Path.resolve: it raises for links in a circle. Nothing is opened here.
    target = Path(os.path.realpath(path))
    if not target.is_relative_to(folder):
        return FolderFile(origin, folder, "", facts, _OUTSIDE)
    try:
        target_facts = target.lstat()
    except OSError:
        return FolderFile(origin, folder, "", facts, "a link to nothing")
    if stat.S_ISDIR(target_facts.st_mode):
        return None
    kind = "a link to itself" if stat.S_ISLNK(target_facts.st_mode) else _kind(target_facts)
    return FolderFile(origin, folder, "" if kind else target.relative_to(folder).as_posix(), target_facts, kind)


def _kind(facts: os.stat_result) -> str:
    """What an entry is instead of a file; "" for a file."""
    if stat.S_ISREG(facts.st_mode):
        return ""
    return _KINDS.get(stat.S_IFMT(facts.st_mode), "no file")


def _refusal(origin: str, kind: str) -> RefusedInputError:
    fix = _FIX if "link" in kind else "remove it, and deliver files only"
    return RefusedInputError.at(origin, reason=f"it is {kind}: only files in the folder itself are read", fix=fix)
