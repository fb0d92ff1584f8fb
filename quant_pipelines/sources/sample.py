"""The sample: real daily bars that ship inside the ``arch`` package; the default source, without any setup.

Put here: which of its files are bars, and how they are written.
Keep out: parsing and delivering (files.py); the sample takes the same path as any file.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from importlib.metadata import version
from importlib.resources import files

from quant_core.ingestion import Dialect
from quant_pipelines.sources.config import SourceEntry, refuse_unknown
from quant_pipelines.sources.content_index import ContentIndex
from quant_pipelines.sources.feed_file import FeedFile
from quant_pipelines.sources.files import FileSource
from quant_pipelines.sources.opening import Opening, SourceKind

_SERIES = {"SP500": "sp500/sp500.csv.gz", "NASDAQ": "nasdaq/nasdaq.csv.gz"}


def sample_source(name: str, now: Callable[[], datetime], index: ContentIndex) -> FileSource:
    """S&P 500 and NASDAQ Composite, daily, 1999-01-04 to 2018-12-31; dates are New York trading days.

    Args:
        name: key of the source in sources.yaml.
        now: the clock.
        index: remembers what the files hold.

    Source: Yahoo Finance, as distributed in ``arch/data`` (NCSA licence).
    """
    return FileSource(name, partial(_files, version("arch")), now, index)


def _files(release: str) -> list[FeedFile]:
    return [
        FeedFile(
            origin=f"arch/data/{path}",
            stamp=f"arch {release}",
            load=partial(_load, path),
            dialect=Dialect(
                symbol=symbol, timeframe="D1", calendar="XNYS", date_format="%m/%d/%Y", price_columns="raw"
            ),
        )
        for symbol, path in _SERIES.items()
    ]


def _load(path: str) -> bytes:
    return files("arch").joinpath("data", *path.split("/")).read_bytes()


def _open(entry: SourceEntry, opening: Opening) -> FileSource:
    refuse_unknown(entry.settings, (), "sample key", entry.where)
    return sample_source(entry.name, opening.now, opening.index(entry.name))


KIND = SourceKind("sample", _open)
