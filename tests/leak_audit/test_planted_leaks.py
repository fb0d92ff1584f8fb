"""The audit catches every planted leak, shows a slice that reproduces it, and is silent on clean code."""

from __future__ import annotations

import polars as pl
import pytest

from quant_core.leak_audit.audit import Inputs, LeakAudit, find_leaks
from quant_core.leak_audit.cuts import random_cuts
from tests.leak_audit.planted_leaks import PLANTED, TRAIN_END, bars, panel, revisions

KEY = ("symbol", "ts")
ALL_INPUTS: dict[str, pl.DataFrame] = {"bars": bars(), "panel": panel(), "revisions": revisions()}


def _inputs(name: str) -> Inputs:
    used = {"cross_symbol_window": "panel", "revised_bar": "revisions"}.get(name, "bars")
    return {used: ALL_INPUTS[used]}


def _cuts(name: str, inputs: Inputs, n_cuts: int, seed: int) -> list:
    known = next(iter(inputs.values()))["ts_close"]
    if name == "bins_learned_on_test":
        known = known.filter(known > TRAIN_END)
    if name == "rare_one_bar_leak":
        return known.to_list()  # random cuts may miss a handful of bars, every cut cannot
    return random_cuts(known, n_cuts, seed)


def test_corpus_is_large_enough() -> None:
    assert len(PLANTED) >= 12


@pytest.mark.parametrize("name", PLANTED)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_leak_is_caught(name: str, seed: int) -> None:
    inputs = _inputs(name)
    leaks = find_leaks(LeakAudit(PLANTED[name], key=KEY), inputs, _cuts(name, inputs, 25, seed))
    assert {leak.column for leak in leaks} <= {"value", "row"}
    assert leaks


@pytest.mark.parametrize("name", PLANTED)
def test_shortest_slice_reproduces_the_leak_and_is_short(name: str) -> None:
    inputs = _inputs(name)
    audit = LeakAudit(PLANTED[name], key=KEY)
    leak = find_leaks(audit, inputs, _cuts(name, inputs, 25, 1))[0]
    sliced = {k: inputs[k].slice(a, b - a) for k, (a, b) in leak.slice_rows.items()}
    again = find_leaks(audit, sliced, [leak.cut])
    assert leak.column in {a.column for a in again}
    assert sum(f.height for f in sliced.values()) < sum(f.height for f in inputs.values()) // 2


def _clean(inputs: Inputs) -> pl.DataFrame:
    close, train = pl.col("close"), pl.col("ts_close") <= TRAIN_END
    return inputs["bars"].select(
        "symbol",
        "ts",
        "ts_close",
        sma=close.rolling_mean(20),
        ema=close.ewm_mean(span=10),
        gap=pl.col("quote").forward_fill(),
        # Learned on the training bars, so only cuts after TRAIN_END may compare it.
        bin=pl.col("volume") > pl.col("volume").filter(train).quantile(0.66),
    )


def test_clean_code_raises_no_alarm_at_any_cut_after_training() -> None:
    known = ALL_INPUTS["bars"]["ts_close"]
    cuts = known.filter(known >= TRAIN_END).to_list()
    assert len(cuts) > 200
    assert find_leaks(LeakAudit(_clean, key=KEY), {"bars": ALL_INPUTS["bars"]}, cuts) == []


def test_leak_text_names_column_time_values_and_slice() -> None:
    leak = find_leaks(LeakAudit(PLANTED["shift_back"], key=KEY), _inputs("shift_back"), [bars()["ts_close"][50]])[0]
    for part in ("'value'", "2024-01-03", "without", "bars["):
        assert part in str(leak)
    assert leak.without_future is None


def test_difference_within_floating_noise_is_no_leak() -> None:
    def noisy(inputs: Inputs) -> pl.DataFrame:
        frame = inputs["bars"]
        return frame.select("symbol", "ts", "ts_close", value=pl.col("close") * (1 + 1e-13 * frame.height))

    assert find_leaks(LeakAudit(noisy, key=KEY), _inputs("noisy"), [bars()["ts_close"][50]]) == []
