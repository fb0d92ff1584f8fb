"""The clean plan: which files of a checkout can be made again, so that ``make clean`` may delete them.

Put here: what goes, what stays and why, and the deletion.
Keep out: asking and printing (cli/clean.py).

A file goes only if it is known, by its path and by its content, to be written by this project from other files that are
there. Everything else stays: the inbox, raw versions and manifests, tables whose raw rows are not here, whatever lies
outside the checkout, and whatever is not known.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quant_core.errors import LakeError
from quant_core.tables import TABLES
from quant_pipelines.lake.facts import stored_facts
from quant_pipelines.lake.sql_files import SQL_FOLDER
from quant_pipelines.lake.storage import Storage

_TABLE_FILE = re.compile(
    r"(?P<table>\w+)/(symbol=(?P<symbol>[^/]+)/(timeframe=[^/]+/)?)?(data\.parquet|\.data\.parquet\.\w+\.tmp)"
)
_REPORT_FILE = re.compile(r"reports/[^/]+\.html")
_REPORT_MARK = b'<meta name="report-identity"'
_BOOKKEEPING_FILE = re.compile(
    r"\.locks/.+\.(lock|holder)|\.index/[^/]+\.json(\.lock|\.\w+\.tmp)?|\.index/[^/]+\.holder"
)
_DAGSTER_FOLDERS = ("history", "schedules", "storage", "logs", ".logs_queue", ".telemetry", ".nux")


@dataclass(frozen=True)
class Entry:
    """Some files with one fate.

    Attributes:
        place: folder or file, for people.
        reason: why it goes or stays.
        files: single files of it.
        trees: folders of it that are known as a whole.
    """

    place: str
    reason: str
    files: tuple[Path, ...] = ()
    trees: tuple[Path, ...] = ()

    @property
    def n_files(self) -> int:
        """Number of files, those inside the trees included."""
        return len(self.files) + sum(1 for tree in self.trees for _ in _files_below(tree))


@dataclass(frozen=True)
class CleanPlan:
    """What goes and what stays."""

    goes: tuple[Entry, ...]
    stays: tuple[Entry, ...]

    def carry_out(self) -> None:
        """Delete what goes, and the folders that become empty by it."""
        for entry in self.goes:
            for file in entry.files:
                file.unlink(missing_ok=True)
                _remove_empty(file.parent)
            for tree in entry.trees:
                shutil.rmtree(tree)
                _remove_empty(tree.parent)


def plan_clean(checkout: Path, lake_url: str, dagster_home: Path | None, packaged_settings: bytes) -> CleanPlan:
    """Look through a checkout; nothing is deleted.

    Args:
        checkout: folder of the project; nothing outside it ever goes.
        lake_url: where the lake is; a relative path is one of the checkout.
        dagster_home: the exported ``DAGSTER_HOME``, or None.
        packaged_settings: content of the packaged dagster.yaml; a copy that was edited stays.
    """
    own_home = checkout / ".dagster_home"
    # The environment last: this code runs in it.
    entries = [*_lake(checkout, lake_url), *_home(own_home, packaged_settings), *_environment(checkout)]
    places = [checkout / lake_url, *([dagster_home] if dagster_home else [])]
    entries = [(goes and not _holds(entry, places), entry) for goes, entry in entries]
    if dagster_home is not None and dagster_home.resolve() != own_home.resolve() and dagster_home.exists():
        entries.append((False, Entry(str(dagster_home), "a Dagster home that make did not create")))
    return CleanPlan(
        goes=tuple(entry for goes, entry in entries if goes), stays=tuple(entry for goes, entry in entries if not goes)
    )


def _holds(entry: Entry, places: list[Path]) -> bool:
    """True when a lake or a home lies inside a folder that would go as a whole."""
    return any(place.resolve().is_relative_to(tree.resolve()) for tree in entry.trees for place in places)


def _environment(checkout: Path) -> Iterator[tuple[bool, Entry]]:
    """The virtual environment that make created."""
    folder = checkout / ".venv"
    if folder.is_symlink():
        yield False, Entry(".venv", "a link to another place")
    elif (folder / "pyvenv.cfg").is_file():
        yield True, Entry(".venv", "installed again by make setup", trees=(folder,))


def _home(home: Path, packaged_settings: bytes) -> Iterator[tuple[bool, Entry]]:
    """The Dagster home of the checkout."""
    if not home.is_dir() or home.is_symlink():
        return
    settings = home / "dagster.yaml"
    known = tuple(home / name for name in _DAGSTER_FOLDERS if (home / name).is_dir() and not (home / name).is_symlink())
    if known:
        yield True, Entry(".dagster_home", "the log of past runs; symbols are registered again by a run", trees=known)
    if settings.is_file() and settings.read_bytes() == packaged_settings:
        yield True, Entry(".dagster_home/dagster.yaml", "copied again by make setup", files=(settings,))
    unknown = [p for p in home.iterdir() if p not in known and not (p == settings and _same(p, packaged_settings))]
    for path in sorted(unknown):
        reason = "edited" if path == settings else "not known"
        yield False, Entry(f".dagster_home/{path.name}", reason, files=(path,))


def _same(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _lake(checkout: Path, lake_url: str) -> Iterator[tuple[bool, Entry]]:
    """The files of the lake by their first folder; a lake outside the checkout stays as a whole."""
    if "://" in lake_url:
        yield False, Entry(lake_url, "a lake outside the checkout")
        return
    root = checkout / lake_url
    if not root.is_dir():
        return
    if not root.resolve().is_relative_to(checkout.resolve()) or root.resolve() == checkout.resolve():
        yield False, Entry(str(root), "a lake outside the checkout")
        return
    raw_symbols = {p.parent.parent.name.removeprefix("symbol=") for p in root.glob("raw_bars/*/*/manifest.json")}
    fates: dict[tuple[str, bool, str], list[Path]] = {}
    for file in _files_below(root):
        path = file.relative_to(root)
        goes, reason = _fate(file, path.as_posix(), raw_symbols)
        fates.setdefault((path.parts[0], goes, reason), []).append(file)
    shown = root.relative_to(checkout) if root.is_relative_to(checkout) else root
    for (first, goes, reason), files in sorted(fates.items()):
        yield goes, Entry(f"{shown}/{first}", reason, files=tuple(files))


def _fate(file: Path, path: str, raw_symbols: set[str]) -> tuple[bool, str]:
    """Whether a file of the lake goes, and why."""
    table = _TABLE_FILE.fullmatch(path)
    if file.is_symlink():
        fate = False, "a link to another place"
    elif _BOOKKEEPING_FILE.fullmatch(path):
        fate = True, "written again when needed"
    elif path.startswith("raw_bars/"):
        fate = False, "raw rows and manifests: no source may deliver them again"
    elif _REPORT_FILE.fullmatch(path) and _REPORT_MARK in file.read_bytes():
        fate = True, "written again by the job report"
    elif table is None or table["table"] not in _derived_tables() or not _is_ours(file):
        fate = False, "part of the project" if path == "README.md" else "not known, or put there by people"
    elif table["symbol"] is not None and table["symbol"] not in raw_symbols:
        fate = False, "its raw rows are not in the lake"
    else:
        fate = True, "computed again by a run"
    return fate


def _derived_tables() -> set[str]:
    """Names of the tables that runs compute from others."""
    return {name for name in TABLES if name != "raw_rows"} | {p.stem for p in (SQL_FOLDER / "marts").glob("*.sql")}


def _is_ours(file: Path) -> bool:
    """True when a file is a leftover of a killed writer, or holds this project's facts."""
    if file.suffix == ".tmp":
        return True
    try:
        stored_facts(Storage(str(file.parent)), file.name)
    except (LakeError, OSError):
        return False  # it stays, so nothing is hidden by this
    return True


def _files_below(root: Path) -> Iterator[Path]:
    """Every file and link below a folder; links are not followed."""
    for folder, folders, names in os.walk(root):
        place = Path(folder)
        yield from (place / name for name in sorted(names))
        yield from (place / name for name in sorted(folders) if (place / name).is_symlink())
        folders.sort()


def _remove_empty(folder: Path) -> None:
    """Remove a folder and the ones above it as far as they are empty."""
    while not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
