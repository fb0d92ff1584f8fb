"""One grammar for the ids of every family: what is stored can be pasted back, whatever its parameters."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quant_core.block import Block
from quant_core.catalog import Catalog
from quant_core.dimensions import DIMENSIONS
from quant_core.errors import ConfigError
from quant_core.grammar import parse_block
from quant_core.reference import families
from quant_core.renames import RenamedWarning
from quant_core.seasonality.settings import SeasonalityProfileSpec
from quant_core.spec import load_research
from tests.contract.random_blocks import blocks_of, hints_of

BLOCKS = [(catalog, block) for catalog in families().values() for block in catalog.values()]
IDS = {"ids": lambda v: v.family if isinstance(v, Catalog) else v.__name__}


def test_every_family_is_here() -> None:
    names = {"events", "conditions", "targets", "features", "dimensions", "profile_metrics", "splitters", "worlds"}
    assert names | {"estimators", "inference"} <= set(families())


@pytest.mark.parametrize(("catalog", "block"), BLOCKS, **IDS)
def test_an_id_reads_back_to_its_block(catalog: Catalog[Block], block: type[Block]) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def reads_back(data: st.DataObject) -> None:
        drawn = data.draw(blocks_of(block))
        assert parse_block(catalog, drawn.canonical) == drawn
        assert parse_block(catalog, f" {drawn.canonical} ").canonical == drawn.canonical
        spaced = drawn.canonical.replace(",", " , ").replace("=", " = ")
        assert parse_block(catalog, spaced) == drawn
        parameters: dict[str, object] = {name: getattr(drawn, name) for name in hints_of(block)}
        assert parse_block(catalog, {"name": "free", "type": drawn.name, "params": parameters}) == drawn

    reads_back()


def test_a_stored_dimension_goes_back_into_a_spec() -> None:
    stored = "cross(first=session(zone=America/New_York),second=dow(zone=Europe/London))"
    text = f"seasonality: {{profile: {{by_hour: false, by_dow: false, dimensions: ['{stored}', last_2, hour x dow]}}}}"
    profile = load_research(text, "a.yaml").seasonality.spec.profile
    again = SeasonalityProfileSpec(
        by_hour=False, by_dow=False, dimensions=tuple(d.canonical for d in profile.resolved_dimensions())
    )
    assert again.resolved_dimensions() == profile.resolved_dimensions()
    assert profile.resolved_dimensions()[0].canonical == stored


def test_a_stored_metric_goes_back_into_a_spec() -> None:
    text = "seasonality: {profile: {ret_horizon: 3, metrics: ['next_ret_quantile(q=0.25,horizon_bars=7)', next_p_up]}}"
    metrics = load_research(text, "a.yaml").seasonality.spec.profile.resolved_metrics()
    assert [m.canonical for m in metrics] == ["next_ret_quantile(q=0.25,horizon_bars=7)", "next_p_up(horizon_bars=3)"]


def test_names_of_parts_may_be_aliases() -> None:
    assert str(parse_block(DIMENSIONS, "cross(first=is_may,second=last_2)")) == (
        "cross(first=is_month(zone=session,month=5),second=last_day_of_month(k=2,basis=calendar,zone=session))"
    )


def test_aliases_are_no_renames() -> None:
    for catalog in families().values():
        for name, text in catalog.aliases.items():
            # Warnings are errors here: an alias is for good.
            assert parse_block(catalog, name) == parse_block(catalog, text)


def test_a_parameter_is_given_once_under_any_name() -> None:
    with pytest.warns(RenamedWarning), pytest.raises(ConfigError, match="each parameter once"):
        parse_block(families()["features"], "rsi(period=3,window_bars=4)")
