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
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from quant_core.errors import RefusedInputError
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.foreign_formats import refuse_workbook
from quant_core.ingestion.limits import Budget

MAX_DEPTH = 3
_MOST_OF_DEFLATE = 1032  # bytes that one deflated byte can become
_CHUNK_BYTES = 1 << 20
_SMALL_CHUNK_BYTES = 4096


@dataclass(frozen=True)
class Member:
    """Unwrapped bytes.

    Attributes:
        origin: the file's name, with the archive member after ``!``.
        is_one_of_many: the file holds other members too, so that its own name names none of them.
        budget: what the delivered file may still take; None where it was not delivered, but made.
    """

    origin: str
    data: bytes
    is_one_of_many: bool = False
    budget: Budget | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The member's own file name without folders and without a ``.gz`` ending."""
        base = self.origin.rsplit("!", 1)[-1].replace("\\", "/").rsplit("/", 1)[-1]
        return base[:-3] if base.lower().endswith(".gz") else base

    def budget_for(self, dialect: Dialect) -> Budget:
        """What it may take: the rest of what its file may, or as much as a file of its own."""
        return self.budget or Budget(self.origin, len(self.data), dialect.max_unpacked_mb)


def unwrap(data: bytes, file_name: str, dialect: Dialect) -> list[Member]:
    """Take off zip and gzip; a plain file is its own only member.

    Folders, hidden files and ``__MACOSX`` entries are not members. Nesting deeper than 3 is refused.

    Raises:
        RefusedInputError: broken, encrypted or empty archives, or such as unpack to more than they may.

    >>> import gzip
    >>> [(m.origin, m.name, m.data) for m in unwrap(gzip.compress(b"x"), "a.csv.gz", Dialect())]
    [('a.csv.gz', 'a.csv', b'x')]
    """
    budget = Budget(file_name, len(data), dialect.max_unpacked_mb)
    members = _open(Member(file_name, data, budget=budget), budget, dialect.members, 0)
    if not members:
        raise RefusedInputError.at(
            file_name,
            reason="the archive has no member to read",
            fix=f"members: '*.csv' (declared: {dialect.members!r})",
        )
    return members


def _open(member: Member, budget: Budget, pattern: str | None, depth: int) -> list[Member]:
    """Unwrap one level and recurse."""
    is_gzip, is_zip = member.data[:2] == b"\x1f\x8b", member.data[:4] in (b"PK\x03\x04", b"PK\x05\x06")
    if not (is_gzip or is_zip):
        return [member]
    if depth >= MAX_DEPTH:
        raise RefusedInputError.at(
            member.origin, reason=f"archives nested deeper than {MAX_DEPTH}", fix="unpack the file before delivery"
        )
    try:
        inner = [_gunzip(member, budget)] if is_gzip else _unzip(member, budget, pattern)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        kind = "gzip" if is_gzip else "zip"
        raise RefusedInputError.at(
            member.origin, reason=f"not a readable {kind} archive ({error})", fix="deliver the file again, unencrypted"
        ) from error
    return [m for i in inner for m in _open(i, budget, pattern, depth + 1)]


def _gunzip(member: Member, budget: Budget) -> Member:
    if len(member.data) * _MOST_OF_DEFLATE > budget.left:
        # The format states its size at the end only, and modulo 4 GiB: it is counted before it is kept.
        with gzip.GzipFile(fileobj=io.BytesIO(member.data)) as stream:
            n_bytes = 0
            while n_bytes <= budget.left and (part := stream.read(_CHUNK_BYTES)):
                n_bytes += len(part)
        if n_bytes > budget.left:
            budget.take(n_bytes, member.origin)
    with gzip.GzipFile(fileobj=io.BytesIO(member.data)) as stream:
        data = _read_all(stream.read, most=budget.left)
    budget.take(len(data), member.origin)
    return Member(member.origin, data, budget=budget)


def _unzip(member: Member, budget: Budget, pattern: str | None) -> list[Member]:
    members: list[Member] = []
    with zipfile.ZipFile(io.BytesIO(member.data)) as archive:
        infos = archive.infolist()
        budget.take_members(len(infos), member.origin)
        refuse_workbook([info.filename for info in infos], member.origin)
        wanted = [info for info in infos if _is_member(info.filename, pattern)]
        names = Counter(info.filename for info in wanted)
        if names and names.most_common(1)[0][1] > 1:
            raise ValueError(f"two members are called {names.most_common(1)[0][0]!r}")
        # The library reads no byte beyond the size that the directory of the archive states.
        budget.take(sum(info.file_size for info in wanted), member.origin)
        for info in wanted:
            with archive.open(info) as stream:
                # Only deflate stops where it is told to; the others unpack all of what they were given.
                is_bounded = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                data = _read_all(stream.read, _CHUNK_BYTES if is_bounded else _SMALL_CHUNK_BYTES)
            members.append(Member(f"{member.origin}!{info.filename}", data, budget=budget))
    return members


def _is_member(path: str, pattern: str | None) -> bool:
    """False for folders, hidden files, what macOS adds, and names that the declared pattern leaves out."""
    base = path.rsplit("/", 1)[-1]
    if not base or base.startswith(".") or path.startswith("__MACOSX/"):
        return False
    return pattern is None or fnmatch.fnmatchcase(base, pattern)


def _read_all(read: Callable[[int], bytes], step: int = _CHUNK_BYTES, most: int | None = None) -> bytes:
    """A stream to its end, or to the first piece beyond ``most`` bytes; the buffer becomes the bytes, held once."""
    buffer = io.BytesIO()
    while (most is None or buffer.tell() <= most) and (part := read(step)):
        buffer.write(part)
    return buffer.getvalue()
