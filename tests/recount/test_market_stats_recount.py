"""What the recounted rows of ``market_stats`` hold: every kind of answer, and null for what cannot be known."""

from __future__ import annotations

from tests.recount.comparison import Recounted


def test_no_column_says_the_same_everywhere(market_stats: Recounted) -> None:
    """A column without two values would agree with any constant."""
    rows = [row for stored, _ in market_stats.tables for row in stored]
    assert not {name for name in rows[0] if len({row[name] for row in rows}) < 2}
    seen = {name: {row[name] for row in rows} for name in ("verdict", "cost_side", "clears_cost", "replicated")}
    assert seen["verdict"] == {None, "significant", "not_significant", "underpowered", "insufficient"}
    assert seen["cost_side"] == {None, "with", "against"}
    assert seen["clears_cost"] == seen["replicated"] == {None, True, False}
    shares = {row["tie_share"] for row in rows}
    assert any(x is not None and x > 0.05 for x in shares)
    # A hypothesis of one name holds cells of other events, states and targets.
    assert any(row["hypothesis"] and row["event"] not in row["hypothesis"] for row in rows)


def test_what_cannot_be_known_is_null(market_stats: Recounted) -> None:
    """Of a hypothesis without a test, and of trades that all pay the same, as where a price stands still for ever."""
    rows = [row for stored, _ in market_stats.tables for row in stored]
    untested = [r for r in rows if r["p_value"] is None]
    assert untested
    assert {r["mde"] for r in untested} == {None}
    still = [r for r in rows if r["symbol"] == "CCC" and r["target_kind"] == "numeric" and r["n_blocks"] >= 10]
    assert still
    assert {r["net_open_mean_bps"] for r in still} == {-2.0}
    assert {r[f"net_open_ci_{side}_bps"] for r in still for side in ("low", "high")} == {None}
