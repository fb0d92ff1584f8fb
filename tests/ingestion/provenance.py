"""The table of PROVENANCE.md as an oracle: rows, span and defects of every shared file, counted by other code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_NAMES = {
    "dup_ts": "dup_ts",
    "H<L": "high_below_low",
    "H<max(O,C)": "high_below_open_or_close",
    "L>min(O,C)": "low_above_open_or_close",
    "flat": "flat_bar",
    "nonpos": "non_positive_price",
    "zero-vol": "zero_volume",
    "unparsable ts": "unparsable_ts",
}


@dataclass(frozen=True)
class Record:
    """What PROVENANCE.md says about one file; labels are the file's own clock."""

    rows: int
    first: datetime
    last: datetime
    defects: dict[str, int]


def read_provenance(path: Path) -> dict[str, Record]:
    """File → record."""
    records: dict[str, Record] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.match(r"\| `([^`]+)` \([^)]*\) \| [^|]+ \| ([\d,]+) \| (\S+ \S+) \.\. (\S+ \S+) \|", line)
        if match is None:
            continue
        bracket = line[line.rindex("[") + 1 : line.rindex("]")]
        defects: dict[str, int] = {}
        for part in bracket.split(", "):
            name, _, count = part.rpartition(" ")
            if name in _NAMES:
                defects[_NAMES[name]] = int(count)
        first, last = (datetime.strptime(match.group(i), "%Y-%m-%d %H:%M") for i in (3, 4))  # noqa: DTZ007
        records[match.group(1)] = Record(int(match.group(2).replace(",", "")), first, last, defects)
    return records
