"""Quality rules: the numbers and choices of the quality checks that a feed may declare.

Put here: declared values and their defaults.
Keep out: the checks that use them (checks/).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from quant_core.model_parsing import parse_model


class QualityRules(BaseModel):
    """Declared values of the checks; unknown keys are errors with a suggestion.

    Attributes:
        allow_non_positive_prices: prices ≤ 0 are real (spreads, back-adjusted futures): flagged instead of quarantined.
        conflicting_duplicates: rows of one time with different values: ``quarantine`` all, or ``keep_last`` in
            source order (for feeds that append corrections).
        outside_sessions: bars that touch no session: ``quarantine``, or ``keep``; kept ones count to the next session.
        withdrawn_rows: stored bars that a newer file leaves out of the range it covers, or that a table has no more:
            ``keep`` and flag, or ``remove`` in a new version of the history (for files that are full snapshots).
        spike_k: a spike is larger than this many robust standard deviations of a bar's log return.
        spike_window_bars: length of the blocks of bars from which the scale of moves is estimated.
        spike_min_fraction: moves smaller than this fraction of the price are no spikes.
        clock_gap_hours: a bar after a pause of at least this length is an open of the week.
        clock_step_minutes: opens are compared on this grid; smaller shifts are not seen.
        n_examples: how many of the largest gaps and first finds are listed.

    >>> QualityRules.parse({"spike_kk": 3}, "a.yaml: quality")
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No quality rule is called 'spike_kk' (at a.yaml: quality.spike_kk). Did you ...
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow_non_positive_prices: bool = False
    conflicting_duplicates: Literal["quarantine", "keep_last"] = "quarantine"
    outside_sessions: Literal["quarantine", "keep"] = "quarantine"
    withdrawn_rows: Literal["keep", "remove"] = "keep"
    spike_k: float = Field(default=25.0, gt=0)
    spike_window_bars: int = Field(default=200, ge=20)
    spike_min_fraction: float = Field(default=0.005, ge=0)
    clock_gap_hours: float = Field(default=24.0, gt=0)
    clock_step_minutes: int = Field(default=30, gt=0)
    n_examples: int = Field(default=5, ge=1)

    @classmethod
    def parse(cls, mapping: Mapping[str, Any], where: str) -> QualityRules:
        """Read rules from configuration; errors name the place.

        Raises:
            ConfigError: an unknown key (with suggestions) or a wrong value.
        """
        return parse_model(cls, mapping, where, kind="quality rule")
