"""What every block of every family promises, whatever it computes."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quant_core.bars import Bars
from quant_core.block import Block
from quant_core.catalog import Catalog
from quant_core.conditions import CONDITIONS
from quant_core.conditions.contract import Condition
from quant_core.errors import ConfigError
from quant_core.events import EVENTS
from quant_core.events.contract import Event
from quant_core.features import FEATURES
from quant_core.features.contract import Feature
from quant_core.spec import parse_block
from quant_core.targets import TARGETS
from quant_core.targets.contract import Target
from tests.contract.block_variants import suits, variants

FAMILIES: list[Catalog[Block]] = [FEATURES, EVENTS, CONDITIONS, TARGETS]
DEFAULTS = [(catalog, block) for catalog in FAMILIES for block in catalog.values()]
IDS = {"ids": lambda v: "" if isinstance(v, Catalog) else getattr(v, "__name__", str(v))}
ALL = [(catalog, block) for catalog in FAMILIES for block in variants(catalog)]


def evaluated(block: Block, bars: Bars) -> pl.DataFrame:
    """Whatever the block computes, as a frame."""
    match block:
        case Feature():
            return block.compute(bars).to_frame()
        case Event():
            return block.mask(bars).to_frame()
        case Condition():
            return block.fit(bars).labels(bars).to_frame()
        case Target():
            return block.outcome(bars)
    raise TypeError(block)


@pytest.mark.parametrize(("catalog", "block"), DEFAULTS, **IDS)
def test_the_docstring_says_what_is_promised_and_shows_it(catalog: Catalog[Block], block: type[Block]) -> None:
    doc = block.__doc__ or ""
    assert [word for word in ("Look-ahead:", "Missing:", "Source:", ">>>") if word not in doc] == []
    assert len(catalog) > 0


@pytest.mark.parametrize(("catalog", "block"), ALL, **IDS)
def test_equal_parameters_are_the_same_block(catalog: Catalog[Block], block: Block) -> None:
    again = dataclasses.replace(block)
    assert again == block
    assert hash(again) == hash(block)
    assert parse_block(catalog, block.canonical) == block


@pytest.mark.parametrize("catalog", FAMILIES, ids=lambda c: c.family)
def test_different_parameters_have_different_ids(catalog: Catalog[Block]) -> None:
    blocks = variants(catalog)
    assert len({b.canonical for b in blocks}) == len(blocks)


@pytest.mark.parametrize(("catalog", "block"), ALL, **IDS)
def test_a_block_cannot_be_changed(catalog: Catalog[Block], block: Block) -> None:
    for field in dataclasses.fields(block):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(block, field.name, None)
    assert block == type(block)(**{f.name: getattr(block, f.name) for f in dataclasses.fields(block)})


@pytest.mark.parametrize(("catalog", "block"), DEFAULTS, **IDS)
def test_parameters_refuse_what_makes_no_sense(catalog: Catalog[Block], block: type[Block]) -> None:
    """Negative windows, fractions of a bar, words, NaN, unknown choices: an error that names the parameter."""
    wrong: dict[type, tuple[object, ...]] = {
        int: (-1, 1.5, "many", True),
        float: (float("nan"), float("inf"), "much", True, -1.0),
        bool: ("perhaps", 2),
        str: ("no such choice", 7),
    }
    default = block()
    for field in dataclasses.fields(block):
        for value in wrong.get(type(getattr(default, field.name)), ()):
            with pytest.raises(ConfigError, match=f"{default.name}.{field.name}"):
                block(**{field.name: value})
    assert default == block()


@pytest.mark.parametrize(("catalog", "block"), ALL, **IDS)
def test_the_bars_are_left_as_they_were(catalog: Catalog[Block], block: Block, markets: dict[str, Bars]) -> None:
    for bars in markets.values():
        if suits(block, bars):
            before = bars.frame.clone()
            first = evaluated(block, bars)
            assert_frame_equal(bars.frame, before)
            assert_frame_equal(evaluated(block, bars), first)


@pytest.mark.parametrize(("catalog", "block"), ALL, **IDS)
def test_no_bars_and_few_bars_are_no_problem(catalog: Catalog[Block], block: Block, markets: dict[str, Bars]) -> None:
    for bars in markets.values():
        for n in (0, 1, 2, 3):
            if suits(block, bars):
                assert evaluated(block, bars.head(n)).height == n
