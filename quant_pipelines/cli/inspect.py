"""inspect: say how files would be understood and what would become of their rows; no lake is touched.

Put here: the command line, and how an inspection is shown.
Keep out: the inspection itself (raw/inspection.py).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import polars as pl
from rich.console import Console

from quant_core.errors import ConfigError
from quant_core.plain_yaml import read_yaml
from quant_core.timeframes import parse_timeframe
from quant_pipelines.raw.inspection import InspectedSeries, inspect_source
from quant_pipelines.sources.config import Feed, SourceEntry, inbox_settings
from quant_pipelines.sources.folder_files import FolderFile, files_below, named_file
from quant_pipelines.sources.inbox import named_files


def add_options(parser: argparse.ArgumentParser) -> None:
    """Files, what is declared for them, and where to put what was found."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="files of bars, or folders of such files")
    parser.add_argument("--feed", type=Path, help="YAML file with one or more entries as under feeds of sources.yaml")
    parser.add_argument("--now", help="moment of the snapshot, ISO 8601 (default: now); without offset it is UTC")
    parser.add_argument("--timeframes", default="", help="comma-separated coarser timeframes to make as well")
    parser.add_argument("--json", action="store_true", help="print JSON for programs instead of text")
    parser.add_argument("--bars", type=Path, metavar="OUT.parquet", help="write all bars to this file")


def command(options: argparse.Namespace, console: Console) -> int:
    """Inspect the files; 0 when each was understood and holds bars, else 1."""
    files = _named(options.files)
    coarser = [parse_timeframe(t) for t in options.timeframes.split(",") if t]
    source = named_files("files", files, _feeds(options.feed), _clock(options.now))
    series = list(inspect_source(source, coarser))
    refused = source.refused()
    if options.bars:
        _write_bars(series, options.bars)
    if options.json:
        console.print_json(json.dumps(as_json([f.origin for f in files], refused, series)))
    else:
        show(console, series, refused)
    return 0 if series and not refused and all(len(s.bars) for s in series) else 1


def _named(arguments: Sequence[str]) -> list[FolderFile]:
    """Every file named, or inside a folder named, in the order of the paths."""
    found: dict[str, FolderFile] = {}
    for path in map(Path, arguments):
        if not path.exists():
            raise ConfigError(
                f"No file {path}: expected a file or folder of bars there, found nothing. Check the path."
            )
        inside = [replace(f, origin=(path / f.origin).as_posix()) for f in files_below(path)]
        found |= {f.origin: f for f in (inside if path.is_dir() else [named_file(path)])}
    return sorted(found.values(), key=lambda file: Path(file.origin))


def _feeds(file: Path | None) -> Sequence[Feed]:
    """The declared feeds."""
    if file is None:
        return ()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"File {file} cannot be read: expected YAML with entries as under feeds of sources.yaml, found {error}. "
            "Correct it."
        ) from error
    entries = read_yaml(text, file.name)
    feeds = cast("list[Any]", entries if isinstance(entries, list) else [entries])
    return inbox_settings(SourceEntry("files", "inbox", True, {"feeds": feeds}, file.name)).feeds


def _clock(text: str | None) -> Callable[[], datetime]:
    """The declared moment, else the moment of the call; one for all files."""
    try:
        moment = datetime.fromisoformat(text) if text else datetime.now(UTC)
    except ValueError as error:
        raise ConfigError.at(
            "--now", expected="ISO 8601, such as 2024-01-31T22:00:00Z", found=text, next_step="Correct it."
        ) from error
    fixed = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return lambda: fixed.astimezone(UTC)


def _write_bars(series: Iterable[InspectedSeries], file: Path) -> None:
    tables = [s.table() for s in series]
    try:
        (pl.concat(tables) if tables else InspectedSeries.empty_table()).write_parquet(file)
    except OSError as error:
        raise ConfigError(f"File {file} cannot be written: {error}. Name another one with --bars.") from error


def as_json(files: Iterable[str], refused: Mapping[str, str], series: Iterable[InspectedSeries]) -> dict[str, Any]:
    """What programs read."""
    return {
        "files": [{"path": path, "refused": refused.get(path)} for path in files],
        "series": [
            {
                "symbol": s.bars.symbol,
                "timeframe": s.bars.timeframe.value,
                "calendar": s.calendar,
                "made_from": s.made_from or None,
                "origins": list(s.origins),
                "n_rows_in": s.n_rows_in,
                "n_bars": len(s.bars),
                "quarantined": s.quarantined,
                "unreadable": s.unreadable,
                "dropped": s.dropped,
                "flags": s.flags,
                "traits": [{"name": t.name, "value": t.value, "origin": t.origin} for t in s.traits],
                "entry": s.entry() or None,
            }
            for s in series
        ],
    }


def show(console: Console, series: Iterable[InspectedSeries], refused: Mapping[str, str]) -> None:
    """What people read."""
    for lines in (_lines(s) for s in series):
        _print(console, [*lines, ""])
    _print(console, refused.values())


def _print(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _lines(series: InspectedSeries) -> list[str]:
    """One series in words."""
    bars, files = series.bars.frame, ", ".join(dict.fromkeys(series.origins))
    made = f", made from {series.made_from}" if series.made_from else ""
    lines = [f"{series.bars.symbol} {series.bars.timeframe.value}{made} ({files})"]
    lines += [f"  {t.name:14}{_shown(t.value)}  [{t.origin}]" for t in series.traits]
    for label, at in (("first bar", 0), ("last bar", -1)):
        if len(bars):
            lines.append(f"  {label:14}{_bar(bars.row(at, named=True))}")
    lines.append(
        f"  {'rows':14}{series.n_rows_in} in = {len(bars)} kept + {sum(series.dropped.values())} dropped + "
        f"{sum(series.quarantined.values()) - sum(series.unreadable.values())} quarantined + "
        f"{sum(series.unreadable.values())} unreadable"
    )
    found = (("unreadable", series.unreadable), ("dropped", series.dropped), ("flags", series.flags))
    refused = {reason: n for reason, n in series.quarantined.items() if reason not in series.unreadable}
    for label, counts in (("quarantined", refused), *found):
        if counts:
            lines.append(f"  {label:14}{', '.join(f'{name} {n}' for name, n in counts.items())}")
    lines += [f"  {'gaps':14}{series.gaps}"] if series.gaps else []
    entry = series.entry()
    return [*lines, "  entry for sources.yaml:", *(f"    {line}" for line in entry.splitlines())] if entry else lines


def _bar(bar: Mapping[str, Any]) -> str:
    prices = " ".join(f"{name[0].upper()} {bar[name]:g}" for name in ("open", "high", "low", "close"))
    volume = "–" if bar["volume"] is None else f"{bar['volume']:g}"
    return f"{bar['ts']:%Y-%m-%d %H:%M} to {bar['ts_close']:%Y-%m-%d %H:%M} UTC  {prices} V {volume}"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{role}={name}" for role, name in value.items())  # pyright: ignore[reportUnknownVariableType]
    return repr(value) if isinstance(value, str) and not value.strip() else str(value)
