"""The research file: what it accepts, what it refuses and how it says so."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.conditions import CONDITIONS
from quant_core.errors import ConfigError, UnknownNameError
from quant_core.events import EVENTS
from quant_core.features import FEATURES
from quant_core.renames import RenamedWarning
from quant_core.spec import MovedWarning, dump_research, load_research, parse_block
from quant_core.splitters.single_split import SingleSplit
from quant_core.splitters.walk_forward import WalkForward
from quant_core.targets import TARGETS
from quant_core.timeframes import Timeframe

DEFAULT = Path(__file__).parents[2] / "quant_pipelines" / "config" / "research.yaml"
FAMILIES = {"events": EVENTS, "conditions": CONDITIONS, "targets": TARGETS, "features": FEATURES}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_block_reads_back_from_its_canonical_string(family):
    catalog = FAMILIES[family]
    for name in catalog:
        block = catalog[name]()
        assert parse_block(catalog, block.canonical) == block
        assert parse_block(catalog, name) == block
        assert parse_block(catalog, {"name": "an alias", "type": name, "params": {}}) == block


def test_the_default_file_loads_and_reads_back_to_the_same_id():
    spec = load_research(DEFAULT.read_text(), "research.yaml")
    assert len(spec.market_stats.events) >= 10
    assert len(spec.market_stats.conditions) >= 5
    assert len(spec.market_stats.targets) >= 7
    assert load_research(dump_research(spec), "dump").spec_id == spec.spec_id
    daily, minutes = ({c.canonical for c in spec.market_stats.at(t).conditions} for t in (Timeframe.D1, Timeframe.M1))
    assert minutes - daily == {"calendar_bin(dimension=city_session)", "calendar_bin(dimension=hour(zone=utc))"}
    assert isinstance(spec.market_stats.at(Timeframe.M1).splitter, WalkForward)


def blocks_of(catalog):
    return st.lists(st.sampled_from(sorted(catalog)), unique=True, max_size=4)


specs = st.fixed_dictionaries(
    {
        "data": st.fixed_dictionaries(
            {},
            optional={
                "symbols": st.lists(st.sampled_from(["A", "B-1", "c.d"]), max_size=3),
                "timeframe": st.sampled_from(["D1", "1h", ["5min", "1d"]]),
                "start": st.dates().map(str),
            },
        ),
        "features": blocks_of(FEATURES),
        "market_stats": st.fixed_dictionaries(
            {"events": blocks_of(EVENTS), "conditions": blocks_of(CONDITIONS), "targets": blocks_of(TARGETS)},
            optional={
                "n_min": st.one_of(st.integers(1, 900), st.just({"default": 50, "W1": 20})),
                "fdr": st.floats(0.01, 0.4),
                "confidence": st.sampled_from([0.9, 0.99]),
                "n_resamples": st.integers(99, 2000),
            },
        ),
        "seed": st.integers(0, 2**40),
    },
    optional={
        "folds": st.one_of(
            st.fixed_dictionaries({"train_fraction": st.floats(0.1, 0.9), "embargo_days": st.integers(0, 9)}),
            st.sampled_from(["single_split", "walk_forward(scheme=anchored,train_months=7)"]),
            st.fixed_dictionaries(
                {"train_months": st.integers(1, 99), "test_months": st.integers(1, 9)},
                optional={
                    "scheme": st.sampled_from(["rolling", "anchored"]),
                    "n_folds": st.integers(1, 5),
                    "min_trades": st.integers(0, 500),
                    "by_timeframe": st.just(
                        {
                            "M1": {"train_fraction": 0.6, "min_trades": 7},
                            "1h": {"train_months": 3},
                            "W1": "single_split",
                        }
                    ),
                },
            ),
        ),
        "cost": st.just({"round_trip_bps": 2, "by_symbol": {"EUR*": 1.5}}),
        "seasonality": st.fixed_dictionaries(
            {},
            optional={
                "profile": st.fixed_dictionaries(
                    {},
                    optional={
                        "by_quarter": st.booleans(),
                        "dimensions": st.just(["turn_of_month", "hour x dow", {"name": "hour", "zone": "Asia/Tokyo"}]),
                        "metrics": st.just(["next_p_up", "next_ret_q25"]),
                        "measure": st.sampled_from(["direction", "return"]),
                    },
                ),
                "signal": st.just({"topk": 2, "dims": ["month"]}),
                "min_samples_bin_by_timeframe": st.just({"W1": 40, "1h": 100}),
            },
        ),
    },
)


@given(specs, st.randoms())
@settings(max_examples=80, deadline=None)
def test_round_trip_and_order_of_keys_keep_the_id(content, random):
    def shuffled(value):
        if isinstance(value, dict):
            keys = list(value)
            random.shuffle(keys)
            return {k: shuffled(value[k]) for k in keys}
        return value

    spec = load_research(yaml.safe_dump(content), "a.yaml")
    assert load_research(dump_research(spec), "b.yaml").spec_id == spec.spec_id
    assert load_research(yaml.safe_dump(shuffled(content), sort_keys=False), "c.yaml").spec_id == spec.spec_id


def test_any_change_of_meaning_changes_the_id_and_an_alias_does_not():
    base = "market_stats: {events: [gap_up], targets: [up_next_bar], n_min: 50}\nseed: 1\n"
    first = load_research(base, "a").spec_id
    assert len(first) == 16
    for old, new in (("gap_up", "gap_down"), ("50", "51"), ("seed: 1", "seed: 2"), ("up_next_bar", "next_bullish")):
        assert load_research(base.replace(old, new), "a").spec_id != first
    aliased = base.replace("[gap_up]", "[{name: my gap, type: gap_up}]")
    assert load_research(aliased, "a").spec_id == first


def test_seasonality_written_by_flag_or_by_list_is_the_same_spec():
    texts = ("{profile: {by_month: true}}", "{profile: {dimensions: [month_of_year]}}", "{profile: {by_month: false}}")
    flag, listed, without = (load_research(f"seasonality: {t}", "a").spec_id for t in texts)
    assert flag == listed
    assert flag != without


def test_the_source_systems_layout_is_accepted():
    text = """
    data: {symbols: [EURUSD], timeframe: 1h, start: 2018-01-01, end: 2019-12-31}
    events: [{name: streak, type: k_consecutive, params: {k: 4, direction: down}}]
    conditions: [{name: session, params: {}}]
    targets: [{name: up_next_bar}]
    validation: {min_trades: 400, train_months: 6, test_months: 1, folds: 3, embargo_days: 2}
    """
    with pytest.warns(RenamedWarning), pytest.warns(MovedWarning) as caught:
        spec = load_research(text, "old.yaml")
    moved = [str(w.message) for w in caught if w.category is MovedWarning]
    assert [text.split(" has moved")[0] for text in moved] == [
        f"old.yaml: {name}" for name in ("events", "conditions", "targets", "validation")
    ]
    assert spec.market_stats.events[0].canonical == "k_consecutive(window_bars=4,direction=down)"
    assert spec.market_stats.splitter == WalkForward("rolling", 6, 1, 3, 2)
    assert spec.market_stats.n_min == 400
    assert spec.data.timeframes == (Timeframe.H1,)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("market_stats: {evnts: []}", UnknownNameError, ["evnts", "a.yaml: market_stats.evnts", "'events'"]),
        ("folds: {train_month: 3}", UnknownNameError, ["a.yaml: folds.train_month", "train_months"]),
        (
            "folds: {by_timeframe: {M1: {train_month: 3}}}",
            UnknownNameError,
            ["by_timeframe.M1.train_month", "train_months"],
        ),
        ("folds: {splitter: walk_forwards}", UnknownNameError, ["a.yaml: folds.splitter", "'walk_forward'"]),
        ("folds: {splitter: walk_forward, train_months: 3}", ConfigError, ["folds", "train_months", "brackets"]),
        ("features: [{name: gap, timeframes: [D1]}]", ConfigError, ["features", "gap", "Remove their timeframes"]),
        ("features: gap", ConfigError, ["features", "a list of features"]),
        ("market_stats: [gap_up]", ConfigError, ["market_stats", "a mapping of events"]),
        ("market_stats: {events: [gap_upp]}", UnknownNameError, ["gap_upp", "market_stats.events[0]", "gap_up"]),
        (
            "market_stats: {events: ['k_consecutive(windw_bars=3)']}",
            UnknownNameError,
            ["windw_bars", "events[0]", "Did you mean 'window_bars'"],
        ),
        (
            "market_stats: {events: ['k_consecutive(window_bars=0)']}",
            ConfigError,
            ["events[0]", "k_consecutive.window_bars", "1", "'0'"],
        ),
        (
            "market_stats: {events: ['k_consecutive(window_bars=x)']}",
            ConfigError,
            ["k_consecutive.window_bars", "integer", "'x'"],
        ),
        ("market_stats: {events: ['k_consecutive(direction=left)']}", ConfigError, ["direction", "'up'", "'left'"]),
        ("market_stats: {events: ['k_consecutive(window_bars=3']}", ConfigError, ["events[0]", "Close the bracket"]),
        ("market_stats: {events: [7]}", ConfigError, ["events[0]", "found 7"]),
        ("market_stats: {events: [{name: gap_up, parms: {}}]}", UnknownNameError, ["parms", "params"]),
        ("market_stats: {events: [gap_up, gap_up]}", ConfigError, ["gap_up", "twice"]),
        ("market_stats: {fdr: 1.5}", ConfigError, ["market_stats.fdr", "less than 1", "1.5"]),
        ("folds: {train_fraction: 0.5, train_months: 3}", ConfigError, ["folds", "either"]),
        ("folds: {train_months: 0}", ConfigError, ["train_months", "greater than or equal to 1"]),
        ("data: {timeframe: 1M}", ConfigError, ["data.timeframe", "ambiguous"]),
        ("data: {start: 2020-02-01, end: 2020-01-01}", ConfigError, ["data.end", "2020-01-01"]),
        ("data: {dataset_path: x.csv}", ConfigError, ["data.dataset_path", "sources.yaml"]),
        ("data: {mysql: {}}", ConfigError, ["data.mysql", "sources.yaml"]),
        ("artifacts: {out_dir: runs}", ConfigError, ["artifacts", "QUANT_LAKE"]),
        ("persistence: {enabled: true}", ConfigError, ["persistence.enabled", "lake"]),
        ("persistence: {spec_id: abc}", ConfigError, ["persistence.spec_id", "computed"]),
        (
            "events: [gap_up]\nmarket_stats: {events: [gap_up]}",
            ConfigError,
            ["a.yaml: events", "Keep market_stats.events"],
        ),
        ("seed: 1\nseed: 2", ConfigError, ["'seed' is given twice"]),
        ("[1, 2]", ConfigError, ["mapping of sections"]),
        ("a: [", ConfigError, ["not YAML"]),
        ("sead: 1", UnknownNameError, ["sead", "'seed'"]),
        ("seasonality: {profil: {}}", UnknownNameError, ["a.yaml: seasonality.profil", "'profile'"]),
        ("seasonality: {profile: {by_hours: true}}", UnknownNameError, ["profile.by_hours", "'by_hour'"]),
        ("seasonality: {signal: {top: 3}}", UnknownNameError, ["signal.top", "'topk'"]),
        ("seasonality: {profile: {dimensions: [mont]}}", UnknownNameError, ["a.yaml: seasonality", "mont", "'month'"]),
        ("seasonality: {profile: {metrics: [p_upp]}}", UnknownNameError, ["a.yaml: seasonality", "'next_p_up'"]),
        ("seasonality: {signal: {dims: [hourr]}}", UnknownNameError, ["a.yaml: seasonality", "'hour'"]),
        ("seasonality: {profile: {q_max: 2}}", ConfigError, ["seasonality.profile.q_max", "less than 1"]),
        (
            "seasonality: {min_samples_bin_by_timeframe: {1M: 9}}",
            ConfigError,
            ["min_samples_bin_by_timeframe", "ambiguous"],
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_place_and_a_way_out(text, error, words):
    with pytest.raises(error) as caught:
        load_research(text, "a.yaml")
    for word in words:
        assert word in str(caught.value)


def test_nested_blocks_and_lists_are_read():
    joint = parse_block(
        CONDITIONS, "joint(first=calendar_bin(dimension=dow),second=quantile_bin(feature=rsi(window_bars=7),n_bins=3))"
    )
    assert "rsi(window_bars=7)" in joint.canonical
    assert parse_block(CONDITIONS, joint.canonical) == joint
    mapped = {"name": "quantile_bin", "params": {"feature": {"name": "atr", "params": {"window_bars": 5}}}}
    assert "atr(window_bars=5" in parse_block(CONDITIONS, mapped).canonical


def test_learned_bins_cannot_be_set_in_a_file():
    with pytest.raises(UnknownNameError, match="cuts"):
        parse_block(CONDITIONS, "vol_tertile(cuts=[0.1;0.2])")


def test_an_empty_file_is_the_default_spec():
    spec = load_research("", "empty.yaml")
    assert spec.market_stats.events == ()
    assert spec.market_stats.splitter == SingleSplit()


def test_costs_are_read_kept_in_order_and_part_of_the_id():
    text = "cost: {round_trip_bps: 2, by_symbol: {'EUR*': 0.5, '*USD': 1}}"
    spec = load_research(text, "r.yaml")
    cost = spec.market_stats.cost
    assert [cost.bps_of(s) for s in ("EURUSD", "GBPUSD", "SP500")] == [0.5, 1.0, 2.0]
    assert load_research(dump_research(spec), "dump").spec_id == spec.spec_id
    # The first match counts, so another order is another spec; and no section is not a cost of 0.
    other = load_research("cost: {round_trip_bps: 2, by_symbol: {'*USD': 1, 'EUR*': 0.5}}", "r.yaml")
    none, zero = (load_research(c, "r.yaml") for c in ("", "cost: {round_trip_bps: 0}"))
    assert none.market_stats.cost is None
    assert len({s.spec_id for s in (spec, other, none, zero)}) == 4
    assert other.market_stats.cost.bps_of("EURUSD") == 1.0


@pytest.mark.parametrize(
    ("cost", "says"),
    [
        ("{round_trip_bps: -1}", "cost.round_trip_bps: expected greater than or equal to 0, found -1"),
        ("{by_symbol: {EURUSD: 1}}", "cost.round_trip_bps: expected this key"),
        (
            "{round_trip_bps: 1, by_symbol: {A: -2}}",
            "cost.by_symbol.A: expected greater than or equal to 0",
        ),
        ("{round_trip_bps: 1, by_symbl: {}}", "No setting is called 'by_symbl'"),
        ("2.0", "r.yaml: cost: expected a mapping of round_trip_bps"),
    ],
)
def test_a_wrong_cost_is_refused_with_its_place(cost, says):
    with pytest.raises(ConfigError) as error:
        load_research(f"cost: {cost}", "r.yaml")
    assert says in str(error.value)
