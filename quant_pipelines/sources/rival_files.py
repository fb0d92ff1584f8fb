"""Rival files: files of one name in two folders that hold other prices of the same symbol and times.

Put here: telling two venues from one history that is delivered in parts or again.
Keep out: reading files (files.py) and members of one archive (quant_core.ingestion).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

import polars as pl

from quant_core.errors import RefusedInputError

_KEPT = 64
Sketch = dict[str, float]
"""Some times of a series, in microseconds as text, and its closes there: the same ones in every file that has them."""


def sketch_of(rows: pl.DataFrame) -> Sketch:
    """A few bars of a series, chosen by a hash of their time, so that two files choose the same ones.

    Args:
        rows: table ``raw_rows`` of one symbol and timeframe.
    """
    times = rows.select(us=pl.col("ts").dt.timestamp("us"), close=pl.col("close")).drop_nulls()
    chosen = times.with_columns(order=pl.col("us").hash(seed=1)).bottom_k(_KEPT, by="order")
    return {str(us): close for us, close, _ in chosen.iter_rows()}


def rivals(files: Mapping[str, Mapping[str, Sketch]], where: Mapping[str, str]) -> dict[str, str]:
    """Files that hold other prices than an earlier file of the same name in another folder, with the reason.

    Folders whose names hold no letter (2024, 2024-01-05) are deliveries of one source and never rivals.

    Args:
        files: path → ``SYMBOL|TF`` whose symbol is that of the file's name → sketch; in the order of delivery.
        where: path → its place in sources.yaml.

    >>> a, b = {"X|H1": {"1": 100.0, "2": 101.0}}, {"X|H1": {"2": 201.0, "3": 202.0}}
    >>> list(rivals({"binance/X.csv": a, "bybit/X.csv": b}, {}))
    ['bybit/X.csv']
    >>> rivals({"2023/X.csv": a, "2024/X.csv": b}, {})
    {}
    """
    refused: dict[str, str] = {}
    first: dict[tuple[str, str], tuple[str, Sketch]] = {}
    for path, series in files.items():
        place = PurePosixPath(path)
        if not any(c.isalpha() for c in str(place.parent)):
            continue
        for key, sketch in series.items():
            other, known = first.setdefault((place.name, key), (path, sketch))
            both = known.keys() & sketch.keys()
            if other == path or 2 * sum(known[t] != sketch[t] for t in both) <= len(both):
                continue
            symbol = key.split("|")[0]
            folder = place.parent.name
            error = RefusedInputError.at(
                path,
                reason=f"it holds other prices of the symbol {symbol!r} than {other}: two venues would be mixed",
                fix=f"in {where.get(path) or 'sources.yaml'}: pattern: {str(place.parent / '*')!r}, "
                f"symbol: {symbol}.{folder}",
            )
            refused[path] = str(error)
    return refused
