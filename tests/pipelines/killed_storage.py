"""Killed storage: a lake whose process dies before its k-th operation that changes something.

Put here: the storage, and a lake and a store on it.
Keep out: tests.
"""

from __future__ import annotations

from pathlib import Path

from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.storage import Storage
from quant_pipelines.raw.raw_store import RawStore
from tests.pipelines.raw_histories import WALL


class Killed(BaseException):
    """What a killed process does: nothing more."""


class KilledStorage(Storage):
    """A storage whose process dies before its operation number ``n_left``."""

    def __init__(self, url: str, n_left: int) -> None:
        super().__init__(url)
        self.n_left = n_left

    def _count(self) -> None:
        if self.n_left == 0:
            raise Killed
        self.n_left -= 1

    def write(self, path: str, content: bytes) -> None:
        self._count()
        super().write(path, content)

    def delete(self, path: str) -> None:
        if self.exists(path):
            self._count()
        super().delete(path)

    def move(self, path: str, target: str) -> None:
        self._count()
        super().move(path, target)


def killed_lake(folder: Path, n_left: int) -> Lake:
    """A lake that does so many operations."""
    lake = Lake(str(folder))
    lake.storage = KilledStorage(str(folder), n_left)
    return lake


def killed_store(folder: Path, n_left: int) -> RawStore:
    """A raw store that does so many operations."""
    return RawStore(killed_lake(folder, n_left), WALL)
