"""Text layout: encoding, separator, banner lines and header of delimited text.

Put here: detection of how lines are cut into fields.
Keep out: reading the bulk (readers/delimited_text.py) and what the columns mean (columns.py).
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quant_core.errors import RefusedInputError
from quant_core.ingestion.column_names import ROLE_OF, normalize
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.field_kinds import kind_of
from quant_core.ingestion.readers.contract import SAMPLE_ROWS
from quant_core.ingestion.stacked_headers import stacked_header
from quant_core.shown_text import listed

_SEPARATORS = (",", ";", "\t", "|", " ")
_HEAD_BYTES = 1 << 20
_SCORED_LINES = 60
_PEEK_BYTES = 1 << 16
_MAX_BANNER = 50
_FIELDS_OF_A_BAR = 4
_MAX_FIELDS = 20_000
_KNOWN_NAMES = 3  # a line with so many names of columns is a header, whatever its width


@dataclass(frozen=True)
class TextLayout:
    """How text is cut.

    Attributes:
        first_row: 1-based line of the first data row.
        width: the fields of a row.
        symbol: the ticker that the header names.
    """

    separator: str
    names: tuple[str, ...] | None
    first_row: int
    width: int
    sample: list[list[str]]
    has_quotes: bool
    symbol: str | None = None


def decode(data: bytes, origin: str, declared: str | None) -> tuple[bytes, str]:
    r"""Bytes as UTF-8 without byte-order mark, and the encoding they had.

    Rule: a declared encoding; else a byte-order mark; else UTF-16 when at least 30 % of the first bytes are
    zero at one parity only; else UTF-8 when valid; else latin-1, which maps every byte.

    Raises:
        RefusedInputError: the declared or marked encoding does not fit.

    >>> decode("é,1".encode("utf-16"), "a.csv", None), decode("é".encode("latin-1"), "a.csv", None)[1]
    ((b'\xc3\xa9,1', 'utf-16'), 'latin-1')
    """
    encoding = declared or _marked_encoding(data)
    if encoding is None:
        if data.isascii():
            return data, "utf-8"
        try:
            for _ in _texts(data, "utf-8"):
                pass
        except UnicodeDecodeError:
            encoding = "latin-1"
        else:
            return data, "utf-8"
    recoded = io.BytesIO()
    try:
        for text in _texts(data, encoding):
            recoded.write((text if recoded.tell() else text.removeprefix("\ufeff")).encode("utf-8"))
    except (UnicodeError, LookupError) as error:
        raise RefusedInputError.at(
            origin, reason=f"the bytes are not {encoding} text ({error})", fix="encoding: utf-8 | latin-1 | utf-16"
        ) from error
    return recoded.getvalue(), encoding


def _texts(data: bytes, encoding: str) -> Iterator[str]:
    """Bytes as text, step by step: one rare character makes every other of a text take four bytes."""
    b"".decode(encoding)  # raises for codecs that are no text encodings, some of which unpack
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(data), _HEAD_BYTES):
        yield decoder.decode(data[start : start + _HEAD_BYTES], final=False)
    yield decoder.decode(b"", final=True)


def _marked_encoding(data: bytes) -> str | None:
    """Encoding by byte-order mark or by the zero bytes of UTF-16."""
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    head = data[:4096]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.3 * len(head) and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 * len(head) and odd == 0 else None


def without_padding(data: bytes, dialect: Dialect) -> bytes:
    r"""Text whose fields are lined up by blanks, with one blank between fields; other text unchanged.

    Lines keep their numbers. A text is lined up when most of its first lines hold two blanks in a row and no other
    separator.

    >>> without_padding(b"date        open\n2024-01-02  99.5\n", Dialect())
    b'date open\n2024-01-02 99.5\n'
    """
    lines = [line for line in data[:_PEEK_BYTES].splitlines() if line.strip()][:_SCORED_LINES]
    others = [mark.encode() for mark in _SEPARATORS if mark != " "]
    padded = [b"  " in line.strip() and not any(mark in line for mark in others) for line in lines]
    if dialect.separator not in (None, " ") or 2 * sum(padded) <= len(lines):
        return data
    return re.sub(rb"(?m)^ +| +(?=\r?$)", b"", re.sub(rb" {2,}", b" ", data))


def split_fields(line: str, separator: str) -> list[str] | None:
    """Cut one line; None when its quotes do not close or a field is longer than 131,072 characters.

    >>> split_fields('a,"b,c"', ","), split_fields('"a', ",")
    (['a', 'b,c'], None)
    """
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        return None


def detect_layout(data: bytes, origin: str, dialect: Dialect) -> TextLayout:
    """Find separator, banner lines, header and width from the first lines.

    Raises:
        RefusedInputError: no line holds data.
    """
    head = data[:_HEAD_BYTES].decode("utf-8", errors="ignore").replace("\r\n", "\n").replace("\r", "\n")
    lines = head.split("\n")[: SAMPLE_ROWS + _MAX_BANNER]
    if len(data) > _HEAD_BYTES and len(lines) > 1 and len(lines) < SAMPLE_ROWS + _MAX_BANNER:
        lines = lines[:-1]  # the last line of the head may be cut
    numbered = [(i + 1, line) for i, line in enumerate(lines) if line.strip()]
    if not numbered:
        raise RefusedInputError.at(origin, reason="the file holds no row", fix="remove the file or deliver it again")
    separator = dialect.separator or _best_separator([line for _, line in numbered[:_SCORED_LINES]], dialect.decimal)
    cut = [(row, split_fields(line, separator)) for row, line in numbered]
    fields = [(row, f) for row, f in cut if f is not None]
    is_open = dialect.header is None and dialect.skip_lines is None
    stacked = stacked_header([f for _, f in fields], origin) if is_open else None
    if stacked is not None:
        names, first_row = stacked.names, fields[stacked.n_lines - 1][0] + 1
    else:
        names, first_row = _header(fields, dialect, origin)
    if names is None or isinstance(dialect.header, list):  # a first line that cannot be cut is a row all the same
        first_row = min(row for row, _ in numbered if row > (dialect.skip_lines or 0))
    rows = [f for row, f in fields if row >= first_row]
    width = _width(rows, names, first_row, origin)
    if width > _MAX_FIELDS:
        raise RefusedInputError.at(
            origin,
            row=first_row,
            reason=f"its rows have {width} fields, more than the limit of {_MAX_FIELDS}",
            fix="deliver the columns of bars only, one instrument below the other",
        )
    sample = [f for f in rows if len(f) == width][:SAMPLE_ROWS]
    has_quotes, symbol = any('"' in line for _, line in numbered), stacked.symbol if stacked else None
    return TextLayout(separator, names, first_row, width, sample, has_quotes, symbol)


def _width(rows: list[list[str]], names: tuple[str, ...] | None, first_row: int, origin: str) -> int:
    """Fields of a row: the most frequent number; a header allows its own number and one more, no other."""
    usual = Counter(len(f) for f in rows).most_common(1)[0][0] if rows else len(names or ())
    if names is None or usual in (len(names), len(names) + 1):
        return usual
    if usual < len(names):
        return len(names)  # shorter rows are ragged
    raise RefusedInputError.at(
        origin,
        reason=f"rows have {usual} fields, the header has {len(names)} names {listed(names)}",
        fix=f"{header_line(names, usual, first_row)} | separator: another one",
    )


def header_line(names: Sequence[str], width: int, first_row: int) -> str:
    """The line that declares one name per field in the place of the file's own header.

    >>> header_line(["date", "open"], 3, 2)
    'skip_lines: 1, header: ["date", "open", "ignore"]'
    """
    whole = [*(name or "ignore" for name in names), *["ignore"] * (width - len(names))]
    return f"skip_lines: {first_row - 1}, header: {json.dumps(whole, ensure_ascii=False)}"


def _best_separator(lines: list[str], decimal: str | None) -> str:
    """The separator that makes the most fields look like numbers or times; ties go to the first.

    A blank may stand inside numbers and times, so it separates only where no other mark makes a row of bars. The
    decimal mark separates only where fields are quoted, or no other mark makes a row of bars.
    """

    def score(separator: str) -> int:
        fields = [f for line in lines for f in (split_fields(line, separator) or [])]
        return sum(kind_of(f) not in ("text", "empty") for f in fields) if len(fields) > len(lines) else -1

    is_quoted = any('"' in line for line in lines)
    scores = {s: score(s) for s in _SEPARATORS}
    usual = [s for s in _SEPARATORS[:-1] if s != decimal or is_quoted]
    for some in (usual, _SEPARATORS[:-1]):
        visible = max(some, key=scores.__getitem__)
        if scores[visible] >= _FIELDS_OF_A_BAR * len(lines):
            return visible
    return max([*usual, " "], key=scores.__getitem__)


def _header(fields: list[tuple[int, list[str]]], dialect: Dialect, origin: str) -> tuple[tuple[str, ...] | None, int]:
    """Names (None without header) and the line of the first data row."""
    if dialect.skip_lines is not None:
        fields = [(row, f) for row, f in fields if row > dialect.skip_lines]
    if not fields:
        raise RefusedInputError.at(origin, reason="the file holds no row", fix="skip_lines: a smaller number")
    if isinstance(dialect.header, list):
        return tuple(dialect.header), fields[0][0]
    if dialect.header is False:
        return None, fields[0][0]
    if dialect.header is True:
        return _names(fields[0][1]), fields[0][0] + 1
    return _detected_header(fields, dialect.skip_lines is not None)


def _detected_header(fields: list[tuple[int, list[str]]], skipped: bool) -> tuple[tuple[str, ...] | None, int]:
    """The first line that looks like a header of the rows after it; lines before it are a banner."""
    width = Counter(len(f) for _, f in fields).most_common(1)[0][0]
    for at, (_, names) in enumerate(fields[:1] if skipped else fields[:_MAX_BANNER]):
        if any(kind_of(f) in ("number", "moment", "time_of_day") for f in names):
            break  # data begin: no header
        filled = sum(bool(f.strip()) for f in names)
        fits = len(names) in (width, width - 1) and filled >= len(names) - 1 and filled > 0
        if fits or sum(normalize(f) in ROLE_OF for f in names) >= _KNOWN_NAMES:
            return _names(names), fields[at][0] + 1
    return None, fields[0][0]


def _names(fields: list[str]) -> tuple[str, ...]:
    return tuple(f.strip() for f in fields)
