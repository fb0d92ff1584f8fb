"""A table whose columns are shown whole, or two lines for each row where the terminal is too narrow for it.

Put here: how rows with one long name and many numbers are laid out in a terminal.
Keep out: what the rows say (the commands).
"""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

VERDICT_STYLE = {
    "significant": "bold green",
    "not_significant": "dim",
    "underpowered": "magenta",
    "insufficient": "yellow",
}
_ANY_WIDTH = 1000


def wide_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    lines: Sequence[str],
    *,
    title: str,
    caption: str,
    width: int,
    verdicts: Sequence[str | None],
    left: Sequence[str] = (),
) -> RenderableType:
    """A table of rows, whose second column may wrap; below its least width two lines a row.

    Rich cuts or breaks columns that do not fit, and half a number is a wrong one.

    Args:
        columns: headers; the first is the place, the second what it is about, which may wrap.
        rows: texts, one per column.
        lines: per row, its numbers as one line for a narrow terminal.
        title: above the rows.
        caption: below them: what the columns mean.
        width: of the terminal, in characters.
        verdicts: one per row, which decide its style.
        left: columns aligned to the left beside the first two.

    >>> from rich.console import Console
    >>> names, row, line = ["place", "what", "n"], ["SP500 D1", "nr7, all → up", "1,200"], "n 1,200"
    >>> for width in (80, 20):
    ...     view = wide_table(names, [row], [line], title="t", caption="c", width=width, verdicts=[None])
    ...     print(type(view).__name__)
    Table
    Group
    """
    styles = [VERDICT_STYLE.get(verdict or "", "") for verdict in verdicts]
    table = Table(
        title=escape(title),
        caption=escape(caption),
        title_justify="left",
        caption_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for i, name in enumerate(columns):
        # Rich takes the longest word for the least width, also of a column that may not wrap.
        whole = max(len(name), *(len(row[i]) for row in rows)) if rows else len(name)
        if i == 1:
            table.add_column(escape(name), overflow="fold", min_width=min(whole, 40))
        else:
            justify = "left" if i == 0 or name in left else "right"
            table.add_column(escape(name), justify=justify, no_wrap=True, min_width=whole)
    for row, style in zip(rows, styles, strict=True):
        table.add_row(*map(escape, row), style=style)
    if Console(width=_ANY_WIDTH).measure(table).minimum <= width:
        return table
    texts = [Text(title, style="italic")]
    for row, line, style in zip(rows, lines, styles, strict=True):
        texts += [Text(f"{row[0]}  {row[1]}", style="bold"), Text(f"    {line}", style=style)]
    return Group(*texts, Text(caption, style="dim italic"))
