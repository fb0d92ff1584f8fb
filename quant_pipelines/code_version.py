"""The code version: a hash of the code that turns inputs into numbers.

Put here: what counts as code for staleness.
Keep out: the other facts of a file (lake.py).
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import quant_core


@cache
def core_code_version() -> str:
    """SHA-256 (16 hex digits) over every Python file of the core.

    Any edit of the core changes it, also one that changes no number: computing again is cheap, an old number
    that nobody recomputed is not.
    """
    folder = Path(quant_core.__path__[0])
    state = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        state.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return state.hexdigest()[:16]
