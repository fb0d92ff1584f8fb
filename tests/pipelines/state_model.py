"""The model of key states: what should be true of every stage of every key, told without lake, runs or events.

Put here: the rules, in their own words.
Keep out: what happens to a project (random_lives.py) and everything the package says about states.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from quant_pipelines.lake.partitions import PartitionKey

READS = {"raw_bars": "", "levels": "raw_bars", "counts": "levels", "sums": "levels"}
"""Stage → the one it reads, upstream first."""


@dataclass
class Model:
    """What should be true, told without looking at the lake or the instance.

    Attributes:
        offered: symbol → number of the content of its file.
        registered: symbols in order.
        taken: symbol → content in the raw store.
        made: (stage, key) → what its file was made from.
        section: number of the present research file.
        said: (stage, key) → False where the last word about it is that it failed.
        known: (stage, key) → what its last event says it was made from.
        broken: (symbol, stage) that fails when it is made; shared with the stages.
    """

    offered: dict[str, int] = field(default_factory=dict[str, int])
    registered: list[str] = field(default_factory=list[str])
    taken: dict[str, int] = field(default_factory=dict[str, int])
    made: dict[tuple[str, PartitionKey], tuple[Any, ...]] = field(default_factory=dict)
    section: int = 5
    said: dict[tuple[str, PartitionKey], bool] = field(default_factory=dict)
    known: dict[tuple[str, PartitionKey], tuple[Any, ...]] = field(default_factory=dict)
    broken: Collection[tuple[str, str]] = ()

    def wanted(self, stage: str, key: PartitionKey) -> tuple[Any, ...] | None:
        """What a file would be made from now; None where its input is not there."""
        if stage == "levels":
            return (self.taken[key.symbol],) if key.symbol in self.taken else None
        levels = self.made.get(("levels", key))
        return None if levels is None else (levels, self.section if stage == "counts" else 0)

    def run(self, keys: Sequence[PartitionKey], stages: Sequence[str], n_before_death: int | None) -> None:
        """A run over keys; one that dies does so before the key of that number."""
        told: dict[tuple[str, PartitionKey], tuple[Any, ...]] = {}
        for number, key in enumerate(sorted(keys, key=str)):
            if number == n_before_death:
                break
            self._run_key(key, stages, told)
        self.known |= told
        if n_before_death is not None:
            for place in ((stage, key) for stage in stages for key in keys):
                self.said[place] = place in told

    def _run_key(
        self, key: PartitionKey, stages: Sequence[str], told: dict[tuple[str, PartitionKey], tuple[Any, ...]]
    ) -> None:
        unmade: set[str] = set()
        for stage in stages:
            place = (stage, key)
            if self.is_impossible(key) and (key.symbol in self.offered or key.symbol in self.taken):
                continue
            if READS[stage] in unmade:
                unmade.add(stage)
                continue
            is_written = self._make(stage, key)
            self.said[place] = is_written is not None
            if is_written is None:
                unmade.add(stage)
            else:
                version = (self.taken[key.symbol],) if stage == "raw_bars" else self.made[place]
                if is_written or self.known.get(place) != version:
                    told[place] = version

    def _make(self, stage: str, key: PartitionKey) -> bool | None:
        """True when something was written, None when it failed."""
        is_broken = (key.symbol, stage) in self.broken
        if stage == "raw_bars":
            before = self.taken.get(key.symbol)
            if is_broken or (key.symbol not in self.offered and before is None):
                return None
            self.taken[key.symbol] = self.offered.get(key.symbol, before or 0)
            return self.taken[key.symbol] != before
        wanted = self.wanted(stage, key)
        if wanted is not None and self.made.get((stage, key)) == wanted:
            return False
        if wanted is None or is_broken:
            return None
        self.made[stage, key] = wanted
        return True

    def is_impossible(self, key: PartitionKey) -> bool:
        return key.timeframe == "H4" or not (key.symbol in self.offered or key.symbol in self.taken)

    def state(self, stage: str, key: PartitionKey) -> str:
        """The state of one stage of a key."""
        has_failed = not self.said.get((stage, key), True)
        if self.is_impossible(key):
            return "not_applicable"
        if stage == "raw_bars":
            taken = self.taken.get(key.symbol)
            if taken is not None and taken == self.offered.get(key.symbol, taken):
                return "up_to_date"
            return "failed" if has_failed else "missing" if taken is None else "stale"
        stored, wanted = self.made.get((stage, key)), self.wanted(stage, key)
        if stored is not None and stored == wanted:
            return "up_to_date"
        return "failed" if has_failed else "missing" if stored is None else "stale"
