"""Short ways to read a text as a file."""

from __future__ import annotations

from typing import Any

from quant_core.ingestion import Dialect, ParsedFile, read_file

HEADER = "date,open,high,low,close,volume\n"
TWO_BARS = "2024-01-02 10:00,1,3,1,2,5\n2024-01-02 11:00,2,4,2,3,6\n"


def read_text(text: str, name: str = "ABC.csv", **declared: Any) -> ParsedFile:
    """Read a text under a file name with a declared dialect."""
    return read_file(text.encode(), name, Dialect.parse(declared, "test"))


def times_of(parsed: ParsedFile) -> list[str]:
    """Bar opens as text, UTC."""
    return parsed.rows["ts"].dt.strftime("%Y-%m-%d %H:%M:%S").to_list()
