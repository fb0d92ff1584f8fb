"""Seals: checksums inside the files that this project publishes, and what a look at a file's bytes says is wrong.

Put here: how a seal is made, where it lies, and the comparison of bytes with it.
Keep out: what a file says about itself (facts.py), setting damaged files aside (damage.py), what raw parts tell
(raw/part_files.py).

The seal of a Parquet file lies between its pages and its footer. Readers find pages by the offsets in the footer, so
every Parquet reader reads a sealed file as it read the file before; and one file cannot be half renamed, as a file with
its hash beside it could. It holds three sums: one of the footer, checked whenever facts are read; a quick one of the
pages, checked whenever rows are read, which sees every single changed bit and costs a few percent of the decoding;
and the SHA-256 of the pages, checked by ``qe doctor``. A page of HTML ends in a comment with its SHA-256.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

DamageKind: TypeAlias = Literal["empty", "zeroed", "truncated", "altered", "foreign", "deleted"]

SEAL_FACT = "quant_engine_seal"
"""Key in the footer of a sealed file: a file that has it and no seal lost the seal."""

END_BYTES = 65_536
"""What is read of the end of a file at first: most footers are shorter."""

_MAGIC = b"quant-engine-1\r\n"
_SHA, _SHORT = 32, 16
_SEAL = len(_MAGIC) + _SHA + 2 * _SHORT
_PARQUET, _TRAILER = b"PAR1", 8
_ROW = 4096
_COMMENT = re.compile(rb"<!-- sha-256 of all before: ([0-9a-f]{64}) -->\n\Z")
_END_OF_PAGE = b"</html>"


@dataclass(frozen=True)
class Fault:
    """What is wrong with the bytes of a file.

    Attributes:
        kind: the sort of damage.
        found: what was found, in words.
    """

    kind: DamageKind
    found: str


@dataclass(frozen=True)
class Sealed:
    """The end of a sealed file, the sum of which agrees.

    Attributes:
        at: where the seal begins: the number of bytes before it.
        sha: SHA-256 of the bytes before it.
        quick: their quick sum.
    """

    at: int
    sha: bytes
    quick: bytes


def seal_parquet(content: bytes) -> bytes:
    """A Parquet file with its seal; equal files give equal bytes.

    >>> import io, polars as pl
    >>> out = io.BytesIO()
    >>> pl.DataFrame({"x": [1, 2]}).write_parquet(out, metadata={SEAL_FACT: "1"})
    >>> sealed = seal_parquet(out.getvalue())
    >>> pl.read_parquet(sealed)["x"].to_list(), fault_in_parquet(sealed)
    ([1, 2], None)
    """
    at = len(content) - _TRAILER - _footer_length(content)
    pages, end = content[:at], content[at:]
    seal = _MAGIC + hashlib.sha256(pages).digest() + quick_sum(pages)
    return b"".join((pages, seal, _sum_of_end(at, seal, end), end))


def sealed_end(end: bytes, size: int) -> Sealed | Fault | None:
    """The seal that the end of a Parquet file holds, what is wrong with the end, or None where nothing is sealed.

    Args:
        end: the last bytes of the file; at least ``needed_end`` of them.
        size: of the whole file, in bytes.
    """
    length = _footer_length(end)
    start = len(end) - _TRAILER - length - _SEAL
    if start < 0 or not end.startswith(_MAGIC, start):
        return _without_seal(end, size)
    seal, stated = end[start : start + _SEAL - _SHORT], end[start + _SEAL - _SHORT : start + _SEAL]
    at = size - len(end) + start
    if stated != _sum_of_end(at, seal, end[start + _SEAL :]):
        return Fault("altered", "the checksum of its footer differs")
    return Sealed(at, seal[len(_MAGIC) : -_SHORT], seal[-_SHORT:])


def needed_end(end: bytes, size: int) -> int:
    """How many bytes of the end of a file hold its footer and seal, as far as its last bytes can say."""
    return min(size, _footer_length(end) + _TRAILER + _SEAL)


def fault_in_parquet(content: bytes | memoryview, *, thorough: bool = True) -> Fault | None:
    """What is wrong with a whole Parquet file; None where it is as it was written, or was never sealed.

    Args:
        content: the file.
        thorough: compare the SHA-256; else the quick sum.
    """
    end = bytes(content[-END_BYTES:])
    if (needed := needed_end(end, len(content))) > len(end):
        end = bytes(content[-needed:])
    found = sealed_end(end, len(content))
    if not isinstance(found, Sealed):
        return found
    pages = memoryview(content)[: found.at]
    same = hashlib.sha256(pages).digest() == found.sha if thorough else quick_sum(pages) == found.quick
    return None if same else Fault("altered", "the checksum of its rows differs")


def is_sealed(content: bytes) -> bool:
    """True for a Parquet file with a seal."""
    return isinstance(sealed_end(content, len(content)), Sealed)


def quick_sum(content: bytes | memoryview) -> bytes:
    """A sum of bytes that sees every single changed bit; several changes within 32 kB can cancel out by design.

    The 64-bit sums of blocks of 32 kB, in their order, go through SHA-256.

    >>> quick_sum(b"a" * 100_000) == quick_sum(b"a" * 99_999 + b"b")
    False
    """
    view = memoryview(content)
    n_whole = len(view) // (8 * _ROW) * 8 * _ROW
    state = hashlib.sha256()
    if n_whole:
        sums = np.frombuffer(view[:n_whole], dtype="<u8").reshape(-1, _ROW).sum(axis=1, dtype=np.uint64)
        state.update(sums.astype("<u8").tobytes())
    state.update(view[n_whole:])
    return state.digest()[:_SHORT]


def seal_page(content: bytes) -> bytes:
    r"""A page of HTML with its checksum in a last comment.

    >>> fault_in_page(seal_page(b"<html></html>\n")), fault_in_page(b"<html>").kind
    (None, 'truncated')
    """
    return content + f"<!-- sha-256 of all before: {hashlib.sha256(content).hexdigest()} -->\n".encode()


def is_sealed_page(content: bytes) -> bool:
    """True for a page that ends in its checksum."""
    return _COMMENT.search(content) is not None


def fault_in_page(content: bytes) -> Fault | None:
    """What is wrong with a page; None where it is as it was written, or whole and never sealed."""
    found = _COMMENT.search(content)
    if found is not None:
        same = hashlib.sha256(content[: found.start()]).hexdigest().encode() == found[1]
        return None if same else Fault("altered", "its checksum differs")
    if fault := fault_of_nothing(content, len(content)):
        return fault
    _, end, rest = content.rpartition(_END_OF_PAGE)
    if not end:
        return Fault("truncated", "it has no end")
    return Fault("altered", "its checksum cannot be read") if rest.strip() else None


def _without_seal(end: bytes, size: int) -> Fault | None:
    """What is wrong with an end at which no seal lies; None where it may be of a file that was never sealed."""
    if fault := fault_of_nothing(end, size):
        return fault
    if not end.endswith(_PARQUET):
        return Fault("truncated", "its end is no end of a Parquet file")
    if SEAL_FACT.encode() in end:
        return Fault("altered", "its seal cannot be read")
    return None


def fault_of_nothing(content: bytes, size: int) -> Fault | None:
    """The fault of a file without any content.

    Args:
        content: the file, or its end.
        size: of the whole file, in bytes.

    >>> fault_of_nothing(b"", 0).kind, fault_of_nothing(bytes(2), 2).found, fault_of_nothing(bytes(2), 9).found
    ('empty', 'it holds 2 zero bytes', 'it ends in 2 zero bytes')
    """
    if size == 0:
        return Fault("empty", "it has no bytes")
    verb = "holds" if len(content) == size else "ends in"
    return Fault("zeroed", f"it {verb} {len(content):,} zero bytes") if not content.strip(b"\0") else None


def footer_of(end: bytes) -> bytes:
    """The footer in the last bytes of a Parquet file, to the end of the file."""
    return end[-(_footer_length(end) + _TRAILER) :]


def _footer_length(end: bytes) -> int:
    """The length of the footer, as the last bytes of a file say."""
    return int.from_bytes(end[-_TRAILER : -len(_PARQUET)], "little")


def _sum_of_end(at: int, seal: bytes, end: bytes) -> bytes:
    """The sum over a seal's place, its other sums and all that follows it."""
    return hashlib.sha256(at.to_bytes(8, "little") + seal + end).digest()[:_SHORT]
