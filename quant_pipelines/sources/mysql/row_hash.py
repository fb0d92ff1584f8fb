"""The hash of a row, in SQL and of delivered rows: sums of it tell what was delivered from what a table has.

Put here: the 64 bits, both ways, and the question whether a server computes the same.
Keep out: statements (query.py) and what the sums are compared with (windows.py).

It is of the doubles that are delivered, bit by bit, and of the key. Well-known binary is the one way to the bits of a
double that MySQL and MariaDB share; their text costs three times as much. It is of a line of three points: nine bytes
that never change and six doubles. Sums of its plain CRC-32 would not do: equal edits in two rows change both by equal
bits, which cancel. Multiplied by the key's remainder, they do not. Null is the most negative double, which no bar has.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

HASH_PRIME = 2**31 - 1
NULL_VALUE = -1.7976931348623157e308
_HEAD = struct.pack("<BII", 1, 2, 3)
_N_BYTES = 48
_VALUES = ("open_value", "high_value", "low_value", "close_value", "volume_value")


def crc_sql(doubles: Sequence[str], key: str) -> str:
    """SQL of the CRC-32 of a row's values and key; a volume that the table does not have is 0."""
    numbers = [*(f"COALESCE({d}, {NULL_VALUE!r})" for d in doubles), *["0e0"] * (5 - len(doubles)), key]
    points = ", ".join(f"POINT({x}, {y})" for x, y in zip(numbers[::2], numbers[1::2], strict=True))
    return f"CRC32(ST_AsBinary(LINESTRING({points})))"


def hash_sql(doubles: Sequence[str], key: str) -> str:
    """SQL of a row's hash.

    Args:
        doubles: expressions of the values, as doubles.
        key: expression of the key, an integer; null = the hash is null.
    """
    return f"{crc_sql(doubles, key)} * ({key} % {HASH_PRIME} + {HASH_PRIME})"


def is_computed_alike(ask: Callable[[str], object]) -> bool:
    """Whether a server's hash is ours; else it has to send it with every row.

    Args:
        ask: runs a statement and returns its one value.

    >>> is_computed_alike(lambda statement: 0)
    False
    """
    probe: list[float | None] = [-0.1, 1e300, 3.0, None, 5e-324]
    key = -60_000_001
    rows = pl.DataFrame({"bar_key": [key], **{v: [n] for v, n in zip(_VALUES, probe, strict=True)}})
    rows = rows.cast({"bar_key": pl.Int64, **dict.fromkeys(_VALUES, pl.Float64)})
    texts = ["NULL" if n is None else f"{n!r}e0" if "e" not in repr(n) else repr(n) for n in probe]
    return ask(f"SELECT {hash_sql(texts, f'CAST({key} AS SIGNED)')}") == row_hashes(rows, has_volume=True)[0]


def row_hashes(rows: pl.DataFrame, *, has_volume: bool) -> pl.Series:
    """The hash of each row of delivered ones, as ``UInt64``; null where the key is.

    Args:
        rows: bar_key and the five values, as stored.
        has_volume: False = the table has no volume; then it is no part of the hash.

    By hand: the first row's is the CRC-32 of its line times its key modulo a prime, plus that prime.

    >>> rows = pl.DataFrame({"bar_key": [60_000_000, None], **{v: [1.0, None] for v in _VALUES}})
    >>> rows = rows.cast({v: pl.Float64 for v in _VALUES})
    >>> crc = zlib.crc32(_HEAD + struct.pack("<6d", 1, 1, 1, 1, 1, 60_000_000))
    >>> row_hashes(rows, has_volume=True).to_list() == [crc * (60_000_000 + HASH_PRIME), None]
    True
    """
    keys = rows["bar_key"].fill_null(0).to_numpy()
    line = np.empty((rows.height, 6))
    for place, name in enumerate(_VALUES):
        line[:, place] = rows[name].fill_null(NULL_VALUE).to_numpy() if has_volume or place < 4 else 0.0
    line[:, 5] = keys
    factor = (np.fmod(keys, HASH_PRIME) + HASH_PRIME).astype(np.uint64)
    hashes = pl.Series("row_hash", _crc32(line).astype(np.uint64) * factor)
    return hashes.set(rows["bar_key"].is_null(), None) if rows["bar_key"].null_count() else hashes


def _crc32(line: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
    """The CRC-32 of the well-known binary of each line."""
    pairs = line.view(np.uint16).reshape(len(line), _N_BYTES // 2)
    found = np.full(len(line), zlib.crc32(_HEAD + bytes(_N_BYTES)), dtype=np.uint32)
    for place, table in enumerate(_tables()):
        found ^= table[pairs[:, place]]
    return found


@cache
def _tables() -> npt.NDArray[np.uint32]:
    """What each value of each pair of bytes adds to the CRC-32."""
    nothing = zlib.crc32(bytes(_N_BYTES))
    adds = np.empty((_N_BYTES, 256), dtype=np.uint32)
    for place in range(_N_BYTES):
        before, behind = bytes(place), bytes(_N_BYTES - place - 1)
        adds[place] = [zlib.crc32(before + bytes([value]) + behind) ^ nothing for value in range(256)]
    low, high = adds[::2, None, :], adds[1::2, :, None]
    return np.ascontiguousarray((low ^ high).reshape(_N_BYTES // 2, 65_536))
