"""Lake files: every file that this project published, and what is wrong with each.

Put here: the walk over tables, marts, reports and raw rows, the look at one file, and what mends it.
Keep out: files that should be there and are not (automation/lake_damage.py), and setting aside (stages).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from quant_core.errors import LakeError
from quant_core.tables import TABLES
from quant_pipelines.lake.damage import fault_in_table
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.seal import DamageKind, Fault, fault_in_page, is_sealed, is_sealed_page
from quant_pipelines.lake.sql_files import SQL_FOLDER
from quant_pipelines.lake.unpartitioned import REPORTS, table_path
from quant_pipelines.raw.raw_damage import RawFile, fault_in_raw, raw_files
from quant_pipelines.stages.stage import discover_stages, makers_of_tables

FindingKind: TypeAlias = DamageKind | Literal["not verifiable"]

RAW_REMEDY = (
    "raw rows cannot be computed again. qe doctor --repair makes a manifest again from its copy or its parts, asks the "
    "source for the rows of parts, and says what is lost; rows of other parts are untouched"
)
_REPORT_MARK = b'<meta name="report-identity"'
_SEALED_LATER = "written before files had checksums; it gets one when it is next written"


@dataclass(frozen=True)
class LakeFile:
    """One file that this project published.

    Attributes:
        path: relative to the lake.
        table: the table, ``report`` or ``raw_bars``.
        key: as text; "" for a file about everything.
        raw: where it is a file of the raw store.
    """

    path: str
    table: str
    key: str = ""
    raw: RawFile | None = None


@dataclass(frozen=True)
class LakeFinding:
    """What was found about one file.

    Attributes:
        file: which one.
        kind: of the damage, or ``not verifiable``.
        found: in words.
        remedy: the command that makes it again, or what people can do.
    """

    file: LakeFile
    kind: FindingKind
    found: str
    remedy: str

    @property
    def is_damage(self) -> bool:
        """False for a file that has no checksum and can be read."""
        return self.kind != "not verifiable"

    @property
    def can_be_made_again(self) -> bool:
        """False for raw rows."""
        return self.file.raw is None and self.file.table != "raw_bars"

    def __str__(self) -> str:
        about = f"{self.file.table} {self.file.key}".rstrip()
        return f"{self.file.path} ({about}): {self.kind}, {self.found}"


def published_files(lake: Lake) -> list[LakeFile]:
    """Every file of tables, marts, reports and raw rows, sorted by path; what people put into the lake is not ours."""
    found = [LakeFile(f.path, "raw_bars", str(f.key), f) for f in raw_files(lake)]
    for table in published_tables():
        found += _files_of_table(lake, table)
    found += [
        LakeFile(path, "report", path.rpartition("/")[2].removesuffix(".html"))
        for path in lake.storage.files(REPORTS)
        if path.endswith(".html") and _is_ours(lake, path)
    ]
    return sorted(found, key=lambda f: f.path)


def published_tables() -> list[str]:
    """Names of the tables and marts that runs compute, sorted."""
    tables = {*TABLES, *makers_of_tables()} - {"raw_rows", "raw_bars"}
    return sorted(tables | {file.stem for file in (SQL_FOLDER / "marts").glob("*.sql")})


def look_at(lake: Lake, file: LakeFile) -> LakeFinding | None:
    """What is wrong with a file, looked through as a whole; None where it is what was written."""
    if file.raw is not None:
        fault = fault_in_raw(lake, file.raw)
        return None if fault is None else LakeFinding(file, fault.kind, fault.found, RAW_REMEDY)
    if not lake.storage.exists(file.path):
        return None  # deleted since the walk: what should be there is asked elsewhere
    content = lake.storage.read(file.path)
    is_page = file.path.endswith(".html")
    try:
        fault = fault_in_page(content) if is_page else fault_in_table(content)
    except LakeError as error:  # of a later release, which knows what it wrote
        return LakeFinding(file, "not verifiable", str(error), "read it with the release that wrote it")
    if fault is not None:
        return damage_of(file, fault)
    if is_sealed_page(content) if is_page else is_sealed(content):
        return None
    return LakeFinding(file, "not verifiable", _SEALED_LATER, made_again_by(file))


def damage_of(file: LakeFile, fault: Fault) -> LakeFinding:
    """A fault as a finding, with what mends it."""
    return LakeFinding(file, fault.kind, fault.found, made_again_by(file))


def made_again_by(file: LakeFile) -> str:
    """The command that makes a file again once it is missing."""
    if file.table == "report":
        return f"qe report {file.key}"
    if file.table.startswith("mart__"):
        return "qe launch marts"
    maker = next((s for s in discover_stages() if file.table in s.tables), None)
    if maker is None:
        return f"qe launch {file.table}"
    if maker.refresh == "on_request":
        return f"ask for it again: qe {'details' if maker.name == 'stats_details' else f'launch {maker.name}'}"
    return "qe backfill --missing" if maker.key_kind == "symbol_timeframe" else f"qe launch {maker.name}"


def _files_of_table(lake: Lake, table: str) -> Iterator[LakeFile]:
    """The files of one table, at whatever keys."""
    storage = lake.storage
    if storage.exists(table_path(table)):
        yield LakeFile(table_path(table), table)
    for symbol in storage.folders(table):
        name = symbol.rpartition("symbol=")[2]
        if storage.exists(f"{symbol}/data.parquet"):
            yield LakeFile(f"{symbol}/data.parquet", table, name)
        for timeframe in storage.folders(symbol):
            if storage.exists(f"{timeframe}/data.parquet"):
                key = f"{name}|{timeframe.rpartition('timeframe=')[2]}"
                yield LakeFile(f"{timeframe}/data.parquet", table, key)


def _is_ours(lake: Lake, path: str) -> bool:
    """True for a page that says so, or that lies where the report of a symbol with bars does."""
    symbol = path.rpartition("/")[2].removesuffix(".html")
    return bool(lake.storage.folders(f"bars/symbol={symbol}")) or _REPORT_MARK in lake.storage.read(path)
