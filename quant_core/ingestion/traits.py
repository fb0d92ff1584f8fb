"""Traits: how a file was understood, each with its origin: detected, declared or assumed; and the entry that says so.

Put here: turning what reading resolved into lines for people, and the feed entry that fixes them.
Keep out: detection itself (the other files of this folder) and where sources.yaml is read (quant_pipelines).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

Origin = Literal["detected", "declared", "assumed"]

_SHOWN = ("format", "encoding", "separator", "header", "columns", "date_format", "time_format", "epoch_unit")
_MEANING = ("timeframe", "zone", "bar_stamp", "calendar", "price_columns", "price_scale", "price_digits")


@dataclass(frozen=True)
class Trait:
    """One thing that is known about how a file is written."""

    name: str
    value: Any
    origin: Origin


def traits_of(resolved: Mapping[str, Any], declared: Mapping[str, Any]) -> list[Trait]:
    """What reading one file resolved, in a stable order.

    Args:
        resolved: ``ParsedFile.resolved``; of an archive with several members the first one speaks.
        declared: the keys of the dialect that were declared, with their values.

    >>> resolved = {"format": "delimited_text", "zone": "UTC", "bar_stamp": "open", "assumed": ["zone"]}
    >>> [(t.name, t.value, t.origin) for t in traits_of(resolved, {"bar_stamp": "open"})]
    [('format', 'delimited_text', 'detected'), ('zone', 'UTC', 'assumed'), ('bar_stamp', 'open', 'declared')]
    """
    members = cast(Sequence[Mapping[str, Any]], resolved.get("members") or [resolved])
    first = members[0]
    assumed = set(cast(Sequence[str], first.get("assumed", ())))
    return [
        Trait(name, first[name], "declared" if name in declared else "assumed" if name in assumed else "detected")
        for name in ("symbol", *_SHOWN, *_MEANING)
        if first.get(name) is not None
    ]


def feed_entry(pattern: str, traits: Sequence[Trait], timeframe: str, declared: Mapping[str, Any]) -> str:
    r"""The ready entry of ``sources.yaml`` for files like one that was read: what is declared stays, what was assumed is written out.

    Args:
        pattern: glob of the files.
        traits: of ``traits_of``.
        timeframe: of the series.
        declared: the keys declared already.

    >>> print(feed_entry("a.csv", [Trait("zone", "UTC", "assumed")], "D1", {"decimal": ","}))
    - pattern: "a.csv"
      decimal: ","
      timeframe: "D1"
      zone: "UTC"  # assumed: correct it where it is wrong
    """  # noqa: E501
    lines = [f"- pattern: {json.dumps(pattern)}"]
    lines += [f"  {key}: {json.dumps(value)}" for key, value in declared.items()]
    if "timeframe" not in declared:
        lines.append(f"  timeframe: {json.dumps(timeframe)}")
    lines += [
        f"  {t.name}: {json.dumps(t.value)}  # assumed: correct it where it is wrong"
        for t in traits
        if t.origin == "assumed" and t.name not in declared
    ]
    return "\n".join(lines)
