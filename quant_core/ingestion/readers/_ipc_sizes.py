"""IPC sizes: how large the buffers of an Arrow file are, read from its headers and not from its data.

Put here: the few fields of the format's own tables that say sizes.
Keep out: decoding (feather_file.py, which Arrow does) and limits (quant_core.ingestion.limits).

Source: Apache Arrow columnar format, "IPC File Format" and "Compression"; FlatBuffers internals for the tables.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_TRAILER = struct.Struct("<i6s")
_BLOCK = struct.Struct("<qi4xq")
_BUFFER = struct.Struct("<qq")
_LENGTH = struct.Struct("<q")
_CONTINUES = 0xFFFFFFFF
_DICTIONARIES, _BATCHES = 2, 3  # fields of the footer, and types of a message's header
_HEADER = 2
_ROWS, _BUFFERS, _COMPRESSION = 0, 2, 3
_DATA_OF_DICTIONARY = 1


@dataclass(frozen=True)
class _Table:
    """A table of FlatBuffers: where it is in the bytes."""

    data: bytes
    at: int

    def place(self, field: int) -> int | None:
        """Where a field is; None where it is left out."""
        entries = self.at - _read("<i", self.data, self.at)
        entry = 4 + 2 * field
        offset = _read("<H", self.data, entries + entry) if entry < _read("<H", self.data, entries) else 0
        return self.at + offset if offset else None

    def table(self, field: int) -> _Table | None:
        """A field that is a table."""
        place = self.place(field)
        return None if place is None else _Table(self.data, place + _read("<I", self.data, place))

    def structs(self, field: int, kind: struct.Struct) -> Iterator[tuple[int, ...]]:
        """The items of a field that is a vector of structs."""
        place = self.place(field)
        if place is None:
            return
        begin = place + _read("<I", self.data, place)
        for i in range(_read("<I", self.data, begin)):
            yield kind.unpack_from(self.data, begin + 4 + i * kind.size)


def ipc_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Rows and bytes of every record batch and dictionary of an Arrow file, as large as they are once read.

    A batch that the footer names twice is read twice, and counts twice.

    Raises:
        ValueError: the bytes are not an Arrow file.
        struct.error: a place that the file names is not in it.
    """
    n_footer, magic = _TRAILER.unpack_from(data, len(data) - _TRAILER.size)
    begin = len(data) - _TRAILER.size - n_footer
    if magic != b"ARROW1" or n_footer <= 0 or begin < 0:
        raise ValueError("it does not end as an Arrow file does")
    footer = _Table(data, begin + _read("<I", data, begin))
    for field in (_DICTIONARIES, _BATCHES):
        for offset, n_metadata, _ in footer.structs(field, _BLOCK):
            yield _sizes(data, offset, n_metadata, is_dictionary=field == _DICTIONARIES)


def _sizes(data: bytes, offset: int, n_metadata: int, *, is_dictionary: bool) -> tuple[int, int]:
    """Rows and bytes of one message."""
    begin = offset + (8 if _read("<I", data, offset) == _CONTINUES else 4)  # without the mark before version 0.15
    batch = _Table(data, begin + _read("<I", data, begin)).table(_HEADER)
    if batch is not None and is_dictionary:
        batch = batch.table(_DATA_OF_DICTIONARY)
    if batch is None:
        raise ValueError("a block that is no record batch")
    rows, body = batch.place(_ROWS), offset + n_metadata
    is_compressed = batch.place(_COMPRESSION) is not None
    n_bytes = 0
    for start, length in batch.structs(_BUFFERS, _BUFFER):
        plain = _LENGTH.unpack_from(data, body + start)[0] if is_compressed and length else -1
        n_bytes += length if plain < 0 else plain
    return (0 if rows is None else _read("<q", data, rows)), n_bytes


def _read(kind: str, data: bytes, at: int) -> int:
    """One number."""
    if at < 0:
        raise ValueError("a place before its beginning")
    return struct.unpack_from(kind, data, at)[0]
