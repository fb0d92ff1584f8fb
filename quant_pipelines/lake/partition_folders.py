"""Partition folders: the partitions that lie in a folder of the lake, and what else somebody put there.

Put here: reading keys from the names of folders.
Keep out: reading the files in them (lake.py, raw_store.py).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from quant_core.errors import SymbolError
from quant_core.symbols import check_symbol
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.storage import Storage

_LOG = logging.getLogger(__name__)
_named: set[str] = set()


def partitions_in(
    storage: Storage, asset: str, file: str | Callable[[str], bool], symbol: str | None = None
) -> list[PartitionKey]:
    """The partitions of a table that hold a file, sorted.

    A folder that is no ``symbol=S/timeframe=TF`` was not written by us: it is left alone, and named in a warning once.

    Args:
        storage: of the lake.
        asset: the table.
        file: what lies in the folder of each partition, or a function that tells it of a folder.
        symbol: only that of one symbol.

    >>> storage = Storage("memory://partition_folders_example")
    >>> for path in ("bars/symbol=A/timeframe=D1", "bars/symbol=A/timeframe=D1/old", "bars/symbol=B/timeframe=D2"):
    ...     storage.write(f"{path}/data.parquet", b"x")
    >>> [str(key) for key in partitions_in(storage, "bars", "data.parquet")]
    ['A|D1']
    """
    keys: list[PartitionKey] = []
    symbols = storage.folders(asset) if symbol is None else [f"{asset}/symbol={symbol}"]
    for above in symbols:
        for folder in storage.folders(above) if _names_symbol(above) else [above]:
            key = _key(above, folder)
            if key is None:
                _name_once(storage.locate(folder))
            elif storage.exists(f"{folder}/{file}") if isinstance(file, str) else file(folder):
                keys.append(key)
    return sorted(keys)


def _names_symbol(folder: str) -> bool:
    """True for ``symbol=S`` with a legal symbol."""
    try:
        check_symbol(_value(folder, "symbol") or "")
    except SymbolError:
        return False
    return True


def _key(above: str, folder: str) -> PartitionKey | None:
    """The key that two folders name; None where they name none."""
    symbol, timeframe = _value(above, "symbol"), _value(folder, "timeframe")
    if symbol is None or timeframe is None:
        return None
    try:
        return PartitionKey(symbol, timeframe)
    except SymbolError:
        return None


def _value(folder: str, name: str) -> str | None:
    """What stands behind ``name=`` in the last part of a path."""
    last = folder.rsplit("/", 1)[-1]
    return last.removeprefix(f"{name}=") if last.startswith(f"{name}=") else None


def _name_once(place: str) -> None:
    if place not in _named:
        _named.add(place)
        _LOG.warning(
            "%s is no partition: expected symbol=S/timeframe=TF. It is left alone; move it out of the lake.",
            os.fsencode(place).decode("utf-8", errors="backslashreplace"),
        )
