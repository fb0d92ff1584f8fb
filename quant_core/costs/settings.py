"""The section ``cost`` of the research file: what a round trip costs, for every engine that trades.

Put here: the section, its shape in the file and the frozen value.
Keep out: which numbers are net of it (the engines).
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from quant_core.errors import ConfigError
from quant_core.model_parsing import parse_model
from quant_core.section import Reading, Section

Bps: TypeAlias = Annotated[float, Field(ge=0)]


@dataclass(frozen=True)
class CostSpec:
    """What it costs to enter and leave a trade once: spread, commission and slippage together.

    Attributes:
        round_trip_bps: of the entry price in basis points, charged on every trade, won or lost; ≥ 0.
        by_symbol: (pattern, round_trip_bps) for some symbols; ``*`` stands for anything, the first match counts.
    """

    round_trip_bps: float
    by_symbol: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        for bps in (self.round_trip_bps, *(bps for _, bps in self.by_symbol)):
            if not 0 <= bps < float("inf"):
                raise ConfigError.at(
                    "cost",
                    expected="basis points of the entry price, 0 or more",
                    found=bps,
                    next_step="Give what a round trip costs; 0 for a market without cost.",
                )

    def bps_of(self, symbol: str) -> float:
        """Cost of a round trip in one symbol, basis points.

        >>> cost = CostSpec(2.0, (("EUR*", 0.5), ("*USD", 1.0)))
        >>> cost.bps_of("EURUSD"), cost.bps_of("GBPUSD"), cost.bps_of("SP500")
        (0.5, 1.0, 2.0)
        """
        return next((bps for pattern, bps in self.by_symbol if fnmatchcase(symbol, pattern)), self.round_trip_bps)


class CostModel(BaseModel):
    """The section in the file; symbols are patterns as in file names."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    round_trip_bps: Bps
    by_symbol: dict[str, Bps] = Field(default_factory=dict[str, float])


def _read(value: object, reading: Reading) -> CostSpec | None:
    """No section is no cost that anybody named, and not a cost of 0."""
    if value is None:
        return None
    model = parse_model(CostModel, value, reading.where)
    return CostSpec(model.round_trip_bps, tuple(model.by_symbol.items()))


def _plain(cost: CostSpec | None) -> object:
    """Patterns keep their order, because the first match counts: a list, not a mapping."""
    return cost and {"round_trip_bps": cost.round_trip_bps, "by_symbol": [list(pair) for pair in cost.by_symbol]}


def _dump(cost: CostSpec | None) -> object:
    return cost and {"round_trip_bps": cost.round_trip_bps, "by_symbol": dict(cost.by_symbol)}


SECTION: Section[CostSpec | None] = Section("cost", _read, _plain, dump=_dump)
