"""What the recounted rows of ``seasonality_profiles`` hold: every kind of answer, and null for what cannot be known."""

from __future__ import annotations

from tests.recount.comparison import Recounted


def test_no_column_says_the_same_everywhere(seasonality_profiles: Recounted) -> None:
    rows = [row for stored, _ in seasonality_profiles.tables for row in stored]
    # The stage profiles all bars only: the rows of folds are the engine's, for those who ask it.
    assert {name for name in rows[0] if len({row[name] for row in rows}) < 2} == {"fold", "split"}
    seen = {name: {row[name] for row in rows} for name in ("verdict", "reading", "unit", "stable", "replicated")}
    assert seen["verdict"] == {None, "significant", "not_significant", "underpowered", "insufficient"}
    assert seen["reading"] == {"own", "next"}
    assert seen["unit"] == {"fraction", "count", "bars"}
    assert {None, True} <= seen["stable"]
    assert {None, True} <= seen["replicated"]
    # Both sides of a flag are one hypothesis.
    assert any(row["bin"] == "1" and row["hypothesis"].endswith("| 0") for row in rows)


def test_what_cannot_be_known_is_null(seasonality_profiles: Recounted) -> None:
    """Of one cluster, of values that are all equal, and of a hypothesis without a test."""
    rows = [row for stored, _ in seasonality_profiles.tables for row in stored]
    alone = [r for r in rows if r["n_clusters"] == 1 and r["metric"] == "own_ret_mean"]
    equal = [r for r in rows if r["metric"] == "run_len_up_mean" and r["n"] > 1 and r["value"] == 1]
    untested = [r for r in rows if r["p_value"] is None]
    assert all([alone, equal, untested])
    assert {r["ci_low"] for r in equal} == {None}
    assert {r["mde"] for r in untested} == {None}
    in_one_year = [r for r in alone if r["timeframe"] == "H1" and r["dimension"] == "quarter(zone=session)"]
    assert {r["se_lift"] for r in in_one_year} == {None}
