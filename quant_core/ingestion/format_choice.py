"""Format choice: which strptime format a column of written times uses.

Put here: probing, scoring, and the refusal of days and months that cannot be told apart.
Keep out: parsing with one format (time_formats.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.time_formats import (
    SHORT_DATES,
    Int64s,
    ParsedTimes,
    moment_formats,
    parse_times,
    swapped,
)

_PROBES = 200
_NEARLY_ALL = 0.9  # of the rows that the first format leaves


@dataclass(frozen=True)
class TimeColumn:
    """A time column with the row numbers and the file that messages name."""

    values: pl.Series
    rows: pl.Series
    origin: str

    @property
    def name(self) -> str:
        """The column's role."""
        return self.values.name


def few(probes: Sequence[str]) -> list[str]:
    """Some probes from both ends, enough to drop hopeless formats.

    >>> len(few([str(i) for i in range(100)])), few(["a"])
    (20, ['a'])
    """
    return [*probes[:10], *probes[max(10, len(probes) - 10) :]]


def probes_of(texts: pl.Series) -> list[str]:
    """Up to 200 distinct non-empty values spread over the column.

    >>> probes_of(pl.Series(["a", None, " ", "b", "a"]))
    ['a', 'b']
    """
    filled = texts.drop_nulls().str.strip_chars()
    filled = filled.filter(filled != "").unique(maintain_order=True)
    return filled.gather_every(max(1, len(filled) // _PROBES)).head(_PROBES).to_list()


def best_format(column: TimeColumn, probes: list[str], formats: Sequence[str], key: str) -> tuple[str, ParsedTimes]:
    """The format that reads the most probes, and the column read with it; ties go to the more usual format.

    Raises:
        RefusedInputError: no format reads any probe, or day and month cannot be told apart in the whole column.
    """
    sample = pl.Series(probes, dtype=pl.String)
    scores = {f: int(parse_times(sample, f).valid.sum()) for f in formats}
    best = max(scores.values(), default=0)
    if best == 0:
        bad = probes[0] if probes else None
        raise RefusedInputError.at(
            column.origin,
            column=column.name,
            value=bad,
            reason="no known format reads the time",
            fix=f"{key}: '<strptime format>'",
        )
    tied = [f for f in formats if scores[f] == best]
    chosen = _shortest_span(tied, sample) if tied[0].startswith(SHORT_DATES) else tied[0]
    parsed = parse_times(column.values, chosen)
    other = swapped(chosen)
    if other is not None:
        rival = parse_times(column.values, other)
        if rival.valid.sum() > parsed.valid.sum():
            chosen, other, parsed, rival = other, chosen, rival, parsed
        _refuse_unclear_order(column, parsed, rival, (chosen, other))
    return chosen, parsed


def with_second_format(column: TimeColumn, chosen: str, parsed: ParsedTimes) -> tuple[str, ParsedTimes]:
    """Read the rows that the chosen format leaves in one further format, where it reads nearly all and no other could.

    Two programs may have written one file, and some leave the time of day out at midnight. A format whose day and month
    could change places is not taken.

    >>> texts = pl.Series("ts", ["2024-01-02 23:00", "2024-01-03", "2024-01-03 01:00"])
    >>> column = TimeColumn(texts, pl.Series([2, 3, 4]), "a.csv")
    >>> with_second_format(column, "%Y-%m-%d %H:%M", parse_times(texts, "%Y-%m-%d %H:%M"))[0]
    '%Y-%m-%d %H:%M, %Y-%m-%d'
    """
    filled = column.values.str.strip_chars().fill_null("") != ""
    left = np.flatnonzero(filled.to_numpy() & ~parsed.valid)
    probes = probes_of(column.values.gather(left.tolist())) if len(left) else []
    has_offset = parsed.offset_us is not None
    formats = [f for f in moment_formats(few(probes)) if ("%z" in f) == has_offset and not f.startswith(SHORT_DATES)]
    if not formats:
        return chosen, parsed
    texts = column.values.gather(left.tolist())
    read = {f: parse_times(texts, f) for f in formats}
    best = max(formats, key=lambda f: int(read[f].valid.sum()))
    other = swapped(best)
    is_clear = other is None or best.startswith("%d.%m.") or not _is_all(read[best], parse_times(texts, other))
    if read[best].valid.sum() < _NEARLY_ALL * len(left) or not is_clear:
        return chosen, parsed
    return f"{chosen}, {best}", _joined(parsed, read[best], left)


def _is_all(one: ParsedTimes, other: ParsedTimes) -> bool:
    """True where the other format reads every row that the one does."""
    return bool(other.valid[one.valid].all())


def _joined(parsed: ParsedTimes, second: ParsedTimes, at: Int64s) -> ParsedTimes:
    """Times of which some rows are read in another format."""
    label, valid = parsed.label_us.copy(), parsed.valid.copy()
    label[at], valid[at] = second.label_us, second.valid
    offset = parsed.offset_us
    if offset is not None and second.offset_us is not None:
        offset = offset.copy()
        offset[at] = second.offset_us
    return ParsedTimes(label, offset, valid, parsed.ends_day and second.ends_day)


def _shortest_span(formats: Sequence[str], sample: pl.Series) -> str:
    """Of formats of six-digit dates the one whose dates lie closest together; ties go to the more usual one."""
    return min((f for f in formats if f.startswith(SHORT_DATES)), key=lambda f: _span_us(parse_times(sample, f)))


def _span_us(parsed: ParsedTimes) -> int:
    """From the first to the last readable time."""
    label = parsed.label_us[parsed.valid]
    return int(label.max() - label.min()) if len(label) else 0


def _refuse_unclear_order(
    column: TimeColumn, parsed: ParsedTimes, rival: ParsedTimes, formats: tuple[str, str]
) -> None:
    """Refuse when both orders of day and month read every row, or each reads rows that the other cannot.

    Between dots the day comes first: no country writes 12.31.2024.
    """
    only_parsed, only_rival = parsed.valid & ~rival.valid, rival.valid & ~parsed.valid
    if not only_rival.any() and (only_parsed.any() or formats[0].startswith("%d.%m.")):
        return
    differs = parsed.valid & rival.valid & (parsed.label_us != rival.label_us)
    at = int(np.flatnonzero(only_rival if only_rival.any() else differs if differs.any() else parsed.valid)[0])
    reason = "day-first and month-first dates are mixed" if only_rival.any() else "day and month cannot be told apart"
    if _span_us(rival) < _span_us(parsed):
        formats = (formats[1], formats[0])  # the more probable one is proposed first
    raise RefusedInputError.at(
        column.origin,
        row=int(column.rows[at]),
        column=column.name,
        value=column.values[at],
        reason=reason,
        fix=f"date_format: '{formats[0]}' | date_format: '{formats[1]}'",
    )
