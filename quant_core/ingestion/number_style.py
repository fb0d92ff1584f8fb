"""Number style: which mark of a file's numbers is the decimal one and which one groups thousands.

Put here: the evidence for the marks, over all number columns of a file at once, and the refusal when there is none.
Keep out: turning texts into numbers (numbers.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.dialect import Dialect

_GROUPED = {
    ",": r"^-?\d{1,3}(?:,\d{3})+(?:\.\d*)?$",
    ".": r"^-?\d{1,3}(?:\.\d{3})+(?:,\d*)?$",
    "'": r"^-?\d{1,3}(?:'\d{3})+(?:[.,]\d*)?$",
    " ": r"^-?\d{1,3}(?: \d{3})+(?:[.,]\d*)?$",
}
# A group of three digits behind a first group of one to three may be thousands or decimals; these cannot be thousands.
_DECIMAL_ONLY = {m: rf"^-?(?:\d*\{m}(?:\d{{1,2}}|\d{{4,}})?|0\{m}\d+|\d{{4,}}\{m}\d+)$" for m in ",."}
_THOUSANDS_ONLY = {",": r"^-?\d{1,3}(?:,\d{3})+(?:,\d{3}|\.\d*)$", ".": r"^-?\d{1,3}(?:\.\d{3})+(?:\.\d{3}|,\d*)$"}
_EITHER = r"^-?[1-9]\d{0,2},\d{3}$"
_FAR = 3.0  # a factor of about 20: one of the two readings is far from the other prices of its column
_CLEAR = 0.95


@dataclass(frozen=True)
class NumberStyle:
    """The marks of a file's numbers.

    Attributes:
        decimal: the decimal mark.
        thousands: the mark between groups of three digits, or None.
        declared: the marks are declared: they are removed wherever they stand.
    """

    decimal: str = "."
    thousands: str | None = None
    declared: bool = False

    @property
    def grouped(self) -> str:
        """The pattern of a number with groups of thousands."""
        return _GROUPED.get(self.thousands or "", "^$")


def bare(texts: pl.Series) -> pl.Series:
    """Texts without the marks that say nothing about a number's size: blanks around, currency and percent signs.

    >>> bare(pl.Series(["$1,234.50", "4.1%", "1 234 EUR", "-£2", "HK$3"])).to_list()
    ['1,234.50', '4.1', '1 234', '-2', '3']
    """
    out = texts.str.strip_chars().str.replace_all("[\u00a0\u202f\u2009]", " ").str.replace_all("[\u2019\u00b4`]", "'")
    out = out.str.replace("^[-\u2212]", "-")
    out = out.str.replace(r"^(-?)\s*(?:[A-Z]{0,3}[$€£¥₹₽₩]|[A-Z]{3} |Rs\.? ?)\s*(-?\d)", "$1$2")
    return out.str.replace(r"(\d[.,]?)\s*(?:%|[$€£¥₹₽₩]| [A-Z]{3})$", "$1")


def number_style(columns: Sequence[pl.Series], dialect: Dialect, origin: str) -> NumberStyle:
    """The declared marks, else those that the fields of all number columns agree on.

    A file in which every field is a plain number is not searched. ``1,5`` and ``1.234,5`` make the comma decimal,
    ``1.5`` and ``1,234.5`` the point; ``1,234`` alone fits both and is decided by the plain numbers of its column
    (999 before 1,002), else refused.

    Raises:
        RefusedInputError: nothing tells the two readings apart, or both kinds of decimals are mixed.

    >>> number_style([pl.Series(["990.00", "1,005.00"])], Dialect(), "a.csv").thousands
    ','
    >>> number_style([pl.Series(["100", "100,5"]), pl.Series(["1.234"])], Dialect(), "a.csv").decimal
    ','
    """
    if dialect.decimal is not None or dialect.thousands is not None:
        return NumberStyle(dialect.decimal or ".", dialect.thousands, declared=True)
    texts = [c for c in columns if c.dtype == pl.String]
    if all(_is_plain(c) for c in texts):
        return NumberStyle()
    marked = [bare(c.drop_nulls().str.replace(r"\s*[kKmMbB]$", "")).alias(c.name) for c in texts]
    other = next((mark for mark in ("'", " ") if _count(marked, _GROUPED[mark])), None)
    if other is not None:
        _refuse_32nds(marked, origin)
        marked = [c.str.replace_all(other, "", literal=True) for c in marked]
    n_point = _count(marked, _DECIMAL_ONLY["."]) + _count(marked, _THOUSANDS_ONLY[","])
    n_point += sum(_n_fractions(c) for c in columns if c.dtype.is_float())
    n_comma = _count(marked, _DECIMAL_ONLY[","]) + _count(marked, _THOUSANDS_ONLY["."])
    if n_point and n_comma and max(n_point, n_comma) < _CLEAR * (n_point + n_comma):
        raise RefusedInputError.at(
            origin,
            reason=f"decimal points ({n_point} fields) and decimal commas ({n_comma} fields) are mixed",
            fix="decimal: ',' | decimal: '.'",
        )
    if n_point == n_comma == 0 and _count(marked, _EITHER) and other is None:
        n_point, n_comma = _by_neighbors(marked, origin)
    if n_comma > n_point:
        return NumberStyle(",", other or ".")
    return NumberStyle(".", other or ("," if _count(marked, _GROUPED[","]) else None))


def _refuse_32nds(columns: Sequence[pl.Series], origin: str) -> None:
    """Refuse prices such as 118'165, which are bond prices in 32nds as well as thousands."""
    for column in (c for c in columns if c.name not in ("volume", "adj_volume")):
        marked = column.filter(column.str.contains("'", literal=True))
        if len(marked) and marked.str.contains(r"^\d{2,3}'(?:[0-2]\d|3[01])[0257]$").all():
            reason = "the apostrophe may group thousands or mark the 32nds of a bond price"
            raise RefusedInputError.at(
                origin, column=column.name, value=marked[0], reason=reason, fix='thousands: "\'"'
            )


def _is_plain(column: pl.Series) -> bool:
    """True when every field is a number as it stands."""
    return column.str.strip_chars().cast(pl.Float64, strict=False).null_count() == column.null_count()


def _n_fractions(column: pl.Series) -> int:
    return int((column.drop_nulls().drop_nans() % 1 != 0).sum())


def _count(columns: Sequence[pl.Series], pattern: str) -> int:
    return sum(int(c.str.contains(pattern).sum()) for c in columns)


def _by_neighbors(columns: Sequence[pl.Series], origin: str) -> tuple[int, int]:
    """(1, 0) when fields such as 1,002 are thousands, (0, 1) when they are decimals, by the column's plain numbers."""
    first = ""
    for column in columns:
        either = column.filter(column.str.contains(_EITHER))
        first = first or (either[0] if len(either) else "")
        plain = column.filter(~column.str.contains(",", literal=True)).cast(pl.Float64, strict=False).drop_nulls()
        usual, marked = plain.abs().median(), either.str.replace(",", ".").cast(pl.Float64).abs().median()
        if not isinstance(usual, float) or not isinstance(marked, float) or usual <= 0 or column.name == "volume":
            continue
        as_decimal, as_thousands = abs(math.log(marked / usual)), abs(math.log(1000 * marked / usual))
        if abs(as_decimal - as_thousands) > _FAR:
            return (1, 0) if as_thousands < as_decimal else (0, 1)
    raise RefusedInputError.at(
        origin,
        value=first,
        reason="the comma may group thousands or mark decimals, and no field of the file tells which",
        fix="thousands: ',' | decimal: ','",
    )
