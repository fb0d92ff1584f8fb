"""Parsed files: the rows of a file beside the hash of exactly the bytes that they were parsed from.

Put here: parsing a file, or two files of quotes into one, and keeping the latest ones.
Keep out: how bytes become rows (quant_core.ingestion), and what is delivered of them (files.py).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion import ParsedFile, merge_bid_ask, read_file
from quant_pipelines.sources.feed_file import Contents, FeedFile

_MAX_ROWS_KEPT = 4_000_000  # about half a GiB of raw rows


@dataclass(frozen=True)
class ReadFile:
    """A parsed file and the hash of the bytes that were parsed."""

    content_hash: str
    parsed: ParsedFile


_PARSED: OrderedDict[str, ReadFile] = OrderedDict()


def parsed_file(file: FeedFile, contents: Contents | None = None) -> ReadFile:
    """Parse a file; the latest files are kept, because one file may hold many instruments."""
    if file.identity not in _PARSED:
        contents = file.contents() if contents is None else contents
        _PARSED[file.identity] = ReadFile(contents.content_hash, _rows_of(file, contents))
        while len(_PARSED) > 1 and sum(r.parsed.rows.height for r in _PARSED.values()) > _MAX_ROWS_KEPT:
            _PARSED.popitem(last=False)
    _PARSED.move_to_end(file.identity)
    return _PARSED[file.identity]


def _rows_of(file: FeedFile, contents: Contents) -> ParsedFile:
    """Parse the bytes of a file, or of two files of quotes into their mid."""
    if file.lacks:
        raise RefusedInputError.at(
            file.origin,
            reason=f"it holds one side of quotes and the other, {file.lacks}, is not there",
            fix=f"deliver it, or correct bid_ask_names in {file.where}",
        )
    parsed = read_file(contents.own, file.origin, file.dialect)
    if file.ask is None:
        return parsed
    ask = read_file(contents.ask, file.ask.origin, file.ask.dialect)
    symbols = pl.concat([parsed.rows["symbol"], ask.rows["symbol"]]).unique().sort().to_list()
    named = ", ".join(symbols) or "none"
    if len(symbols) != 1:
        raise RefusedInputError.at(
            file.origin,
            reason=f"its quotes and those of {file.ask.origin} must be of one symbol, found {named}",
            fix=f"declare symbol, or file_name_regex with a group that is equal in both names, in {file.where}",
        )
    return merge_bid_ask(parsed, ask, symbols[0])
