"""Delimited text: CSV and its relatives, read in bulk, and line by line only around lines that are not regular.

Put here: the reader ``delimited_text``.
Keep out: detection of the layout (text_layout.py) and the meaning of columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.archives import Member
from quant_core.ingestion.arrow_library import pa
from quant_core.ingestion.columns import NUMBER_ROLES, TIME_ROLES
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.field_kinds import NULL_VALUES
from quant_core.ingestion.limits import ROW_BYTES
from quant_core.ingestion.readers._text_pieces import Piece, TextPlan, lines_of, read_pieces
from quant_core.ingestion.readers.contract import OddFields, Preview, Reader, Sheet
from quant_core.ingestion.text_layout import TextLayout, decode, detect_layout, without_padding
from quant_core.ingestion.time_formats import Int64s, iso_type

_MANY_REFUSED = 500_000  # about 250 MB of them
_RARE = 0.01  # a column of which more fields do not fit its type is read as text


@dataclass(frozen=True)
class DelimitedText(Reader):
    """Lines of fields. ``origin_row`` is the 1-based line of the file.

    The text goes through Arrow's CSV parser with declared column types, chunk by chunk. Where that parser refuses
    (ragged rows, quotes, a field of the wrong type), a small piece around is read as text and its odd lines one by
    one, so that only bad rows are refused and one of them costs nothing elsewhere. Blank lines are no rows. A quoted
    line break is not supported: its parts are refused.

    Look-ahead: none. Missing: the null texts of the dialect become null.

    >>> DelimitedText().canonical, DelimitedText().recognizes(b"PAR1")
    ('delimited_text', False)
    """

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".csv", ".txt", ".tsv", ".prn", ".asc")

    @property
    def is_text(self) -> bool:
        return True

    def recognizes(self, head: bytes) -> bool:
        return False

    def preview(self, member: Member, dialect: Dialect) -> Preview:
        data, encoding = decode(member.data, member.origin, dialect.encoding)
        n_lines = max(data.count(b"\n"), data.count(b"\r"))
        member.budget_for(dialect).take_rows(n_lines * ROW_BYTES, f"its {n_lines} lines", member.origin)
        data = without_padding(data, dialect)
        layout = detect_layout(data, member.origin, dialect)
        resolved = {
            "encoding": encoding,
            "separator": layout.separator,
            "header": list(layout.names) if layout.names is not None else False,
            "first_row": layout.first_row,
        }
        resolved |= {"written_symbol": layout.symbol} if layout.symbol else {}
        return Preview(layout.names, layout.sample, layout.first_row, resolved, (data, layout))

    def load(self, member: Member, preview: Preview, roles: Mapping[int, str], dialect: Dialect) -> Sheet:
        data, layout = preview.payload
        nulls = dialect.null_values if dialect.null_values is not None else list(NULL_VALUES)
        types = {role: _arrow_type(role, i, layout, dialect) for i, role in roles.items()}
        plan = TextPlan(layout, types, {role: i for i, role in roles.items()}, nulls)
        pieces = _pieces(data, plan, member.origin)
        mistyped = _often_odd(pieces)
        if mistyped:
            plan = replace(plan, types={r: pa.string() if r in mistyped else t for r, t in types.items()})
            pieces = _pieces(data, plan, member.origin)
        return _sheet(data, pieces, plan)


def _arrow_type(role: str, position: int, layout: TextLayout, dialect: Dialect) -> Any:
    """Number, time where the sample is plain ISO, else text."""
    if role in NUMBER_ROLES:
        return pa.string() if dialect.decimal == "," or dialect.thousands else pa.float64()
    iso: Any = iso_type([row[position] for row in layout.sample]) if role in TIME_ROLES else None
    return iso or pa.string()


def _pieces(data: bytes, plan: TextPlan, origin: str) -> list[Piece]:
    """Every piece; refused rows are kept one by one with their texts, so there is a limit on them.

    Raises:
        RefusedInputError: so many lines cannot be split, and most of them, that this is no text of bars.
    """
    pieces: list[Piece] = []
    n_refused = n_lines = 0
    for piece in read_pieces(data, plan):
        pieces.append(piece)
        n_refused, n_lines = n_refused + len(piece.refused), n_lines + piece.n_lines
        if n_refused > _MANY_REFUSED and 2 * n_refused > n_lines:
            first = next(r for p in pieces for r in p.refused)
            raise RefusedInputError.at(
                origin,
                row=first.row,
                value=first.text,
                reason=f"{n_refused} of its first {n_lines} lines do not have the {plan.layout.width} fields of a row, "
                f"more than the limit of {_MANY_REFUSED} and more than half ({first.reason})",
                fix="declare separator, skip_lines or header, or deliver the file in parts",
            )
    return pieces


def _often_odd(pieces: Sequence[Piece]) -> set[str]:
    """Roles of which so many fields do not fit the column's type that the type is wrong; of all numbers together."""
    n_rows = sum(p.frame.height for p in pieces)
    n_odd: Counter[str] = Counter()
    for piece in pieces:
        n_odd.update({role: texts.count() for role, texts in piece.odd.items()})
    often = {role for role, n in n_odd.items() if n > _RARE * n_rows}
    is_numbers = bool(often & set(NUMBER_ROLES))
    return often | set(NUMBER_ROLES) if is_numbers else often  # one style for all: 1.234 beside 100,5 is a thousand


def _sheet(data: bytes, pieces: Sequence[Piece], plan: TextPlan) -> Sheet:
    """The pieces as one sheet."""
    if not pieces:
        empty = pl.DataFrame(schema=dict.fromkeys(plan.positions, pl.String))
        return Sheet(empty, pl.Series("origin_row", [], dtype=pl.Int64), lambda _: [])
    begins = np.cumsum([0, *(p.frame.height for p in pieces)])[:-1]
    rows = pl.concat([p.origin_row() for p in pieces], rechunk=True).alias("origin_row")
    return Sheet(
        frame=pl.concat([p.frame for p in pieces], rechunk=True),
        origin_row=rows,
        text_of=_text_by_line(data, [(p.start, p.end, p.first_row) for p in pieces], rows),
        refused=[r for p in pieces for r in p.refused],
        odd={role: _odd_fields(role, pieces, begins) for role in dict.fromkeys(r for p in pieces for r in p.odd)},
    )


def _odd_fields(role: str, pieces: Sequence[Piece], begins: Int64s) -> OddFields:
    """The odd texts of one column over all pieces, with their positions in the sheet."""
    at: list[Int64s] = []
    texts: list[pl.Series] = []
    for piece, begin in zip(pieces, begins, strict=True):
        if role in piece.odd:
            at.append(piece.odd[role].is_not_null().arg_true().to_numpy().astype(np.int64) + begin)
            texts.append(piece.odd[role].drop_nulls())
    return OddFields(np.concatenate(at), pl.concat(texts))


def _text_by_line(
    data: bytes, spans: list[tuple[int, int, int]], rows: pl.Series
) -> Callable[[Sequence[int]], list[str]]:
    """Original lines by frame position, cut from the bytes only when asked for, and only where they are."""
    firsts = np.array([first for _, _, first in spans])

    def text_of(positions: Sequence[int]) -> list[str]:
        wanted: Int64s = rows.gather(list(positions)).to_numpy()
        of: Int64s = np.searchsorted(firsts, wanted, side="right") - 1
        found = np.empty(len(wanted), dtype=object)
        for span, (start, end, first) in enumerate(spans):
            mine = of == span
            if mine.any():
                found[mine] = lines_of(data[start:end]).gather(wanted[mine] - first).to_list()
        return found.tolist()

    return text_of
