"""File sources: deliver the instruments found in a list of files, one delivery per file and instrument.

Put here: what the sample and the inbox share: hashing, parsing once, the index of contents, watermarks.
Keep out: which files there are (sample.py, inbox.py) and how bytes become rows (quant_core.ingestion).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import polars as pl

from quant_core.errors import IngestionError, RefusedInputError
from quant_core.ingestion import ParsedFile, merge_bid_ask, read_file
from quant_core.ingestion.price_sets import is_usable
from quant_core.timeframes import Timeframe
from quant_pipelines.sources.contract import Delivery, Instrument
from quant_pipelines.sources.feed_file import Contents, FeedFile, UnreadableFileError, sha256
from quant_pipelines.sources.rival_files import Sketch, rivals, sketch_of

_MAX_ROWS_KEPT = 4_000_000  # about half a GiB of raw rows


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
    """

    def __init__(
        self,
        load: Callable[[], dict[str, dict[str, Any]]] = dict,
        save: Callable[[dict[str, dict[str, Any]]], None] = lambda _: None,
    ) -> None:
        self._save = save
        self._known = {identity: FileContent(**entry) for identity, entry in load().items()}

    def contents(self, files: list[FeedFile]) -> dict[str, FileContent]:
        """What each file holds, by origin; reads only files not seen before and forgets files that are gone.

        A file whose bytes cannot be had is refused, and not remembered: it is tried again the next time.
        """
        now: dict[str, FileContent] = {}
        refused = {f.origin: f.refused for f in files if f.refused}
        for file in (f for f in files if not f.refused):
            try:
                now[file.identity] = self._known.get(file.identity) or _content_of(file)
            except UnreadableFileError as error:
                refused[file.origin] = str(error)
        if now.keys() != self._known.keys():
            self._known = now
            self._save({identity: vars(content) for identity, content in now.items()})
        found = {f.origin: now[f.identity] for f in files if f.origin not in refused}
        refused |= rivals({o: c.sketches for o, c in found.items()}, {f.origin: f.where for f in files})
        return found | {o: FileContent(found[o].content_hash if o in found else "", {}, r) for o, r in refused.items()}


class FileSource:
    """A source over a list of files, which is made once: an object sees the files that there were at its first use.

    So a tick or a run over thousands of files lists them once, and what arrives meanwhile is news for the next one.

    Args:
        name: key of the source in sources.yaml.
        list_files: the files there are now, in the order in which they are delivered.
        now: the clock.
        index: remembers what the files hold.
    """

    def __init__(
        self, name: str, list_files: Callable[[], list[FeedFile]], now: Callable[[], datetime], index: ContentIndex
    ) -> None:
        self._name, self._list_files, self._now, self._index = name, list_files, now, index

    @property
    def name(self) -> str:
        """Key of the source in sources.yaml."""
        return self._name

    @cached_property
    def _contents(self) -> dict[str, tuple[FeedFile, FileContent]]:
        """The files by origin, in their order, with what they hold."""
        files = self._list_files()
        contents = self._index.contents(files)
        return {file.origin: (file, contents[file.origin]) for file in files}

    @cached_property
    def _holders(self) -> dict[str, list[tuple[FeedFile, FileContent]]]:
        """``SYMBOL|TF`` → the files that hold it, in their order; in the order of first appearance."""
        found: dict[str, list[tuple[FeedFile, FileContent]]] = {}
        for file, content in self._contents.values():
            for text in content.holds:
                found.setdefault(text, []).append((file, content))
        return found

    def instruments(self) -> list[Instrument]:
        """Every symbol and timeframe in the files, in the order of the files; the first file declares it."""
        found: list[Instrument] = []
        for text, ((file, content), *_) in self._holders.items():
            symbol, timeframe = text.split("|")
            found.append(
                Instrument(
                    symbol=symbol,
                    timeframe=Timeframe(timeframe),
                    calendar=file.dialect.calendar_id,
                    source=self._name,
                    vendor_symbol=content.holds[text],
                    allow_non_positive_prices=file.allow_non_positive_prices,
                    quality=file.quality,
                )
            )
        return found

    def refused(self) -> dict[str, str]:
        """Files that could not be understood, with the reason and the config line that would fix it."""
        return {origin: content.refused for origin, (_, content) in self._contents.items() if content.refused}

    def fingerprint(self, instrument: Instrument) -> str:
        """Hash over the files that hold the instrument; no file is read when none changed."""
        held = sorted(f"{f.origin}:{c.content_hash}" for f, c in self._holders.get(_key(instrument), ()))
        return sha256("\n".join(held).encode())

    def deliveries(self, instrument: Instrument, watermark: dict[str, Any] | None) -> Iterator[Delivery]:
        """One delivery per new or changed file that holds the instrument, in the order of the files.

        What is delivered is known by the hash of the bytes that were parsed, which are not the listed ones where a
        file has grown since: the next listing then has another fingerprint, and what is new is delivered again.
        """
        seen: dict[str, str] = dict((watermark or {}).get("files", {}))
        for file, content in self._holders.get(_key(instrument), ()):
            if seen.get(file.origin) == content.content_hash:
                continue
            read = _parse(file)
            if seen.get(file.origin) == read.content_hash:
                continue
            seen[file.origin] = read.content_hash
            rows = read.parsed.rows.filter(
                (pl.col("symbol") == instrument.symbol) & (pl.col("timeframe") == instrument.timeframe.value)
            )
            bad = _share_of_quarantine(read.parsed.quarantine, instrument, content)
            yield Delivery(
                rows=rows,
                quarantine=bad,
                n_rows_in=rows.height + bad.height,
                origin=file.origin,
                origin_hash=read.content_hash,
                fetched_at=self._now(),
                watermark={"files": dict(seen)},
                is_snapshot=True,
                details={**read.parsed.resolved, "declared": file.dialect.model_dump(mode="json", exclude_none=True)},
            )


def _share_of_quarantine(quarantine: pl.DataFrame, instrument: Instrument, content: FileContent) -> pl.DataFrame:
    """The refused rows delivered with an instrument: its own; the file's first one also takes those of nobody."""
    owner = pl.concat_str([pl.col("symbol"), pl.col("timeframe")], separator="|")
    owner = pl.when(owner.is_in(list(content.holds))).then(owner).otherwise(pl.lit(next(iter(content.holds))))
    return quarantine.filter(owner == _key(instrument))


def _content_of(file: FeedFile) -> FileContent:
    """Read a file once to learn what it holds."""
    # Not even hashed: a hash of a short secret is soon guessed.
    if refused := file.refused or (file.ask.refused if file.ask else ""):
        return FileContent("", {}, refused)
    content_hash = ""  # of a file that is too large, too
    try:
        contents = file.contents()
        content_hash = contents.content_hash
        parsed = _parse(file, contents).parsed
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


@dataclass(frozen=True)
class _Read:
    """A parsed file and the hash of the bytes that were parsed."""

    content_hash: str
    parsed: ParsedFile


_PARSED: OrderedDict[str, _Read] = OrderedDict()


def _parse(file: FeedFile, contents: Contents | None = None) -> _Read:
    """Parse a file; the latest files are kept, because one file may hold many instruments."""
    if file.identity not in _PARSED:
        contents = file.contents() if contents is None else contents
        _PARSED[file.identity] = _Read(contents.content_hash, _rows_of(file, contents))
        while len(_PARSED) > 1 and sum(r.parsed.rows.height for r in _PARSED.values()) > _MAX_ROWS_KEPT:
            _PARSED.popitem(last=False)
    _PARSED.move_to_end(file.identity)
    return _PARSED[file.identity]


def _rows_of(file: FeedFile, contents: Contents) -> ParsedFile:
    """Parse the bytes of a file, or of two files of quotes into their mid."""
    if file.lacks:
        raise RefusedInputError.at(
            file.origin,
            reason=f"it holds one side of quotes and the other, {file.lacks}, is not there",
            fix=f"deliver it, or correct bid_ask_names in {file.where}",
        )
    parsed = read_file(contents.own, file.origin, file.dialect)
    if file.ask is None:
        return parsed
    ask = read_file(contents.ask, file.ask.origin, file.ask.dialect)
    symbols = pl.concat([parsed.rows["symbol"], ask.rows["symbol"]]).unique().sort().to_list()
    named = ", ".join(symbols) or "none"
    if len(symbols) != 1:
        raise RefusedInputError.at(
            file.origin,
            reason=f"its quotes and those of {file.ask.origin} must be of one symbol, found {named}",
            fix=f"declare symbol, or file_name_regex with a group that is equal in both names, in {file.where}",
        )
    return merge_bid_ask(parsed, ask, symbols[0])


def _key(instrument: Instrument) -> str:
    return f"{instrument.symbol}|{instrument.timeframe.value}"
