"""Storage: bytes at relative paths, written atomically, on a local disk or an object store.

Put here: reading, listing and atomic writing of whole files behind one set of calls.
Keep out: what the bytes mean (lake.py, raw_store.py) and who may write (locks.py).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import cast

import fsspec.core
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from quant_core.errors import LakeError
from quant_core.shown_text import shown

_TEMP_SUFFIX = ".tmp"


class Storage:
    """Files below a root.

    A local write goes to a hidden temporary file in the target folder, is flushed to disk, renamed over the
    target, and the folder is flushed: after a crash the old or the new content is there, never a mix. An object
    store publishes an object as a whole, which gives the same promise.

    Args:
        url: a folder, or any fsspec URL (``s3://bucket/lake``, ``memory://lake``).

    >>> storage = Storage("memory://storage_example")
    >>> storage.write("a/b.txt", b"x"), storage.read("a/b.txt"), storage.files("a")
    (None, b'x', ['a/b.txt'])
    >>> storage.exists("a/missing.txt"), storage.files("nowhere")
    (False, [])
    """

    def __init__(self, url: str) -> None:
        filesystem, root = _opened(url)
        self._fs = filesystem
        self.root = root.rstrip("/")
        self.is_local = isinstance(filesystem, LocalFileSystem)

    def locate(self, path: str) -> str:
        """The absolute place of a relative path, as its file system names it."""
        return f"{self.root}/{path}" if path else self.root

    def exists(self, path: str) -> bool:
        """True when a file is there."""
        return cast("bool", self._fs.isfile(self.locate(path)))

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            LakeError: the file is not there.
        """
        try:
            return cast("bytes", self._fs.cat_file(self.locate(path)))
        except FileNotFoundError as error:
            raise self._missing(path) from error

    def _missing(self, path: str) -> LakeError:
        return LakeError(
            f"File {path} is not in the lake at {self.root}: expected it to be written earlier. "
            "Materialize the partition, or check QUANT_LAKE."
        )

    def read_end(self, path: str, n_bytes: int) -> tuple[bytes, int]:
        """The last bytes of a file, all of a shorter one, and the size of the file.

        Raises:
            LakeError: the file is not there.
        """
        if not self.is_local:
            content = self.read(path)
            return content[-n_bytes:], len(content)
        try:
            with Path(self.locate(path)).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(max(size - n_bytes, 0))
                return file.read(), size
        except FileNotFoundError as error:
            raise self._missing(path) from error

    @contextmanager
    def view(self, path: str) -> Generator[memoryview]:
        """The content of a file for the length of a with block; a local file is mapped, not copied.

        Raises:
            LakeError: the file is not there.
        """
        # An empty file cannot be mapped.
        if not self.is_local or not self.exists(path) or not Path(self.locate(path)).stat().st_size:
            yield memoryview(self.read(path))
            return
        with Path(self.locate(path)).open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as mapped:
            content = memoryview(mapped)
            try:
                yield content
            finally:
                content.release()

    def write(self, path: str, content: bytes) -> None:
        """Publish a file atomically, replacing what was there."""
        if self.is_local:
            _write_local(Path(self.locate(path)), content)
        else:
            self._fs.pipe_file(self.locate(path), content)

    def files(self, folder: str) -> list[str]:
        """Relative paths of the published files directly in a folder, sorted; [] when there is no such folder."""
        return [p for p in self._listing(folder, "file") if not _is_temporary(p)]

    def folders(self, folder: str) -> list[str]:
        """Relative paths of the folders directly in a folder, sorted."""
        return self._listing(folder, "directory")

    def _listing(self, folder: str, kind: str) -> list[str]:
        place = self.locate(folder)
        if not self._fs.isdir(place):
            return []
        self._fs.invalidate_cache(place)
        entries = cast("list[dict[str, str]]", self._fs.ls(place, detail=True))
        names = [e["name"].rstrip("/").rsplit("/", 1)[-1] for e in entries if e["type"] == kind]
        return sorted(f"{folder}/{name}" if folder else name for name in names)

    def delete(self, path: str) -> None:
        """Remove a file; nothing happens when it is not there."""
        if self.exists(path):
            self._fs.rm_file(self.locate(path))

    def move(self, path: str, target: str) -> None:
        """Give a file another place; what lay there before is replaced."""
        if not self.is_local:
            self._fs.pipe_file(self.locate(target), self.read(path))
            self._fs.rm_file(self.locate(path))
            return
        old, new = Path(self.locate(path)), Path(self.locate(target))
        new.parent.mkdir(parents=True, exist_ok=True)
        old.replace(new)
        _sync_folder(new.parent)
        _sync_folder(old.parent)

    def clean_leftovers(self, folder: str) -> int:
        """Remove temporary files that a killed writer left in a folder; returns how many.

        Call it only while holding the lock of what is written there.
        """
        leftovers = [p for p in self._listing(folder, "file") if _is_temporary(p)]
        for path in leftovers:
            self.delete(path)
        return len(leftovers)

    def clean_leftovers_of(self, path: str) -> int:
        """Remove temporary files that a killed writer of one file left; those of files beside it stay.

        Call it only while holding the lock of the file.
        """
        folder, _, name = path.rpartition("/")
        mine = f"{folder}/.{name}." if folder else f".{name}."
        leftovers = [p for p in self._listing(folder, "file") if _is_temporary(p) and p.startswith(mine)]
        for leftover in leftovers:
            self.delete(leftover)
        return len(leftovers)


def _is_temporary(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return name.startswith(".") and name.endswith(_TEMP_SUFFIX)


def _opened(url: str) -> tuple[AbstractFileSystem, str]:
    """The file system of a URL and its root; the URL is not repeated, it may hold a login.

    Raises:
        LakeError: the driver of the store is not installed, or nobody knows such a store.
    """
    try:
        return cast("tuple[AbstractFileSystem, str]", fsspec.core.url_to_fs(url))
    except (ImportError, ValueError) as error:
        kind = shown(url.split("://", maxsplit=1)[0])
        found = shown(error) if isinstance(error, ImportError) else "no driver of that name"
        raised = LakeError(
            f"The lake at {kind}:// (QUANT_LAKE) cannot be opened: expected the fsspec driver of that store to be "
            f"installed, found {found}. Install it, or set QUANT_LAKE to a folder."
        )
    raise raised from None


def _write_local(target: Path, content: bytes) -> None:
    """Write beside the target, flush, rename, flush the folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f".{target.name}.{secrets.token_hex(8)}{_TEMP_SUFFIX}"
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _sync_folder(place: Path) -> None:
    """Flush the names in a folder to disk."""
    folder = os.open(place, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
