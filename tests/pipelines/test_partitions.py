"""The planner of rectangles, against random sets of keys and against Dagster's own reading of a range."""

from __future__ import annotations

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.errors import ConfigError, SymbolError
from quant_pipelines.lake.partitions import SYMBOL_TIMEFRAME, TIMEFRAMES, PartitionKey, plan_rectangles

ORDER = ["ZZ", "A", "M", "B", "C.D", "X_1", "E-F"]
KEYS = st.sets(st.builds(PartitionKey, st.sampled_from(ORDER), st.sampled_from(TIMEFRAMES)))


@given(keys=KEYS)
def test_rectangles_cover_exactly_the_keys_once(keys: set[PartitionKey]) -> None:
    covered = [key for rectangle in plan_rectangles(keys, ORDER) for key in rectangle.keys]
    assert len(covered) == len(set(covered))
    assert set(covered) == keys


@given(keys=KEYS)
def test_every_rectangle_is_contiguous_in_both_dimensions(keys: set[PartitionKey]) -> None:
    for rectangle in plan_rectangles(keys, ORDER):
        for values, order in ((rectangle.symbols, ORDER), (rectangle.timeframes, TIMEFRAMES)):
            first = list(order).index(values[0])
            assert tuple(order[first : first + len(values)]) == values


@settings(max_examples=25, deadline=None)
@given(keys=KEYS)
def test_dagster_reads_a_rectangle_as_the_same_keys(keys: set[PartitionKey]) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("symbols", ORDER)
        for rectangle in plan_rectangles(keys, ORDER):
            texts = [str(key) for key in rectangle.keys]
            read = SYMBOL_TIMEFRAME.get_partition_keys_in_range(
                dg.PartitionKeyRange(texts[0], texts[-1]), dynamic_partitions_store=instance
            )
            assert set(read) == set(texts)


def test_a_full_rectangle_is_one_run() -> None:
    keys = [PartitionKey(s, t) for s in ORDER for t in TIMEFRAMES]
    assert len(plan_rectangles(keys, ORDER)) == 1


def test_a_single_key_is_tagged_so_that_filters_by_dimension_work() -> None:
    (rectangle,) = plan_rectangles([PartitionKey("A", "D1")], ORDER)
    assert rectangle.tags == {
        "dagster/partition": "A|D1",
        "dagster/partition/symbol": "A",
        "dagster/partition/timeframe": "D1",
    }


def test_unregistered_symbols_are_named() -> None:
    with pytest.raises(ConfigError, match=r"NEW.*register_symbols"):
        plan_rectangles([PartitionKey("NEW", "D1")], ORDER)


@pytest.mark.parametrize(
    "text", ["", "A", "A|D1|x", "../x|D1", "a|b|D1", "x,y|D1", "A" * 300 + "|D1", "A|D2", "a;drop|H1"]
)
def test_malformed_keys_are_refused(text: str) -> None:
    with pytest.raises(SymbolError):
        PartitionKey.parse(text)
