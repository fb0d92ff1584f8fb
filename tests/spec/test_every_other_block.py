"""A ``*`` in a list stands for every block of the family that the list does not name."""

from __future__ import annotations

import pytest

from quant_core.errors import UnknownNameError
from quant_core.events import EVENTS
from quant_core.spec import load_research


def _events(text: str) -> list[str]:
    return [
        e.canonical for e in load_research(f"market_stats: {{events: {text}}}", "research.yaml").market_stats.events
    ]


def test_star_adds_every_event_that_is_not_named() -> None:
    events = _events("['k_consecutive(window_bars=5)', '*']")
    assert events[0] == "k_consecutive(window_bars=5,direction=up)"
    assert sorted(e.split("(")[0] for e in events) == sorted(EVENTS)


def test_star_alone_is_the_whole_family_and_nothing_is_listed_twice() -> None:
    assert len(_events("['*']")) == len(EVENTS)


def test_list_without_star_holds_what_it_names() -> None:
    assert _events("[inside_bar]") == ["inside_bar"]


def test_unit_suffix_of_a_parameter_may_be_left_out() -> None:
    spec = load_research("market_stats: {targets: [{name: time_to_reversal, params: {horizon: 7}}]}", "r")
    assert spec.market_stats.targets[0].horizon == 7


def test_unknown_parameter_is_still_refused() -> None:
    with pytest.raises(UnknownNameError, match="horizon_bars"):
        load_research("market_stats: {targets: ['time_to_reversal(horizn=7)']}", "r")
