"""The document: what a report is made of before it becomes HTML.

Put here: blocks of a page, without any markup: every text is plain and is escaped by the template.
Keep out: what a report says (the section files) and how it looks (page.html, page.css).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

Form: TypeAlias = Literal["text", "short", "id", "lines", "raw", "number"]


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Attributes:
        tone: plain, verdict (what the reader should remember) or missing (what to run first).
        command: a command line shown after the text.
    """

    kind: ClassVar[str] = "text"
    text: str
    tone: Literal["plain", "verdict", "missing"] = "plain"
    command: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: heading.
        meaning: shown when the pointer rests on the heading.
        form: text, short (one line), id (wraps after brackets and commas), lines (ids, one per line), raw (wraps
            anywhere), number (at the right).
    """

    name: str
    meaning: str = ""
    form: Form = "text"


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes:
        rows: one text per column.
        tones: one verdict per row, which colors it; empty: none.
    """

    kind: ClassVar[str] = "table"
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    tones: Sequence[str] = ()


@dataclass(frozen=True)
class Picture:
    """An SVG figure."""

    kind: ClassVar[str] = "picture"
    svg: bytes
    alternative: str

    @property
    def address(self) -> str:
        """The picture as a data address: an image runs no script and loads nothing.

        >>> Picture(b"<svg/>", "nothing").address
        'data:image/svg+xml;base64,PHN2Zy8+'
        """
        return f"data:image/svg+xml;base64,{base64.b64encode(self.svg).decode('ascii')}"


@dataclass(frozen=True)
class Fold:
    """Blocks that are closed until the reader opens them; open on paper."""

    kind: ClassVar[str] = "fold"
    summary: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """Blocks that begin a new page on paper, under a heading with an anchor.

    Attributes:
        anchor: of the page, unique in the report.
        tone: a verdict, which colors the heading; empty: none.
    """

    kind: ClassVar[str] = "page"
    anchor: str
    title: str
    blocks: Sequence[Block]
    tone: str = ""


@dataclass(frozen=True)
class Contents:
    """A numbered list of texts, each a link to an anchor of the report."""

    kind: ClassVar[str] = "contents"
    items: Sequence[tuple[str, str]]


Block: TypeAlias = Heading | Text | Table | Picture | Fold | Page | Contents


@dataclass(frozen=True)
class Section:
    """A numbered part of the report with its anchor."""

    anchor: str
    title: str
    blocks: Sequence[Block]


def missing(what: str, command: str) -> Text:
    """A paragraph in place of data that are not in the lake.

    >>> missing("No statistics yet.", "qe launch research 'A|D1'").tone
    'missing'
    """
    return Text(what, "missing", command)
