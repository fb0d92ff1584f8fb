"""The reference page of the marts: what a row is, its key and its columns, from the headers of the SQL files.

Put here: turning headers into markdown; ``python -m quant_pipelines.marts.reference`` prints the page.
Keep out: the pages of blocks and tables (quant_core/reference.py).
"""

from __future__ import annotations

import sys

from quant_pipelines.marts.marts import mart_files


def marts_page() -> str:
    """The page of all marts."""
    lines = [
        "# Marts",
        "",
        "Small tables over all partitions, one SQL file each in `sql/marts`; the job `marts` refreshes them.",
        "This page is printed by `python -m quant_pipelines.marts.reference`; `make reference` remakes all such pages.",
    ]
    for file in mart_files():
        lines += ["", f"## {file.name}", "", f"{file.meaning} Key: {', '.join(file.key)}."]
        lines += ["", "| column | unit | meaning |", "|---|---|---|"]
        for column in file.columns:
            meaning = column.meaning.replace("|", "\\|")
            lines.append(f"| `{column.name}` | {column.unit} | {meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(marts_page())
