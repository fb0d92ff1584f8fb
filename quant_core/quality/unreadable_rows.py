"""Unreadable rows: what reading and storing refused or took note of, as lines beside what cleaning found.

Put here: the words for the reasons of reading, and their lines of the table ``quality``.
Keep out: refusing rows (quant_core/ingestion) and judging readable ones (checks/).
"""

from __future__ import annotations

import polars as pl

from quant_core.shown_text import shown

SEVERITY = "unreadable"
_GOES = " The row goes to quarantine."
_EXPLANATIONS = {
    "unparsable_ts": "The time could not be read.",
    "ragged_row": "The line has another number of fields than the others.",
    "unreadable_quotes": "The line's quotes do not close.",
    "unfinished_row": "The file says itself that the bar is not complete.",
    "nul_byte": "The line holds a zero byte.",
    "long_line": "The line is longer than 8 MiB, which no row of bars is; its begin is kept.",
    "bad_symbol": "The symbol cannot be a partition key; declare symbol_aliases.",
    "bad_timeframe": "The timeframe could not be read.",
    "nonexistent_local_time": "The local time is skipped by a clock change.",
    "ambiguous_local_time": "The local time occurs twice and the order of the rows does not tell which one it is.",
    "withdrawn": "A newer delivery leaves the bar out of the range it covers, and the source declares that as removal.",
    "never_completed": "The bar was fetched while it was running and was never delivered complete.",
}


def unreadable_lines(refused: pl.DataFrame, n_rows_in: int, n_examples: int) -> list[dict[str, object]]:
    """One line of the table ``quality`` per reason.

    Args:
        refused: table ``quarantine``: the rows that reading refused.
        n_rows_in: all rows that came in, readable or not.
        n_examples: how many of the first rows are shown.

    Missing: no line when nothing was refused.

    >>> from quant_core.tables import TABLES
    >>> bad = TABLES["quarantine"].empty().vstack(pl.DataFrame(
    ...     [("a.csv", 3, None, None, None, "ragged_row", "x;y")], schema=TABLES["quarantine"].schema, orient="row"))
    >>> [(line["check"], line["n_rows"], line["share"], line["example"]) for line in unreadable_lines(bad, 4, 5)]
    [('ragged_row', 1, 0.25, 'row 3 of a.csv: x;y')]
    """
    lines: list[dict[str, object]] = []
    for reason in refused["reason"].unique().sort():
        rows = refused.filter(pl.col("reason") == reason)
        examples = rows.head(n_examples).select("origin_row", "origin", "raw_text")
        lines.append(
            {
                "check": reason,
                "severity": SEVERITY,
                "n_rows": rows.height,
                "share": rows.height / n_rows_in,
                "first_ts": rows["ts"].min(),
                "last_ts": rows["ts"].max(),
                "example": "; ".join(
                    f"row {row} of {shown(origin)}: {shown(text)}" for row, origin, text in examples.iter_rows()
                ),
                "explanation": _explanation(reason) + _GOES,
            }
        )
    return lines


def withdrawn_line(n_rows: int, n_rows_in: int) -> dict[str, object]:
    """The line of the table ``quality`` for bars that were kept although a newer delivery leaves them out."""
    return {
        "check": "withdrawn",
        "severity": "flagged",
        "n_rows": n_rows,
        "share": min(n_rows / n_rows_in, 1.0),
        "first_ts": None,
        "last_ts": None,
        "example": "",
        "explanation": "A newer file leaves these bars out of the range it covers, or the table has them no more. "
        "They are kept; declare withdrawn_rows: remove where files are full snapshots and deletes are meant.",
    }


def _explanation(reason: str) -> str:
    if reason.startswith("unparsable_") and reason not in _EXPLANATIONS:
        return f"The {reason.removeprefix('unparsable_')} is no number."
    return _EXPLANATIONS.get(reason, "The source's row could not be read.")
