"""Field kinds: what a piece of text looks like, before its column has a meaning.

Put here: the patterns that tell a number, a time of day and a date from other text.
Keep out: parsing values (numbers.py, time_formats.py) and what a column means (columns.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Literal

Kind = Literal["empty", "number", "time_of_day", "moment", "text"]

NULL_VALUES = ("", "NA", "N/A", "n/a", "#N/A", "null", "NULL", "None", "\\N", "-", "--", "---")
"""Texts that mean "missing" unless the dialect declares others; ``nan`` is a number that is not finite."""

_NUMBER = re.compile(
    r"[+-]?[$€£¥]?(?:\d+(?:[.,]\d*)?|[.,]\d+|\d{1,3}(?:[.,'\u2019\u00a0 ]\d{3})+(?:[.,]\d+)?)(?:[eE][+-]?\d+)?"
    r"\s?(?:[kmb%€£¥]|usd|eur|gbp)?|[+-]?(?:nan|inf|infinity)",
    re.IGNORECASE,
)
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?[AaPp][Mm])?")
_MOMENT = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})|\d{8}(?=[ T]\d)"
    r"|\d{1,2}[- ]?[A-Za-z]{3,9}[- ,]*\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4})(?:[ T_,-].*)?"
)


def kind_of(text: str) -> Kind:
    """Classify one field by its looks; surrounding blanks do not count.

    >>> [kind_of(t) for t in ("", "1.5e3", "09:16", "2019-10-17 09-AM", "20190101 170600", "-(2018-10-12 12:00")]
    ['empty', 'number', 'time_of_day', 'moment', 'moment', 'text']
    """
    stripped = text.strip()
    if stripped in NULL_VALUES:
        return "empty"
    if _NUMBER.fullmatch(stripped):
        return "number"
    if _TIME_OF_DAY.fullmatch(stripped):
        return "time_of_day"
    return "moment" if _MOMENT.fullmatch(stripped) else "text"


def main_kind(texts: Iterable[str]) -> Kind:
    """The most frequent kind of the non-empty fields of a column; ``empty`` when there are none.

    >>> main_kind(["1", "", "2", "x"])
    'number'
    """
    counts: Counter[Kind] = Counter(kind for kind in map(kind_of, texts) if kind != "empty")
    return counts.most_common(1)[0][0] if counts else "empty"


def is_date8(texts: Iterable[str]) -> bool:
    """True when every non-empty field is a calendar day written YYYYMMDD.

    >>> is_date8(["20130101", "20131231"]), is_date8(["20131301"])
    (True, False)
    """
    filled = [t.strip() for t in texts if t.strip()]
    pattern = re.compile(r"(?:1[89]|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
    return bool(filled) and all(pattern.fullmatch(t) for t in filled)


def is_date6(texts: Iterable[str]) -> bool:
    """True when every non-empty field is a calendar day written YYMMDD.

    >>> is_date6(["240102", "231231"]), is_date6(["241301", "240102"])
    (True, False)
    """
    filled = [t.strip() for t in texts if t.strip()]
    pattern = re.compile(r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
    return bool(filled) and all(pattern.fullmatch(t) for t in filled)
