"""Damage: files harmed in five ways, and the command that looks for it.

Put here: the ways, and running a command with its output.
Keep out: tests.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from quant_pipelines.cli import run


def _flip(content: bytes) -> bytes:
    changed = bytearray(content)
    changed[len(content) // 3] ^= 1
    return bytes(changed)


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda c: c[: len(c) // 2],
    "zeroed": lambda c: bytes(len(c)),
    "empty": lambda c: b"",
    "altered": _flip,
}
KINDS = (*CHANGES, "deleted")


def qe(*arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    console = Console(file=io.StringIO(), width=240, force_terminal=False)
    code = run(arguments, console)
    return code, str(console.file.getvalue())  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]


def harm(path: Path, kind: str) -> bytes:
    """Damage a file; returns its content now, or before where it is deleted.

    Of a manifest a key is altered: a number that is another one cannot be noticed.
    """
    content = path.read_bytes()
    if kind == "altered" and path.name.startswith("manifest"):
        path.write_bytes(content.replace(b'"instrument"', b'"instrumemt"'))
        return path.read_bytes()
    if kind == "deleted":
        path.unlink()
        return content
    path.write_bytes(CHANGES[kind](content))
    return path.read_bytes()
