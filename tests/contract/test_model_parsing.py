"""A wrong value of any configuration file is told with its place, what was expected and what was found."""

import pytest
from pydantic import BaseModel, ConfigDict, Field

from quant_core.errors import ConfigError, UnknownNameError
from quant_core.model_parsing import parse_model


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")

    train_months: int = Field(1, ge=1)


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule: _Rule | None = None
    by_timeframe: dict[str, _Rule] = Field(default_factory=dict)
    rules: list[_Rule] = Field(default_factory=list)
    schema_name: str = Field("", alias="schema")


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"rule": {"train_months": 0}}, "a.yaml: s.rule.train_months"),
        ({"by_timeframe": {"M1": {"train_months": 0}}}, "a.yaml: s.by_timeframe.M1.train_months"),
        ({"rules": [{}, {"train_months": 0}]}, "a.yaml: s.rules[1].train_months"),
    ],
)
def test_a_wrong_value_has_its_path(values, place):
    with pytest.raises(ConfigError) as caught:
        parse_model(_Settings, values, "a.yaml: s")
    assert str(caught.value) == f"Wrong value at {place}: expected greater than or equal to 1, found 0. Correct it."


@pytest.mark.parametrize(
    ("values", "meant"),
    [
        ({"rulee": 1}, "rule"),
        ({"shema": "x"}, "schema"),
        ({"rule": {"train_month": 1}}, "train_months"),
        ({"by_timeframe": {"M1": {"train_month": 1}}}, "train_months"),
        ({"rules": [{"train_month": 1}]}, "train_months"),
    ],
)
def test_an_unknown_key_is_answered_with_the_keys_of_its_own_mapping(values, meant):
    with pytest.raises(UnknownNameError, match=f"Did you mean '{meant}'"):
        parse_model(_Settings, values, "a.yaml")


def test_every_wrong_key_is_named_and_a_secret_never_repeated():
    class Login(BaseModel):
        model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

        port: int
        retries: int

    with pytest.raises(ConfigError) as caught:
        parse_model(Login, {"port": "hunter2", "retries": "hunter3"}, "sources.yaml: db")
    assert "sources.yaml: db.port" in str(caught.value)
    assert "Wrong too: retries" in str(caught.value)
    assert "hunter" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
