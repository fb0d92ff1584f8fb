"""Locks: one writer per partition, across runs and processes of a machine.

Put here: holding a partition and saying who holds it.
Keep out: what the holder does.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from quant_core.errors import PartitionLockedError


class Locks:
    """Exclusive locks named by path-like ids; the operating system frees them when a process dies.

    Args:
        folder: where lock files live, outside the data folders.
        timeout_s: how long to wait for another holder, in seconds.

    >>> import tempfile
    >>> with Locks(tempfile.mkdtemp(), timeout_s=1.0).hold("bars/EURUSD/H1"):
    ...     print("mine")
    mine
    """

    def __init__(self, folder: str, timeout_s: float) -> None:
        self._folder = Path(folder)
        self._timeout_s = timeout_s

    @contextmanager
    def hold(self, name: str) -> Generator[None, None, None]:
        """Hold a lock for the length of a with block.

        Raises:
            PartitionLockedError: another process held it for longer than the timeout.
        """
        path = self._folder / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        holder = path.with_suffix(".holder")
        lock = FileLock(path)
        try:
            lock.acquire(timeout=self._timeout_s)
        except Timeout as error:
            raise PartitionLockedError(
                f"Partition {name} is locked: waited {self._timeout_s:g} s for {_read_holder(holder)}. "
                "Wait for that run to end, or stop it; then run this partition again."
            ) from error
        try:
            holder.write_text(
                json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat()}),
                encoding="utf-8",
            )
            yield
        finally:
            lock.release()


def _read_holder(holder: Path) -> str:
    """Describe the process that holds a lock; the text beside the lock is only information."""
    try:
        facts = json.loads(holder.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "another process (it left no name)"
    return f"process {facts.get('pid')} on {facts.get('host')}, there since {facts.get('since')}"
