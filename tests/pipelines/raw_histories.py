"""Raw histories: seeded random deliveries of several sources, and a store that keeps every part, read the plain way.

Put here: drawing deliveries, playing them into a store, and what a store says of every version.
Keep out: tests.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quant_core.bars.history import VALUES, current_rows
from quant_core.quality import QualityRules
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.clock import Clock
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.raw.set_aside_rows import as_quarantine
from quant_pipelines.sources.contract import Delivery, Instrument

KEY = PartitionKey("EURUSD", "H1")
START = datetime(2024, 1, 1, tzinfo=UTC)
WALL = Clock(lambda: START - timedelta(days=1), is_trusted=True)
"""Deliveries of several sources are drawn one by one, each with a time of its own: the clock goes back between them.
It never passes a bar that lay ahead of one."""
RAW, QUARANTINE = TABLES["raw_rows"], TABLES["quarantine"]


def instrument(withdrawn_rows: str = "keep") -> Instrument:
    """An hourly series that trades around the clock."""
    rules = QualityRules(withdrawn_rows=withdrawn_rows)  # pyright: ignore[reportArgumentType]
    return Instrument("EURUSD", Timeframe.H1, "always_open", "fake", "EUR/USD", quality=rules)


def hours(closes: dict[int, float], origin: str = "table") -> pl.DataFrame:
    """Hourly rows: hour since the start → close."""
    n = len(closes)
    return pl.DataFrame(
        {
            "symbol": ["EURUSD"] * n,
            "timeframe": ["H1"] * n,
            "vendor_symbol": ["EUR/USD"] * n,
            "ts": [START + timedelta(hours=h) for h in closes],
            **{c: list(closes.values()) for c in VALUES},
            "origin": [origin] * n,
            "origin_row": list(range(1, n + 1)),
            "raw_text": [None] * n,
        },
        schema=RAW.schema,
    )


def refused(texts: Sequence[str], origin: str = "table") -> pl.DataFrame:
    """Rows that could not be read."""
    rows = [(origin, 9, "EURUSD", "H1", None, "unparsable_ts", text) for text in texts]
    return pl.DataFrame(rows, schema=QUARANTINE.schema, orient="row")


@dataclass
class Script:
    """A source that delivers a list, after a watermark that counts what was taken in."""

    name: str
    planned: list[Delivery]

    def instruments(self) -> list[Instrument]:
        return [instrument()]

    def fingerprint(self, instrument: Instrument) -> str:
        return str(len(self.planned))

    def deliveries(self, instrument: Instrument, watermark: dict[str, Any] | None) -> Iterator[Delivery]:
        yield from self.planned[(watermark or {"n": 0})["n"] :]


def scripted(batches: Sequence[pl.DataFrame], fetched_at: datetime | None = None, name: str = "fake") -> Script:
    """A source that delivers frames, long after their bars are complete by default."""
    when = fetched_at or START + timedelta(days=3650)
    planned = [
        Delivery(rows, QUARANTINE.empty(), rows.height, "table", f"hash {n}", when, {"n": n})
        for n, rows in enumerate(batches, start=1)
    ]
    return Script(name, planned)


def random_sessions(seed: int, n_sessions: int) -> list[Script]:
    """The calls of ingest of a history: each is a source with what it has by then."""
    chance = random.Random(seed)
    planned: dict[str, list[Delivery]] = {"a": [], "b": []}
    truth: dict[int, float] = {}
    sessions: list[Script] = []
    for at in range(n_sessions):
        name = chance.choice(("a", "a", "a", "b"))
        for _ in range(chance.choice((1, 1, 1, 3))):
            planned[name].append(_delivery(chance, truth, at, name, len(planned[name]) + 1))
        sessions.append(Script(name, list(planned[name])))
    return sessions


def _delivery(chance: random.Random, truth: dict[int, float], at: int, name: str, n: int) -> Delivery:
    """Appended, restated, overlapping or withdrawn bars, with unfinished ones at the end and a row to refuse."""
    last = max(truth, default=-1)
    first = max(0, last + 1 - chance.choice((0, 0, 0, 1, 5, 40)))
    rows = {h: float(h + 1) for h in range(first, last + 1 + chance.choice((0, 1, 1, 1, 2, 9)))}
    rows = {h: truth.get(h, close) for h, close in rows.items()} or {max(last, 0): truth.get(last, 1.0)}
    if chance.random() < 0.2:
        changed = chance.choice(sorted(rows))
        rows[changed] += chance.choice((0.5, 1.0))
    is_snapshot = chance.random() < 0.3
    if is_snapshot and len(rows) > 2 and chance.random() < 0.6:
        del rows[sorted(rows)[len(rows) // 2]]
    truth.update(rows)
    fetched_at = START + timedelta(hours=max(truth) + 1) + timedelta(minutes=chance.choice((-90, -30, 0, 30)))
    bad = refused([f"line {chance.randrange(5)}"] if chance.random() < 0.3 else [], f"{name}.csv")
    if chance.random() < 0.1:
        bad = refused([f"line of {at}"], f"{name}.csv")
    frame = hours(rows, f"{name}.csv")
    n_rows, origin = frame.height + bad.height, chance.choice((f"{name}.csv", f"{name}_2.csv"))
    return Delivery(frame, bad, n_rows, origin, f"hash {n}", fetched_at, {"n": n}, is_snapshot=is_snapshot)


@contextmanager
def without_folding() -> Iterator[None]:
    """A store that keeps every part and every record as it came."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("manifest_files", "delivery_log"):
            patch.setattr(f"quant_pipelines.raw.{module}.n_to_fold", lambda _sizes: 0)  # pyright: ignore[reportUnknownLambdaType]
        yield


@contextmanager
def early_folding(fewest: int = 3) -> Iterator[None]:
    """Short histories that are folded as long ones are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quant_pipelines.raw.folding.FEWEST_FILES", fewest)
        yield


def played(folder: Path, sessions: Sequence[Script], rules: str = "keep") -> RawStore:
    """A store that took in a history."""
    store = RawStore(Lake(str(folder)), WALL)
    for session in sessions:
        store.ingest(session, instrument(rules))
    return store


def plain_reading(store: RawStore, version: int) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Rows, set-aside rows and bars never completed of a version, part by part as the first releases read them."""
    stored = store.stored_rows(KEY).filter(pl.col("raw_version") <= version)
    parts = stored.partition_by("part_number", maintain_order=True)
    last = max((i for i, p in enumerate(parts) if not p["is_withdrawn"][0]), default=len(parts) - 1)
    frames = [
        p.with_columns(never=pl.lit(value=False) if i >= last else pl.col("is_unfinished")) for i, p in enumerate(parts)
    ]
    rows = current_rows(frames)
    gone, rows = rows.filter("is_withdrawn"), rows.filter(~pl.col("is_withdrawn"))
    never = rows.filter("never")
    aside = pl.concat([as_quarantine(never, "never_completed"), as_quarantine(gone, "withdrawn")])
    return rows.filter(~pl.col("never")).select(RAW.schema.keys()), aside, never.height


def said(store: RawStore) -> dict[int, tuple[Any, ...]]:
    """Version → everything that reading it gives."""
    manifest = store.manifest(KEY)
    assert manifest is not None
    found: dict[int, tuple[Any, ...]] = {}
    for version in range(1, manifest.version + 1):
        raw = store.read(KEY, version)
        found[version] = (raw.rows.rows(), raw.quarantine.rows(), raw.now, raw.n_never_completed, raw.n_withdrawn)
    return found


def later(sessions: Sequence[Script], delay: timedelta) -> list[Script]:
    """The same history, fetched later."""
    return [Script(s.name, [replace(d, fetched_at=d.fetched_at + delay) for d in s.planned]) for s in sessions]
