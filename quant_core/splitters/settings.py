"""The section ``folds`` of the research file: how history is cut into training and test, for every engine.

Put here: the section, its two forms in the file (a splitter's id, or months and fractions) and the frozen value.
Keep out: the cuts themselves (the splitters' files) and what is learned and tested on them (the engines).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from quant_core.block import Count, CountOrZero, Fraction
from quant_core.errors import ConfigError
from quant_core.grammar import parse_block
from quant_core.model_parsing import parse_model
from quant_core.section import Reading, Section
from quant_core.splitters import SPLITTERS, Splitter
from quant_core.splitters.single_split import SingleSplit
from quant_core.splitters.walk_forward import WalkForward
from quant_core.timeframes import Timeframe, timeframe_at


@dataclass(frozen=True)
class FoldsSpec:
    """How every timeframe's history is cut.

    Attributes:
        splitter, splitter_by_timeframe: the rule, and the rules of timeframes with one of their own.
        min_trades, min_trades_by_timeframe: the least number of events that an engine may judge.
    """

    splitter: Splitter = field(default_factory=SingleSplit)
    splitter_by_timeframe: Mapping[Timeframe, Splitter] = field(default_factory=dict[Timeframe, Splitter])
    min_trades: int = 0
    min_trades_by_timeframe: Mapping[Timeframe, int] = field(default_factory=dict[Timeframe, int])

    def at(self, timeframe: Timeframe) -> Splitter:
        """The splitter of one timeframe.

        >>> spec = FoldsSpec(splitter_by_timeframe={Timeframe.M1: WalkForward(train_months=8)})
        >>> spec.at(Timeframe.M1).name, spec.at(Timeframe.D1).name
        ('walk_forward', 'single_split')
        """
        return self.splitter_by_timeframe.get(timeframe, self.splitter)


class RuleModel(BaseModel):
    """One rule: ``splitter`` names it, or months make a walk-forward and ``train_fraction`` a single split.

    ``n_folds`` is at most that many (absent: as many as the data hold).
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    splitter: str | dict[str, Any] | None = None
    scheme: Literal["rolling", "anchored"] | None = None
    train_months: Count | None = None
    test_months: Count | None = None
    n_folds: Count | None = None
    train_fraction: Fraction | None = None
    embargo_days: CountOrZero | None = None
    min_trades: CountOrZero = 0


class FoldsModel(RuleModel):
    """The section in the file: the rule for all timeframes, and rules of their own for some."""

    by_timeframe: dict[str, Any] = Field(default_factory=dict[str, Any])


_WALK_FORWARD = ("scheme", "train_months", "test_months", "n_folds")
_SINGLE_SPLIT = ("train_fraction",)


def _read(value: object, reading: Reading) -> FoldsSpec:
    """Both forms; without the section, one cut."""
    model = parse_model(FoldsModel, _as_mapping(value), reading.where)
    place = f"{reading.where}.by_timeframe"
    own = {
        timeframe_at(t, place): (f"{place}.{t}", parse_model(RuleModel, _as_mapping(rule), f"{place}.{t}"))
        for t, rule in model.by_timeframe.items()
    }
    return FoldsSpec(
        _splitter(model, reading.where),
        {t: _splitter(rule, where) for t, (where, rule) in own.items()},
        model.min_trades,
        {t: rule.min_trades for t, (_, rule) in own.items()},
    )


def _as_mapping(value: object) -> object:
    """A splitter's id alone is a rule too; nothing is the default rule."""
    return {"splitter": value} if isinstance(value, str) else {} if value is None else value


def _splitter(rule: RuleModel, where: str) -> Splitter:
    """The splitter that a rule means; forms do not mix."""
    given = {k: v for k in (*_WALK_FORWARD, *_SINGLE_SPLIT, "embargo_days") if (v := getattr(rule, k)) is not None}
    if rule.splitter is not None:
        if given:
            raise ConfigError.at(
                where,
                expected="a splitter with its parameters in brackets, or months and fractions without one",
                found=sorted(given),
                next_step="Move them into the brackets.",
            )
        return parse_block(SPLITTERS, rule.splitter, f"{where}.splitter")
    months = sorted(k for k in given if k in _WALK_FORWARD)
    if not months:
        return SingleSplit(**given)
    if "train_fraction" in given:
        raise ConfigError.at(
            where, expected="either train_fraction or months", found=months, next_step="Remove one of the two."
        )
    return WalkForward(**given)


def _plain(folds: FoldsSpec) -> object:
    """One form for all: the splitters' ids."""
    return {
        "splitter": folds.splitter.canonical,
        "min_trades": folds.min_trades,
        "by_timeframe": {
            t.value: {"splitter": folds.at(t).canonical, "min_trades": folds.min_trades_by_timeframe.get(t, 0)}
            for t in sorted({*folds.splitter_by_timeframe, *folds.min_trades_by_timeframe})
        },
    }


SECTION: Section[FoldsSpec] = Section("folds", _read, _plain)
