"""The research spec after every default is filled in and every string is a block, and the ids made of it.

Put here: the whole spec, and the part of it that belongs to no engine: which data.
Keep out: the engines' sections (their settings.py) and the reading of the file (``__init__.py``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, TypeVar, cast

from quant_core.compute import Compute
from quant_core.costs.settings import SECTION as COST
from quant_core.costs.settings import CostSpec
from quant_core.errors import UnknownNameError
from quant_core.features.contract import Feature
from quant_core.features.settings import SECTION as FEATURES
from quant_core.market_stats.settings import SECTION as MARKET_STATS
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.seasonality.settings import SECTION as SEASONALITY
from quant_core.seasonality.settings import SeasonalitySection
from quant_core.section import Section
from quant_core.spec._sections import SECTIONS
from quant_core.splitters.settings import SECTION as FOLDS
from quant_core.splitters.settings import FoldsSpec
from quant_core.timeframes import Timeframe

S = TypeVar("S")


@dataclass(frozen=True)
class DataSpec:
    """Which partitions and which stretch of time the spec is about; None: all there is.

    Attributes:
        start: first session, inclusive.
        end: last session, inclusive.
    """

    symbols: tuple[str, ...] | None = None
    timeframes: tuple[Timeframe, ...] | None = None
    start: date | None = None
    end: date | None = None

    def plain(self) -> dict[str, object]:
        """The section as values of the file."""
        return {
            "symbols": None if self.symbols is None else list(self.symbols),
            "timeframe": None if self.timeframes is None else [t.value for t in self.timeframes],
            "start": None if self.start is None else self.start.isoformat(),
            "end": None if self.end is None else self.end.isoformat(),
        }


@dataclass(frozen=True)
class ResearchSpec:
    """A whole research file, resolved.

    Attributes:
        settings: what each section's engine receives, by name of the section; ``of`` gives them with their type.
        compute: threads and memory; no part of any id, because results do not depend on them.

    >>> from quant_core.spec import load_research
    >>> first, other = load_research("", "a.yaml"), load_research("market_stats: {fdr: 0.2}", "b.yaml")
    >>> [name for name in first.settings if first.section_id(name) != other.section_id(name)]
    ['market_stats']
    >>> first.spec_id == other.spec_id, len(first.spec_id)
    (False, 16)
    """

    data: DataSpec
    settings: Mapping[str, object]
    seed: int = 0
    compute: Compute = field(default_factory=Compute)

    def of(self, section: Section[S]) -> S:
        """The settings of one section, as its engine receives them."""
        return cast(S, self.settings[section.name])

    @property
    def features(self) -> tuple[Feature, ...]:
        """What is stored beside the bars."""
        return self.of(FEATURES)

    @property
    def folds(self) -> FoldsSpec:
        """How history is cut."""
        return self.of(FOLDS)

    @property
    def cost(self) -> CostSpec | None:
        """What a round trip costs; None: nobody said."""
        return self.of(COST)

    @property
    def market_stats(self) -> MarketStatsSpec:
        """What is counted and how it is judged, folds and cost included."""
        return self.of(MARKET_STATS)

    @property
    def seasonality(self) -> SeasonalitySection:
        """What is profiled."""
        return self.of(SEASONALITY)

    @cached_property
    def _plain(self) -> dict[str, object]:
        """Every section as plain values: equal settings, however written, give equal values."""
        return {name: SECTIONS[name].plain(settings) for name, settings in self.settings.items()}

    @cached_property
    def spec_id(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the whole spec."""
        return _id_of({"data": self.data.plain(), "seed": self.seed, **self._plain})

    @cached_property
    def _section_ids(self) -> dict[str, str]:
        ids: dict[str, str] = {}
        for name in self.settings:
            drawn_from = self.seed_of(name)
            seed = {} if drawn_from is None else {"seed": drawn_from}
            parts = {part: self._plain[part] for part in SECTIONS[name].parts()}
            ids[name] = _id_of({"data": self.data.plain(), **seed, **parts})
        return ids

    def seed_of(self, section: str) -> int | None:
        """The seed of what a section's results draw; None where nothing is random."""
        return self.seed if any(part.draws for part in SECTIONS[section].parts().values()) else None

    def section_id(self, section: str) -> str:
        """The id of what a section's results depend on: itself, the sections it uses, ``data``, and the seed if drawn.

        A change of another section leaves it as it is, and so does a section that is added later.

        Raises:
            UnknownNameError: there is no such section.
        """
        if section not in self._section_ids:
            raise UnknownNameError.among("section", section, self._section_ids)
        return self._section_ids[section]


def _id_of(plain: Mapping[str, Any]) -> str:
    """16 hexadecimal digits of plain values."""
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
