"""Every number that a block of any family takes is bounded on both sides, and the bounds are kept."""

from __future__ import annotations

import typing
from collections.abc import Iterator

import pytest

from quant_core.block import Block
from quant_core.errors import ConfigError
from quant_core.reference import families
from tests.contract.random_blocks import base_of, bounds_of, hints_of


def numbers(block: type[Block]) -> Iterator[tuple[str, object, bool]]:
    """Parameter, declared type of one number, and whether it stands in a list."""
    for name, hint in hints_of(block).items():
        inner = typing.get_args(base_of(hint))[0] if typing.get_origin(base_of(hint)) is tuple else None
        number = hint if inner is None else inner
        if base_of(number) in {int, float}:
            yield name, number, inner is not None


CASES = [
    pytest.param(block, name, number, listed, id=f"{catalog.family}-{block.__name__}-{name}")
    for catalog in families().values()
    for block in catalog.values()
    for name, number, listed in numbers(block)
]


@pytest.mark.parametrize(("block", "name", "number", "listed"), CASES)
def test_out_of_domain_is_refused(block: type[Block], name: str, number: object, listed: bool) -> None:
    bounds = bounds_of(number)
    assert {"ge", "gt"} & set(bounds), f"{block.__name__}.{name} has no lower bound"
    assert {"le", "lt"} & set(bounds), f"{block.__name__}.{name} has no upper bound"
    step = 1 if base_of(number) is int else 1e-9
    low = bounds["gt"] if "gt" in bounds else bounds["ge"] - step
    high = bounds["lt"] if "lt" in bounds else bounds["le"] * (1 + 1e-9) + step
    wrong = [low, high, -1e30, 1e30, float("nan"), float("inf"), True, "many"]
    for value in wrong:
        with pytest.raises(ConfigError, match=f"{block().name}.{name}"):
            block(**{name: (value,) if listed else value})


@pytest.mark.parametrize("name", ["confidence", "level", "power", "rate", "q", "train_fraction"])
def test_probabilities_lie_between_0_and_1(name: str) -> None:
    found = [(b, n) for b, n, number, _ in (case.values for case in CASES) if n == name and base_of(number) is float]
    assert found
    for block, _ in found:
        for value in (-1.0, 0.0, 1.0, 95.0):
            with pytest.raises(ConfigError, match=name):
                block(**{name: value})
