"""Bombs: small files that become very large when they are read, made anew for every test and never committed."""

from __future__ import annotations

import bz2
import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

pa: Any = pyarrow
pq: Any = pyarrow.parquet

MB = 1_000_000
HEADER = b"date,open,high,low,close\n"
BARS = HEADER + b"".join(b"2024-01-%02d,1,2,0.5,1.5\n" % day for day in range(1, 29))


def zip_of_zeros() -> bytes:
    """4.8 MB that unpack to 4.9 GB, and say so."""
    block = zlib.compressobj(9, zlib.DEFLATED, -15)
    flushed = block.compress(bytes(64 * MB)) + block.flush(zlib.Z_FULL_FLUSH)
    data = flushed * 77 + b"\x03\x00"
    return _zip_entry(data, 77 * 64 * MB, zipfile.ZIP_DEFLATED)


def zip_that_lies() -> bytes:
    """bzip2 that says it unpacks to 1 kB; 6 GB come out of it."""
    return _zip_entry(bz2.compress(bytes(60 * MB)) * 100, 1000, zipfile.ZIP_BZIP2)


def zip_in_zip_in_zip() -> bytes:
    """Each level holds the one below ten times: 40 GB in all."""
    data = gzip.compress(bytes(40 * MB))
    for _ in range(2):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for i in range(30):
                archive.writestr(f"{i}.gz", data)
        data = out.getvalue()
    return data


def gzip_of_zeros() -> bytes:
    """Members of 64 MB behind one another: the size at the end is that of the last one only."""
    return gzip.compress(bytes(64 * MB)) * 75


def feather_of_zeros() -> bytes:
    """Zstandard makes 6.4 GB of numbers as small as a picture."""
    return _ipc(pa.table({name: pa.array(zeros()) for name in ("ts", "open", "high", "low", "close")}), 40)


def feather_of_one_text() -> bytes:
    """One text of 1 MB for each of a million rows."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * MB, pa.int32()), pa.array(["x" * MB]))
    return _ipc(pa.table({"date": texts, "open": texts, "high": texts, "low": texts, "close": texts}), 1)


def parquet_of_one_text() -> bytes:
    """A dictionary of one text of 100 kB for five million rows: 500 GB as text."""
    text = "".join(random.Random(1).choices("abcdefgh", k=100_000))
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 5 * MB, pa.int32()), pa.array([text]))
    return parquet_of(pa.table({"date": texts, "close": pa.array([1.0] * 5 * MB)}), 1, write_statistics=False)


def parquet_of_equal_beginnings() -> bytes:
    """Texts that repeat the begin of the one before them, 2 GB in all."""
    table = pa.table({"date": pa.array(["x" * 100_000] * 1000)})
    return parquet_of(table, 20, use_dictionary=False, column_encoding={"date": "DELTA_BYTE_ARRAY"})


def parquet_of_equal_numbers() -> bytes:
    """300 million rows of one number."""
    return parquet_of(pa.table({"close": pa.array(zeros(3 * MB))}), 100)


def json_of_nothing() -> bytes:
    """Every three bytes are an object of Python."""
    return gzip.compress(b"[" + b"[]," * (20 * MB) + b"[]]")


def json_of_depth() -> bytes:
    return gzip.compress(b"[" * (60 * MB))


def text_of_ragged_lines() -> bytes:
    """Each line is refused, and kept with its text."""
    return gzip.compress(BARS + b"a\n" * (30 * MB))


def text_of_short_rows() -> bytes:
    """Each row takes twenty times its bytes."""
    return gzip.compress(HEADER + b"0,1,1,1,1\n" * (6 * MB))


def text_of_blank_lines() -> bytes:
    return gzip.compress(BARS + b"\n" * (60 * MB))


def text_of_one_wide_line() -> bytes:
    return gzip.compress(BARS + b"," * (60 * MB))


def text_of_a_wide_header() -> bytes:
    return gzip.compress(b"," * (60 * MB))


def text_with_one_rare_character() -> bytes:
    """Python holds a text with one such character in four bytes each."""
    return gzip.compress(BARS + "\U0001f600".encode() + b"a" * (60 * MB))


BOMBS: dict[str, Callable[[], bytes]] = {
    "zeros.zip": zip_of_zeros,
    "lies.zip": zip_that_lies,
    "nested.zip": zip_in_zip_in_zip,
    "zeros.csv.gz": gzip_of_zeros,
    "zeros.feather": feather_of_zeros,
    "text.feather": feather_of_one_text,
    "text.parquet": parquet_of_one_text,
    "delta.parquet": parquet_of_equal_beginnings,
    "numbers.parquet": parquet_of_equal_numbers,
    "nothing.json.gz": json_of_nothing,
    "depth.json.gz": json_of_depth,
    "ragged.csv.gz": text_of_ragged_lines,
    "short.csv.gz": text_of_short_rows,
    "blank.csv.gz": text_of_blank_lines,
    "wide.csv.gz": text_of_one_wide_line,
    "header.csv.gz": text_of_a_wide_header,
    "rare.csv.gz": text_with_one_rare_character,
}


def lay_bombs(folder: Path) -> None:
    """Write every bomb, and a sparse file of 10 GB."""
    for name, make in BOMBS.items():
        (folder / name).write_bytes(make())
    with (folder / "sparse.csv").open("wb") as file:
        file.write(BARS)
        file.truncate(10_000 * MB)


def zeros(n: int = 4 * MB) -> Any:
    return pa.Array.from_buffers(pa.int64(), n, [None, pa.py_buffer(bytes(8 * n))])


def _zip_entry(data: bytes, size: int, method: int) -> bytes:
    """An archive with one member whose data are given as they are compressed."""
    name = b"a.csv"
    facts = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 0, 0, len(data), size & 0xFFFFFFFF, len(name), 0)
    if size > 0xFFFFFFFE:
        extra = struct.pack("<HHQQ", 1, 16, size, len(data))
        facts = struct.pack("<HHHHHIIIHH", 45, 0, method, 0, 0, 0, len(data), 0xFFFFFFFF, len(name), len(extra))
    else:
        extra = b""
    local = b"PK\x03\x04" + facts + name + extra + data
    extra = extra[:4].replace(struct.pack("<H", 16), struct.pack("<H", 8)) + extra[4:12]
    facts = facts[:-2] + struct.pack("<H", len(extra))
    central = b"PK\x01\x02" + struct.pack("<H", 45) + facts + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name + extra
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def _ipc(table: Any, n_batches: int) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_file(out, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        for _ in range(n_batches):
            writer.write_table(table)
    return out.getvalue()


def parquet_of(table: Any, n_groups: int, **options: Any) -> bytes:
    out = io.BytesIO()
    with pq.ParquetWriter(out, table.schema, compression="zstd", **options) as writer:
        for _ in range(n_groups):
            writer.write_table(table, row_group_size=10**9)
    return out.getvalue()


def zip_of(**members: bytes) -> bytes:
    """An archive of members that are stored as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()
