"""Mutated files: good files of every format that the readers know, and what disks, networks and enemies do to them.

Put here: the good files, the mutations, and a process of its own that reads them one after another.
Keep out: files that are made to become large (bombs.py), and tables that are wrong as text (generated_inputs.py).

``python -m tests.ingestion.mutated_files SEED FIRST LAST`` prints for each: number, name, seconds, megabytes above the
base, outcome. The number is printed before the file is read, so that a file that ends the process is known, too.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import polars as pl

from quant_core.errors import QuantError
from quant_core.ingestion import Dialect, read_file
from tests.ingestion.reading_bombs import peak_mb

N_ROWS = 120


@cache
def good_files() -> dict[str, bytes]:
    """Name → content: hourly bars in every format, packed in every way."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    closes = [100 + (i * 7919 % 101) / 10 for i in range(N_ROWS)]
    table = pl.DataFrame(
        {
            "ts": [start + timedelta(hours=i) for i in range(N_ROWS)],
            "open": closes,
            "high": [c + 1 for c in closes],
            "low": [c - 1 for c in closes],
            "close": closes,
            "volume": list(range(1, N_ROWS + 1)),
        }
    )
    text = table.with_columns(pl.col("ts").dt.strftime("%Y-%m-%d %H:%M:%S"))
    csv, rows = text.write_csv().encode(), text.to_dicts()
    found = {
        "ABC_h1.csv": csv,
        "ABC_h1.txt": text.write_csv(separator="\t").encode(),
        "ABC_h1_utf16.csv": text.write_csv().encode("utf-16"),
        "ABC_h1_bare.csv": text.write_csv(include_header=False, separator=";").encode(),
        "ABC_h1.json": json.dumps(rows).encode(),
        "ABC_h1_columns.json": json.dumps({k: text[k].to_list() for k in text.columns}).encode(),
        "ABC_h1_nested.json": json.dumps({"meta": {"symbol": "ABC"}, "values": rows}).encode(),
        "ABC_h1.ndjson": "\n".join(json.dumps(row) for row in rows).encode(),
        "ABC_h1.csv.gz": gzip.compress(csv, mtime=0),
        "ABC_h1.json.gz": gzip.compress(json.dumps(rows).encode(), mtime=0),
        "ABC_h1.zip": _zipped({"ABC_h1.csv": csv}),
        "two.zip": _zipped({"ABC_h1.csv": csv, "DEF_h1.json": json.dumps(rows).encode()}),
        "nested.zip": _zipped({"inner.zip": _zipped({"ABC_h1.csv": csv})}),
    }
    for codec in ("uncompressed", "snappy", "gzip", "zstd", "lz4"):
        found[f"ABC_h1_{codec}.parquet"] = _written(lambda b, c=codec: table.write_parquet(b, compression=c))
    for codec in ("uncompressed", "lz4", "zstd"):
        found[f"ABC_h1_{codec}.feather"] = _written(lambda b, c=codec: table.write_ipc(b, compression=c))
    found["ABC_h1.parquet.gz"] = gzip.compress(found["ABC_h1_snappy.parquet"], mtime=0)
    return found


def _written(write: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def _zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def _place(chance: random.Random, data: bytes) -> int:
    """A position; half of the time near an end, where headers and footers are."""
    near = min(len(data), 300)
    kind = chance.random()
    if kind < 0.25:
        return chance.randrange(near)
    return len(data) - 1 - chance.randrange(near) if kind < 0.5 else chance.randrange(len(data))


def _flip(chance: random.Random, data: bytes, _: bytes) -> bytes:
    changed = bytearray(data)
    for _n in range(chance.choice((1, 1, 2, 8, 64))):
        changed[_place(chance, data)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _number(chance: random.Random, data: bytes, _: bytes) -> bytes:
    """An extreme number where a length, an offset or a count may be."""
    size = chance.choice((1, 2, 4, 8))
    number = chance.choice(
        (0, 1, (1 << 8 * size) - 1, (1 << 8 * size - 1) - 1, 1 << 8 * size - 1, chance.getrandbits(8))
    )
    at = _place(chance, data)
    return data[:at] + number.to_bytes(size, chance.choice(("little", "big"))) + data[at + size :]


def _cut(chance: random.Random, data: bytes, _: bytes) -> bytes:
    return data[: _place(chance, data)]


def _without(chance: random.Random, data: bytes, _: bytes) -> bytes:
    at = _place(chance, data)
    return data[:at] + data[at + chance.randrange(1, 200) :]


def _zeroed(chance: random.Random, data: bytes, _: bytes) -> bytes:
    at, n = _place(chance, data), chance.choice((1, 16, 512, 4096))
    return data[:at] + bytes(min(n, len(data) - at)) + data[at + n :]


def _repeated(chance: random.Random, data: bytes, _: bytes) -> bytes:
    at, n = _place(chance, data), chance.randrange(1, 400)
    return data[:at] + data[at : at + n] * chance.choice((1, 2, 50)) + data[at:]


def _spliced(chance: random.Random, data: bytes, other: bytes) -> bytes:
    return data[: _place(chance, data)] + other[_place(chance, other) :]


def _noise(chance: random.Random, data: bytes, _: bytes) -> bytes:
    at = _place(chance, data)
    return data[:at] + chance.randbytes(chance.choice((1, 4, 100))) + data[at:]


MUTATIONS: Sequence[Callable[[random.Random, bytes, bytes], bytes]] = (
    _flip, _flip, _number, _number, _cut, _without, _zeroed, _repeated, _spliced, _noise,
)  # fmt: skip


def mutated_file(seed: int, number: int) -> tuple[str, bytes]:
    """One file: its name, which may say another format than it has, and its bytes."""
    chance = random.Random(seed * 1_000_003 + number)
    names = sorted(good_files())
    name, other = names[number % len(names)], good_files()[chance.choice(names)]
    data = good_files()[name]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        data = chance.choice(MUTATIONS)(chance, data, other) or b"\x00"
    return (chance.choice(names) if chance.random() < 0.05 else name), data


def _outcome(name: str, data: bytes) -> str:
    try:
        parsed = read_file(data, name, Dialect())
    except QuantError as error:
        text = str(error)
        return f"{type(error).__name__}: {text}" if len(text) <= 4_000 else "escape: a text of more than 4,000 letters"
    except BaseException as error:  # panics of compiled libraries are no Exception
        return f"escape: {type(error).__name__}: {error}"
    if parsed.n_rows_in != parsed.rows.height + parsed.quarantine.height:
        return "escape: a row is neither among the rows nor in quarantine"
    return f"{parsed.rows.height} rows"


def main(seed: int, first: int, last: int) -> None:
    """Read files and tell."""
    for name, data in good_files().items():
        assert _outcome(name, data).endswith(" rows"), (name, _outcome(name, data))
    base = peak_mb()
    for number in range(first, last):
        name, data = mutated_file(seed, number)
        print(number, flush=True)  # noqa: T201
        begin = time.process_time()
        outcome = _outcome(name, data)
        print(json.dumps([number, name, time.process_time() - begin, peak_mb() - base, outcome]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:4]))
    # One process of fifty was aborted while it ended, after everything was read: Arrow's threads race with its exit.
    os._exit(0)
