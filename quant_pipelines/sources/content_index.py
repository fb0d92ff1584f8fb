"""The content index: what the files of a source hold, so that an unchanged file is not read again.

Put here: looking into a file once, why it is refused as a whole, and what of it is remembered.
Keep out: its text between processes (saved_index.py), where that lies (opening.py), and deliveries (files.py).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from quant_core.errors import IngestionError, RefusedInputError
from quant_core.ingestion import ParsedFile
from quant_core.ingestion.price_sets import is_usable
from quant_pipelines.sources.feed_file import FeedFile, UnreadableFileError
from quant_pipelines.sources.parsed_file import parsed_file
from quant_pipelines.sources.rival_files import Sketch, rivals, sketch_of

_SAVED_EVERY_S = 10.0
"""Seconds of reading after which what was learned is saved: a process that is stopped has not read in vain."""


@dataclass(frozen=True)
class FileContent:
    """What a file holds: small enough to remember for every file.

    Attributes:
        content_hash: SHA-256 of the bytes (of both files, where two make one); "" where they may not be read.
        holds: ``SYMBOL|TF`` → vendor symbol, in order of appearance.
        refused: why the file was refused as a whole, or "".
        sketches: ``SYMBOL|TF`` → a few of its bars, where the file's name alone says the symbol.
    """

    content_hash: str
    holds: dict[str, str]
    refused: str = ""
    sketches: dict[str, Sketch] = field(default_factory=dict[str, Sketch])


class ContentIndex:
    """Remembers what files hold, so that an unchanged file is not read again; losing it costs time only.

    Args:
        load: returns what an earlier process saved, by identity.
        save: keeps it for the next process.
        budget_s: seconds for looking into files not seen before; those that there is no time for wait for the next
            object. By default there is time for all.
    """

    def __init__(
        self,
        load: Callable[[], dict[str, dict[str, Any]]] = dict,
        save: Callable[[dict[str, dict[str, Any]]], None] = lambda _: None,
        budget_s: float = math.inf,
    ) -> None:
        self._save, self._budget_s = save, budget_s
        self._known = {identity: FileContent(**entry) for identity, entry in load().items()}

    def contents(self, files: list[FeedFile]) -> dict[str, FileContent]:
        """What each file holds, by origin; reads only files not seen before and forgets files that are gone.

        A file whose bytes cannot be had is refused, and not remembered: it is tried again the next time. One that
        there was no time for is left out.
        """
        now = {f.identity: self._known[f.identity] for f in files if f.identity in self._known}
        refused = {f.origin: f.refused for f in files if f.refused}
        started = saved = time.monotonic()
        for file in (f for f in files if not f.refused and f.identity not in now):
            if time.monotonic() - started > self._budget_s:
                break
            try:
                now[file.identity] = _content_of(file)
            except UnreadableFileError as error:
                refused[file.origin] = str(error)
            if time.monotonic() - saved > _SAVED_EVERY_S:
                self._keep(self._known | now)
                saved = time.monotonic()
        self._keep(now)
        found = {f.origin: now[f.identity] for f in files if f.origin not in refused and f.identity in now}
        refused |= rivals({o: c.sketches for o, c in found.items()}, {f.origin: f.where for f in files})
        return found | {o: FileContent(found[o].content_hash if o in found else "", {}, r) for o, r in refused.items()}

    def _keep(self, contents: dict[str, FileContent]) -> None:
        """Save what is known, where it is something else than before."""
        if contents.keys() != self._known.keys():
            self._known = contents
            self._save({identity: vars(content) for identity, content in contents.items()})


def _content_of(file: FeedFile) -> FileContent:
    """Read a file once to learn what it holds."""
    # Not even hashed: a hash of a short secret is soon guessed.
    if refused := file.refused or (file.ask.refused if file.ask else ""):
        return FileContent("", {}, refused)
    content_hash = ""  # of a file that is too large, too
    try:
        contents = file.contents()
        content_hash = contents.content_hash
        parsed = parsed_file(file, contents).parsed
        if parsed.n_rows_in == 0:
            raise RefusedInputError.at(
                file.origin, reason="the file is empty: a header and no row", fix="remove it or deliver it again"
            )
        if parsed.rows.is_empty():
            raise _nothing_read(parsed, file)
        if parsed.rows.select(is_usable(allow_non_positive=file.rules.allow_non_positive_prices).any()).item() is False:
            raise RefusedInputError.at(
                file.origin,
                row=parsed.rows["origin_row"][0],
                value=parsed.rows["raw_text"][0],
                reason=f"none of its {parsed.rows.height} rows is a bar: a price is missing or not positive, or high "
                "and low are not the highest and the lowest",
                fix=f"declare columns, or allow_non_positive_prices: true, in {file.where or 'sources.yaml'}",
            )
    except UnreadableFileError:
        raise
    except IngestionError as error:
        return FileContent(content_hash, {}, str(error))
    held = parsed.rows.group_by("symbol", "timeframe", maintain_order=True).agg(pl.col("vendor_symbol").first())
    holds = {f"{s}|{t}": vendor for s, t, vendor in held.iter_rows()}
    sketches = {}
    if parsed.resolved.get("symbol") == "file name":
        sketches = {f"{s}|{t}": sketch_of(rows) for (s, t), rows in parsed.rows.group_by("symbol", "timeframe")}
    return FileContent(content_hash, holds, sketches=sketches)


def _nothing_read(parsed: ParsedFile, file: FeedFile) -> RefusedInputError:
    """The refusal of a file all rows of which were refused one by one."""
    where = file.where or "sources.yaml"
    nothing: dict[str, Any] = {}
    first = next(parsed.quarantine.iter_rows(named=True), nothing)
    is_ragged = first.get("reason") == "ragged_row"
    return RefusedInputError.at(
        file.origin,
        row=first.get("origin_row"),
        value=str(first["raw_text"]) if first else None,
        reason=f"none of its {parsed.n_rows_in} rows could be read: first reason "
        f"{first.get('reason', 'rows of bid and ask share no time')!r}"
        + (", a number of fields that the header or the other rows do not have" if is_ragged else ""),
        fix=f"{'separator: another one | header: one name per field' if is_ragged else 'the dialect'}, in {where}",
    )
