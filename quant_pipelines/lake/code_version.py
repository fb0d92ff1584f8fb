"""The code version: a hash of the code that turns inputs into numbers.

Put here: what counts as code for staleness.
Keep out: the other facts of a file (lake.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import quant_core

_REPORT_SUFFIXES = {".py", ".html", ".css"}


@cache
def core_code_version() -> str:
    """SHA-256 (16 hex digits) over every Python file of the core.

    Any edit of the core changes it, also one that changes no number: computing again is cheap, an old number
    that nobody recomputed is not.
    """
    return _version_of(Path(quant_core.__path__[0]).rglob("*.py"), Path(quant_core.__path__[0]))


@cache
def report_code_version() -> str:
    """SHA-256 (16 hex digits) over the files that decide what a report says and how it looks, the core included."""
    folder = Path(__file__).parents[1]
    files = [f for part in ("report", "plots") for f in (folder / part).glob("*.*") if f.suffix in _REPORT_SUFFIXES]
    own = _version_of(files, folder)
    return hashlib.sha256(f"{core_code_version()}{own}".encode()).hexdigest()[:16]


def _version_of(files: Iterable[Path], folder: Path) -> str:
    """SHA-256 (16 hex digits) over names and contents of files."""
    state = hashlib.sha256()
    for file in sorted(files):
        state.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return state.hexdigest()[:16]
