"""Clocks: a file's own wall clock → UTC, with its summer-time rules and the hours that do not exist or repeat.

Put here: fixed offsets, IANA zones, offsets with the summer time of another zone, and dated rules.
Keep out: parsing of text (time_formats.py) and sessions (calendars).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from quant_core.ingestion.dialect import Dialect, ShiftedZone, ZoneRule, parse_offset
from quant_core.ingestion.time_formats import DAY_US, Bools, Int64s

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Instants:
    """UTC microseconds per row; rows that are not ``nonexistent`` or ``ambiguous`` are resolved.

    Attributes:
        utc_us: microseconds since 1970; meaningless where nonexistent or ambiguous.
        nonexistent: the local time is skipped by a clock change.
        ambiguous: the local time occurs twice and the row order does not tell which one it is.
        n_resolved_by_order: repeated local times that the row order did resolve.
    """

    utc_us: Int64s
    nonexistent: Bools
    ambiguous: Bools
    n_resolved_by_order: int


@dataclass(frozen=True)
class _Transitions:
    """Offsets in force: ``offset_us[i]`` from ``start_us[i]`` (UTC) until the next start."""

    start_us: Int64s
    offset_us: Int64s

    def at(self, utc_us: Int64s) -> Int64s:
        return self.offset_us[np.searchsorted(self.start_us, utc_us, side="right") - 1]


def to_utc(label_us: Int64s, groups: Int64s, dialect: Dialect) -> Instants:
    """Turn local labels into instants.

    A label is looked up under every offset its zone ever has around it: no fit means that the time was
    skipped, two fits that it is repeated. A repeated time is resolved by row order when the symbol's rows
    pass through the repeated hour twice (the labels step back exactly once): the first pass is the earlier
    instant, in a descending file the later one. Where the hour is passed once, nothing tells which of
    the two it is.

    Args:
        label_us: (n,) local time in microseconds as if UTC.
        groups: (n,) symbol number of each row; order is judged inside a symbol.
        dialect: ``zone`` and ``ambiguous`` are used.
    """
    zone = dialect.zone or "UTC"
    if isinstance(zone, str):
        return _by_zone(label_us, groups, zone, dialect.ambiguous or "order")
    rules = zone if isinstance(zone, list) else [ZoneRule(zone=zone)]
    utc = np.zeros(len(label_us), dtype=np.int64)
    skipped, repeated = np.zeros(len(label_us), dtype=bool), np.zeros(len(label_us), dtype=bool)
    n_resolved, begin = 0, np.iinfo(np.int64).min
    for rule in rules:
        end = np.iinfo(np.int64).max
        if rule.until is not None:
            end = (rule.until.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
        mine = (label_us >= begin) & (label_us < end) if len(rules) > 1 else slice(None)
        part = _by_zone(label_us[mine], groups[mine], rule.zone, dialect.ambiguous or "order")
        utc[mine], skipped[mine], repeated[mine] = part.utc_us, part.nonexistent, part.ambiguous
        n_resolved, begin = n_resolved + part.n_resolved_by_order, end
    return Instants(utc, skipped, repeated, n_resolved)


def _by_zone(label: Int64s, groups: Int64s, zone: str | ShiftedZone, ambiguous: str) -> Instants:
    """Convert labels of one zone."""
    none = np.zeros(len(label), dtype=bool)
    fixed = parse_offset(zone) if isinstance(zone, str) else None
    if fixed is not None or zone in ("UTC", "Etc/UTC") or len(label) == 0:
        return Instants(label - _us(fixed) if fixed else label, none, none, 0)
    changes = transitions(zone, int(label.min()), int(label.max()))
    earliest = np.full(len(label), np.iinfo(np.int64).max)
    latest = np.full(len(label), np.iinfo(np.int64).min)
    for offset in np.unique(changes.offset_us):
        candidate = label - offset
        fits = changes.at(candidate) == offset
        earliest = np.where(fits & (candidate < earliest), candidate, earliest)
        latest = np.where(fits & (candidate > latest), candidate, latest)
    skipped = earliest > latest
    twice = earliest < latest
    utc, unresolved, n_resolved = np.where(skipped, 0, earliest), none, 0
    if twice.any():
        if ambiguous == "order":
            is_later, unresolved = _passes(label, groups, twice)
            n_resolved = int(twice.sum() - unresolved.sum())
            utc = np.where(is_later, latest, utc)
        else:
            utc = np.where(twice & (ambiguous == "latest"), latest, utc)
            unresolved = twice if ambiguous == "quarantine" else none
    return Instants(utc, skipped, unresolved, n_resolved)


def _passes(label: Int64s, groups: Int64s, twice: Bools) -> tuple[Bools, Bools]:
    """For repeated labels: is it the later instant, and is it undecidable."""
    later, unresolved = np.zeros(len(label), dtype=bool), np.zeros(len(label), dtype=bool)
    rows = np.flatnonzero(twice)
    keys = np.stack([groups[rows], label[rows] // DAY_US])
    for key in np.unique(keys, axis=1).T:
        mine = rows[(keys == key[:, None]).all(axis=0)]
        descending = _is_descending(label, groups, mine)
        steps = np.diff(label[mine]) * (-1 if descending else 1)
        back = np.flatnonzero(steps <= 0)
        if len(back) != 1 or (steps[back[0]] == 0 and len(mine) != 2):
            unresolved[mine] = True
            continue
        second = np.arange(len(mine)) > back[0]
        later[mine] = ~second if descending else second
    return later, unresolved


def _is_descending(label: Int64s, groups: Int64s, rows: Int64s) -> bool:
    """True when the symbol's labels mostly fall in row order."""
    mine = label[groups == groups[rows[0]]]
    steps = np.diff(mine)
    return int((steps < 0).sum()) > int((steps > 0).sum())


def transitions(zone: str | ShiftedZone, first_us: int, last_us: int) -> _Transitions:
    """Offsets of a zone between two local times, found by day and then by bisection to the second."""
    start = _EPOCH + timedelta(days=first_us // DAY_US - 2)
    days = (last_us - first_us) // DAY_US + 5
    starts, offsets = [start], [_offset(zone, start)]
    for day in range(days):
        low, high = start + timedelta(days=day), start + timedelta(days=day + 1)
        after = _offset(zone, high)
        if after == offsets[-1]:
            continue
        while high - low > _SECOND:
            middle = low + (high - low) // _SECOND // 2 * _SECOND
            low, high = (middle, high) if _offset(zone, middle) == offsets[-1] else (low, middle)
        starts.append(high.replace(microsecond=0))
        offsets.append(after)
    first = np.iinfo(np.int64).min
    begin = np.array([first, *[(s - _EPOCH) // timedelta(microseconds=1) for s in starts[1:]]], dtype=np.int64)
    return _Transitions(begin, np.array([_us(o) for o in offsets], dtype=np.int64))


def _offset(zone: str | ShiftedZone, instant: datetime) -> timedelta:
    """UTC offset of a zone at an instant."""
    if isinstance(zone, ShiftedZone):
        shift = instant.astimezone(ZoneInfo(zone.dst_of)).dst() or timedelta(0)
        return (parse_offset(zone.base) or timedelta(0)) + shift
    return instant.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)


def _us(delta: timedelta) -> int:
    return delta // timedelta(microseconds=1)
