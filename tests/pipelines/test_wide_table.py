"""Tables of the terminal: a number is shown whole or on a line of its own, never cut or broken."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table

from quant_pipelines.cli._wide_table import wide_table

COLUMNS = ["partition", "event, condition → target", "n", "outcome [ci]", "net bp", "verdict"]
WHAT = "k_consecutive(window_bars=3,direction=up), calendar_bin(dimension=dow(zone=session)) = 4 → up_next_bar"
ROWS = [
    ["SP500 D1", WHAT, "1,241", "0.583 [0.556, 0.611]", "+4.1 with: no", "not_significant"],
    ["NASDAQ W1", "nr7, all → up_next_bar", "35", "0.4 [0.2, 0.6]", "–", "insufficient"],
]
LINES = [f"n {row[2]}  {row[3]}  net {row[4]}  {row[5]}" for row in ROWS]


def shown(width: int, rows: list[list[str]] = ROWS) -> tuple[bool, str]:
    """Whether it is a table, and its text."""
    view = wide_table(
        COLUMNS, rows, LINES[: len(rows)], title="findings", caption="n: bars", width=width, verdicts=[None] * len(rows)
    )
    console = Console(file=io.StringIO(), width=width)
    console.print(view)
    return isinstance(view, Table), console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("width", range(60, 220, 4))
def test_every_number_is_whole_at_any_width(width: int) -> None:
    _, text = shown(width)
    for row in ROWS:
        for number in row[2:]:
            assert number in " ".join(text.split())
    assert "…" not in text


def test_a_table_is_drawn_where_it_fits_and_its_lines_are_as_long_as_the_terminal_at_most() -> None:
    drawn = {width: shown(width) for width in range(60, 220, 4)}
    least = min(width for width, (is_table, _) in drawn.items() if is_table)
    assert all(is_table == (width >= least) for width, (is_table, _) in drawn.items())
    assert max(len(line.rstrip()) for _, text in drawn.values() for line in text.splitlines()) <= 220
    assert least <= 120


def test_no_row_is_a_title_with_headers() -> None:
    is_table, text = shown(120, [])
    assert is_table
    assert "findings" in text
    assert "verdict" in text
