"""Changes: every operation that changes a file of a project, counted; the process dies before a given one.

Put here: counting by what Python itself says of files, and the death.
Keep out: which change to die before (kills.py), processes (child_runs.py).

Python announces an operation before it does it (``sys.addaudithook``), whoever asked for it: the lake, its locks, the
index of the inbox, Dagster. A process that dies there runs no ``finally``, flushes no buffer and says nothing.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FSYNC = os.fsync


class Changes:
    """The changes of this process below the lake of its project, from now on.

    Attributes:
        n: how many there were.
    """

    def __init__(self, dies_before: int | None = None) -> None:
        self.n, self._dies_before, self._root = 0, dies_before, str(Path("lake").resolve())
        sys.addaudithook(self._hear)
        os.fsync = self._fsync

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """One announcement of Python."""
        if event == "open":
            path, _, flags = arguments
            if flags & _WRITES and self._is_mine(path):
                self._count()
        elif event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate") and self._is_mine(arguments[0]):
            self._count()

    def _fsync(self, descriptor: int) -> None:
        """Flushing of a file counts, too; who dies there has written half of it."""
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            if self.n + 1 == self._dies_before:
                os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
            self._count()
        _FSYNC(descriptor)

    def _is_mine(self, path: Any) -> bool:
        return isinstance(path, str | os.PathLike) and os.path.abspath(path).startswith(self._root)  # noqa: PTH100

    def _count(self) -> None:
        self.n += 1
        if self.n == self._dies_before:
            os.kill(os.getpid(), signal.SIGKILL)
