"""Archive members: several files in one archive → one parsed file, without the reports that lie beside the data.

Put here: which members are data, and what several of them must not share.
Keep out: unpacking (archives.py) and reading one member (reading.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.archives import Member
from quant_core.ingestion.foreign_formats import is_picture_or_page
from quant_core.ingestion.parsed_file import ParsedFile

_NUMBERS_OF_BARS = 4
_PEEK_BYTES, _PEEK_LINES = 65_536, 200


def read_members(members: Sequence[Member], read: Callable[[Member], ParsedFile]) -> ParsedFile:
    """Read every member; of several, those without a single line of numbers are reports and are named, not read.

    Raises:
        RefusedInputError: a member cannot be understood, or two folders hold other prices of one symbol.
    """
    if len(members) == 1:
        return read(members[0])
    data = [m for m in members if not _is_report(m)] or list(members)
    many = len(data) > 1
    parts: list[ParsedFile] = []
    for member in data:
        try:
            parts.append(read(replace(member, is_one_of_many=many)))
        except RefusedInputError as error:
            others = [m.name for m in data if m is not member]
            raise RefusedInputError(f"{error} | members: {_pattern_of(others)!r}") from error
    _refuse_two_folders(data, parts)
    reports = [{"origin": m.origin, "not_read": "a report: no line holds the numbers of a bar"} for m in members]
    reports = [r for m, r in zip(members, reports, strict=True) if m not in data]
    resolved: dict[str, Any] = {"members": [p.resolved for p in parts]}
    if reports:
        resolved["reports"] = reports
    if len(parts) == 1:
        return replace(parts[0], resolved={**parts[0].resolved, **({"reports": reports} if reports else {})})
    return ParsedFile(
        rows=pl.concat([p.rows for p in parts]),
        quarantine=pl.concat([p.quarantine for p in parts]),
        n_rows_in=sum(p.n_rows_in for p in parts),
        resolved=resolved,
    )


def _is_report(member: Member) -> bool:
    """True for a page, a picture, or a text none of whose lines holds the numbers of a bar."""
    head = member.data[:_PEEK_BYTES]
    if is_picture_or_page(head):
        return True
    if b"\0" in head or head.lstrip()[:1] in (b"{", b"["):
        return False
    lines = head.decode("utf-8", errors="replace").splitlines()[:_PEEK_LINES]
    return not any(_n_numbers(line) >= _NUMBERS_OF_BARS for line in lines)


def _n_numbers(line: str) -> int:
    """How many of a line's parts begin with a digit and hold digits and marks only."""
    parts = line.replace(";", ",").replace("\t", ",").replace("|", ",").replace('"', "").replace(" ", ",").split(",")
    return sum(bool(p) and p.lstrip("+-.")[:1].isdigit() and not any(c.isalpha() for c in p) for p in parts)


def _pattern_of(names: Sequence[str]) -> str:
    """A glob of the other members: their common ending, or the first one's name."""
    endings = {name.rsplit(".", 1)[-1] for name in names}
    return f"*.{endings.pop()}" if len(endings) == 1 else names[0]


def _refuse_two_folders(members: Sequence[Member], parts: Sequence[ParsedFile]) -> None:
    """Refuse members of one name in two folders that hold other prices of the same times: two venues, no history."""
    seen: dict[str, tuple[Member, ParsedFile]] = {}
    for member, part in zip(members, parts, strict=True):
        first, other = seen.setdefault(member.name, (member, part))
        if first is member:
            continue
        both = part.rows.join(other.rows, on=["symbol", "timeframe", "ts"], suffix="_other")
        if both.filter(pl.col("close") != pl.col("close_other")).height > both.height / 2:
            raise RefusedInputError.at(
                member.origin,
                reason=f"it holds other prices of the symbol {part.rows['symbol'][0]!r} than {first.origin}",
                fix="deliver each folder as an archive of its own, and declare symbol for each",
            )
