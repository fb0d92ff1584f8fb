"""The family contract of readers: bytes of one format → columns.

Put here: Reader and the values it exchanges with the rest of ingestion.
Keep out: any particular format, and what the columns mean (roles, clocks, prices).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from quant_core.block import Block
from quant_core.ingestion.archives import Member
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.time_formats import Int64s

SAMPLE_ROWS = 1000


@dataclass(frozen=True)
class RefusedRow:
    """A row that could not be read: its number, why, and its text."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True)
class Preview:
    """What a reader sees before the bulk is read.

    Attributes:
        names: column names as written, or None for a file without header.
        sample: the first rows as text fields; empty text = missing.
        first_row: origin row number of the first data row.
        resolved: what the reader chose (separator, encoding, …), for people to see.
        payload: private to the reader that made it.
    """

    names: tuple[str, ...] | None
    sample: list[list[str]]
    first_row: int
    resolved: dict[str, Any]
    payload: Any

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.names) if self.names is not None else max((len(r) for r in self.sample), default=0)


@dataclass(frozen=True)
class OddFields:
    """The few fields of a typed column that do not fit its type; they are null in the column.

    Attributes:
        at: positions in the frame.
        texts: what is written there.
    """

    at: Int64s
    texts: pl.Series


@dataclass(frozen=True)
class Sheet:
    """Columns of a file by role, still as written.

    Attributes:
        frame: one column per role; text, or typed where the format or the fast parser gives types.
        origin_row: Int64, the source row number of every frame row.
        text_of: positions in the frame → the rows' original text.
        refused: rows that are in no column because they could not be split.
        odd: role → fields of a typed column that do not fit its type.
        n_rows_in: frame.height + len(refused).
    """

    frame: pl.DataFrame
    origin_row: pl.Series
    text_of: Callable[[Sequence[int]], list[str]]
    refused: list[RefusedRow] = field(default_factory=list[RefusedRow])
    odd: Mapping[str, OddFields] = field(default_factory=dict[str, OddFields])

    @property
    def n_rows_in(self) -> int:
        """Rows the file has, readable or not."""
        return self.frame.height + len(self.refused)


@dataclass(frozen=True)
class Reader(Block):
    """Bytes of one format → columns.

    Contract, proved for every block: rows in = rows of the frame + refused rows; malformed bytes raise a
    RefusedInputError or refuse single rows, and never anything else.
    """

    @property
    @abstractmethod
    def suffixes(self) -> tuple[str, ...]:
        """Lower-case file endings of the format."""

    @abstractmethod
    def recognizes(self, head: bytes) -> bool:
        """True when the first bytes can only be this format."""

    @property
    def is_text(self) -> bool:
        """True for a format of text: a file with its ending is read by it, whatever the first bytes are."""
        return False

    @abstractmethod
    def preview(self, member: Member, dialect: Dialect) -> Preview:
        """Names, a sample and the layout."""

    @abstractmethod
    def load(self, member: Member, preview: Preview, roles: Mapping[int, str], dialect: Dialect) -> Sheet:
        """The columns at the given positions, named by their roles."""


def rows_as_text(frame: pl.DataFrame) -> Callable[[Sequence[int]], list[str]]:
    """A ``text_of`` for sources without text: the typed values as a mapping.

    >>> rows_as_text(pl.DataFrame({"a": [1, 2], "b": ["x", None]}))([1])
    ["{'a': 2, 'b': None}"]
    """

    def text_of(positions: Sequence[int]) -> list[str]:
        return [str(row) for row in frame[list(positions)].to_dicts()]

    return text_of
