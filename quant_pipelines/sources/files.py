"""File sources: deliver the instruments found in a list of files, one delivery per file and instrument.

Put here: what the sample and the inbox share: instruments, fingerprints, deliveries and their watermarks.
Keep out: which files there are (sample.py, inbox.py), what they hold (content_index.py), parsing (parsed_file.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

import polars as pl

from quant_core.timeframes import Timeframe
from quant_pipelines.sources.content_index import ContentIndex, FileContent
from quant_pipelines.sources.contract import Delivery, Instrument
from quant_pipelines.sources.feed_file import FeedFile, sha256
from quant_pipelines.sources.parsed_file import parsed_file


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
    def _files(self) -> list[FeedFile]:
        """The files, listed once."""
        return self._list_files()

    @cached_property
    def _contents(self) -> dict[str, tuple[FeedFile, FileContent]]:
        """The files by origin, in their order, with what they hold; those that there was no time for are left out."""
        contents = self._index.contents(self._files)
        return {file.origin: (file, contents[file.origin]) for file in self._files if file.origin in contents}

    def n_waiting(self) -> int:
        """Files that there was no time to look into; they wait for the next object."""
        return len(self._files) - len(self._contents)

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
            read = parsed_file(file)
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


def _key(instrument: Instrument) -> str:
    return f"{instrument.symbol}|{instrument.timeframe.value}"
