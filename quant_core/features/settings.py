"""The section ``features`` of the research file: which series are stored beside the bars.

Put here: the section.
Keep out: the features themselves (their files).
"""

from __future__ import annotations

from typing import Any, cast

from quant_core.block_lists import plain_blocks, read_blocks
from quant_core.errors import ConfigError
from quant_core.features import FEATURES
from quant_core.features.contract import Feature
from quant_core.section import Reading, Section


def _read(value: object, reading: Reading) -> tuple[Feature, ...]:
    """A list of features; all timeframes have all of them."""
    if value is not None and not isinstance(value, list):
        raise ConfigError.at(reading.where, expected="a list of features", found=value, next_step="Write a list.")
    found = read_blocks(FEATURES, cast("list[Any]", value or []), reading.where)
    if found.only:
        raise ConfigError.at(
            reading.where,
            expected="features of all timeframes",
            found=sorted(found.only),
            next_step="Remove their timeframes.",
        )
    return found.blocks


def _plain(features: tuple[Feature, ...]) -> object:
    """Results do not depend on the order of the list."""
    return plain_blocks(features, {})


SECTION: Section[tuple[Feature, ...]] = Section("features", _read, _plain)
