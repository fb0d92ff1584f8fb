"""The files of a folder into which others write: what lies in it is read, what it points at elsewhere is not.

Put here: listing such a folder, telling files from links, pipes and devices, opening without following.
Keep out: which feed declares a file (inbox.py) and what the bytes mean (quant_core.ingestion).

Whoever may drop a file may also drop a link, and every text of a refused file is shown in status, logs and reports: a
link to the environment of this process would publish its passwords. So nothing outside of the folder is opened, and
what was checked in the listing is checked again on the opened file, because a file may be replaced in between.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect
from quant_core.ingestion.limits import refuse_large_file
from quant_pipelines.sources.feed_file import UnreadableFileError, unreadable

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
_BECAME_LINK = "it became a link after it was listed: only files in the folder itself are read"
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
        why: the whole reason, where what it is does not say it.
    """

    origin: str
    folder: Path
    place: str
    facts: os.stat_result
    refused: str = ""
    why: str = ""

    @property
    def stamp(self) -> str:
        """Changes when the content may have changed."""
        return f"{self.facts.st_size} {self.facts.st_mtime_ns}"

    @property
    def reason(self) -> str:
        """Why the file is refused, as a whole sentence; "" for a file that may be read. The target is not named."""
        return self.why or (str(_refusal(self.origin, self.refused)) if self.refused else "")

    def read(self, dialect: Dialect) -> bytes:
        """The bytes of the file, as many as it has when it is opened.

        Args:
            dialect: how it is declared, which says how large it may be.

        Raises:
            RefusedInputError: it may not be read, is too large, or became another thing since it was listed.
            UnreadableFileError: the file system does not give its bytes.
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
            n_bytes = os.fstat(opened[-1]).st_size
            refuse_large_file(n_bytes, self.origin, dialect)
            with os.fdopen(opened[-1], "rb", closefd=False) as file:
                return file.read(n_bytes)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise UnreadableFileError.at(self.origin, reason=_BECAME_LINK, fix=_FIX) from error
            raise unreadable(self.origin, error) from error
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

    def note(error: OSError) -> None:
        """A folder or file that cannot be listed costs itself alone."""
        if not isinstance(error, FileNotFoundError):  # gone since it was listed
            origin = _readable(Path(error.filename), real)
            found.append(FolderFile(origin, real, "", real.lstat(), "unreadable", str(unreadable(origin, error))))

    paths: list[Path] = []
    for place, folders, names in os.walk(real, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if Path(place, name).is_symlink()]
        paths += [Path(place, name) for name in [*names, *links] if not name.startswith(".")]
    for path in sorted(paths):
        try:
            entry = _entry(real, path) if _is_text(path) else _nameless(real, path)
        except OSError as error:
            note(OSError(error.errno, error.strerror, str(path)))
        else:
            found += [entry] if entry else []
    return found


def named_file(path: Path) -> FolderFile:
    """A file that somebody names; it may be a link anywhere, for who names it may choose."""
    real = Path(os.path.realpath(path))
    facts = real.lstat()
    if not _is_text(path):
        shown = _in_letters(path)
        return FolderFile(shown, real.parent, "", facts, "a name that is no text", str(_no_text(shown)))
    kind = _kind(facts)
    return FolderFile(path.as_posix(), real.parent, "" if kind else real.name, facts, kind)


def _entry(folder: Path, path: Path) -> FolderFile | None:
    """One entry of the listing; None for a folder."""
    origin, facts = path.relative_to(folder).as_posix(), path.lstat()
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


def _readable(path: Path, folder: Path) -> str:
    """A path below the folder, or what says that it is the folder."""
    shown = _in_letters(path.relative_to(folder))
    return "the folder itself" if shown == "." else shown


def _in_letters(path: Path) -> str:
    """A path; bytes that are no UTF-8 are written with a backslash and their number."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def _is_text(path: Path) -> bool:
    """Whether the bytes of a name are UTF-8."""
    try:
        path.as_posix().encode()
    except UnicodeEncodeError:
        return False
    return True


def _nameless(folder: Path, path: Path) -> FolderFile:
    """A file whose name cannot be said."""
    shown = _readable(path, folder)
    return FolderFile(shown, folder, "", path.lstat(), "a name that is no text", str(_no_text(shown)))


def _no_text(shown: str) -> RefusedInputError:
    return RefusedInputError.at(
        shown,
        reason="its name is not UTF-8 text, so that nothing can be said about the file by its name",
        fix="rename it, for example: convmv -f latin1 -t utf8 --notest FILE",
    )
