"""Archives: zip and gzip wrappers taken off, with a limit on what they may unpack to.

Put here: the one place where wrapped bytes become members.
Keep out: what the members mean (readers/).
"""

from __future__ import annotations

import fnmatch
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from quant_core.errors import RefusedInputError
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.foreign_formats import refuse_workbook

MAX_UNPACKED_MB = 2048
MAX_DEPTH = 3
MAX_MEMBERS = 10_000
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Member:
    """Unwrapped bytes.

    Attributes:
        origin: the file's name, with the archive member after ``!``.
        is_one_of_many: the file holds other members too, so that its own name names none of them.
    """

    origin: str
    data: bytes
    is_one_of_many: bool = False

    @property
    def name(self) -> str:
        """The member's own file name without folders and without a ``.gz`` ending."""
        base = self.origin.rsplit("!", 1)[-1].replace("\\", "/").rsplit("/", 1)[-1]
        return base[:-3] if base.lower().endswith(".gz") else base


class _Budget:
    """Counts unpacked bytes of one input and refuses the input when they pass the limit."""

    def __init__(self, file_name: str, limit_mb: int) -> None:
        self.file_name, self.limit_mb, self.left = file_name, limit_mb, limit_mb << 20

    def read_all(self, read: Callable[[int], bytes]) -> bytes:
        """Read a stream to its end in chunks, within the budget."""
        parts: list[bytes] = []
        while part := read(_CHUNK_BYTES):
            self.left -= len(part)
            if self.left < 0:
                raise RefusedInputError.at(
                    self.file_name,
                    reason=f"unpacks to more than {self.limit_mb} MiB",
                    fix=f"max_unpacked_mb: {self.limit_mb * 2} (only for a source you trust)",
                )
            parts.append(part)
        return b"".join(parts)


def unwrap(data: bytes, file_name: str, dialect: Dialect) -> list[Member]:
    """Take off zip and gzip; a plain file is its own only member.

    Folders, hidden files and ``__MACOSX`` entries are not members. Nesting deeper than 3 is refused.

    Raises:
        RefusedInputError: broken, encrypted, empty or oversized archives.

    >>> import gzip
    >>> [(m.origin, m.name, m.data) for m in unwrap(gzip.compress(b"x"), "a.csv.gz", Dialect())]
    [('a.csv.gz', 'a.csv', b'x')]
    """
    budget = _Budget(file_name, dialect.max_unpacked_mb or MAX_UNPACKED_MB)
    members = _open(Member(file_name, data), budget, dialect.members, 0)
    if not members:
        raise RefusedInputError.at(
            file_name,
            reason="the archive has no member to read",
            fix=f"members: '*.csv' (declared: {dialect.members!r})",
        )
    return members


def _open(member: Member, budget: _Budget, pattern: str | None, depth: int) -> list[Member]:
    """Unwrap one level and recurse."""
    is_gzip, is_zip = member.data[:2] == b"\x1f\x8b", member.data[:4] in (b"PK\x03\x04", b"PK\x05\x06")
    if not (is_gzip or is_zip):
        return [member]
    if depth >= MAX_DEPTH:
        raise RefusedInputError.at(
            member.origin, reason=f"archives nested deeper than {MAX_DEPTH}", fix="unpack the file before delivery"
        )
    try:
        inner = [Member(member.origin, _gunzip(member, budget))] if is_gzip else _unzip(member, budget, pattern)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        kind = "gzip" if is_gzip else "zip"
        raise RefusedInputError.at(
            member.origin, reason=f"not a readable {kind} archive ({error})", fix="deliver the file again, unencrypted"
        ) from error
    return [m for i in inner for m in _open(i, budget, pattern, depth + 1)]


def _gunzip(member: Member, budget: _Budget) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(member.data)) as stream:
        return budget.read_all(stream.read)


def _unzip(member: Member, budget: _Budget, pattern: str | None) -> list[Member]:
    members: list[Member] = []
    with zipfile.ZipFile(io.BytesIO(member.data)) as archive:
        if len(archive.infolist()) > MAX_MEMBERS:
            raise ValueError(f"more than {MAX_MEMBERS} members")
        refuse_workbook([info.filename for info in archive.infolist()], member.origin)
        for info in archive.infolist():
            base = info.filename.rsplit("/", 1)[-1]
            hidden = not base or base.startswith(".") or info.filename.startswith("__MACOSX/")
            if hidden or (pattern and not fnmatch.fnmatchcase(base, pattern)):
                continue
            if f"{member.origin}!{info.filename}" in {m.origin for m in members}:
                raise ValueError(f"two members are called {info.filename!r}")
            with archive.open(info) as stream:
                members.append(Member(f"{member.origin}!{info.filename}", budget.read_all(stream.read)))
    return members
