"""Which cells ask one question, what a family finds, and what the test split says of it.

Put here: hypotheses, shared p-values, q-values, detectable effects, verdicts, replication.
Keep out: estimates of one cell (inference_by_hand.py); anything of quant_core.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from tests.recount.inference_by_hand import MIN_BLOCKS, Cell, benjamini_hochberg
from tests.recount.power_by_hand import Power

Row = dict[str, Any]
ORDER = ("event", "condition", "condition_value", "target")


@dataclass(frozen=True)
class Question:
    """A row that is not judged yet, with the bars of its cell and all outcomes around them."""

    row: Row
    cell: Cell
    bars: frozenset[int]
    seen: list[Any]
    is_geometric: bool

    @property
    def content(self) -> object:
        """Both parts of the bars, and the outcomes or their complement, whichever comes first."""
        everywhere = frozenset(x.t for x in self.seen)
        kind = self.row["target_kind"]
        if kind == "time_to_event":
            same = tuple((x.t, x.y, x.ended) for x in self.seen)
            return kind, frozenset((self.bars, everywhere - self.bars)), same
        own = tuple((x.t, x.y) for x in self.seen)
        other = tuple((t, 1 - y if kind == "binary" else -y) for t, y in own)
        return kind, frozenset((self.bars, everywhere - self.bars)), min(own, other)

    @property
    def is_rate(self) -> bool:
        return bool(self.row["target_kind"] == "binary")

    @property
    def is_tested(self) -> bool:
        return not self.is_geometric and self.row["target_kind"] != "time_to_event"

    @property
    def p_value(self) -> float | None:
        return self.cell.p_value(self.row["n_eff"] if self.is_rate else None) if self.is_tested else None

    def mde(self, level: float, asked: float) -> float | None:
        power = Power(level, self.cell.degrees, asked)
        if not self.is_rate:
            return power.of_numbers(self.cell.lift_variance)
        return power.of_rates(self.cell.n, self.cell.share, self.cell.baseline, self.cell.inflation(self.row["n_eff"]))


def judge(questions: list[Question], settings: Row, n_min: int) -> list[Row]:
    """The rows of one split with everything that depends on other rows of it."""
    members = defaultdict(list)
    for question in questions:
        # A cell without a bar asks nothing.
        members[question.content if question.bars else id(question)].append(question)
    hypotheses = list(members.values())
    p_of = {}
    for i, group in enumerate(hypotheses):
        found = [q.p_value for q in group]
        p_of[i] = None if None in found else max(p for p in found if p is not None)
    rows = []
    for kind in ("binary", "numeric", "time_to_event"):
        mine = [i for i, group in enumerate(hypotheses) if group[0].row["target_kind"] == kind]
        enough = {i: all(q.cell.n >= n_min and q.cell.n_blocks >= MIN_BLOCKS for q in hypotheses[i]) for i in mine}
        family = [i for i in mine if enough[i] and p_of[i] is not None]
        q_of = dict(zip(family, benjamini_hochberg([p_of[i] or 0.0 for i in family]), strict=True))
        for i in mine:
            rows += judged(hypotheses[i], (p_of[i], q_of.get(i), len(family)), settings, is_enough=enough[i])
    return rows


def judged(
    group: list[Question], tested: tuple[float | None, float | None, int], settings: Row, *, is_enough: bool
) -> list[Row]:
    """The rows of one hypothesis, of which p, q and the number of tests in its family are known."""
    p, q, n_tests = tested
    level = settings["fdr"] / max(n_tests, 1)
    # What has no test could not find anything.
    mde = [None if p is None else question.mde(level, settings["power"]) for question in group]
    names = sorted(tuple(question.row[name] for name in ORDER) for question in group)
    shared = {"p_value": p, "q_value": q, "n_tests": n_tests}
    shared["hypothesis"] = " | ".join(names[0]) if group[0].bars else None
    silent = "underpowered" if group[0].is_rate and None in mde else "not_significant"

    def verdict(question: Question) -> str | None:
        if not question.is_tested or (question.cell.n and question.cell.is_whole):
            return None
        if q is None:
            nothing_varies = is_enough and p is None and not math.isnan(question.cell.degrees)
            return None if nothing_varies else "insufficient"
        return "significant" if q <= settings["fdr"] else silent

    return [
        question.row | shared | {"mde": least, "verdict": verdict(question)}
        for question, least in zip(group, mde, strict=True)
    ]


def replicate(rows: list[Row]) -> list[Row]:
    """On train rows: has the same cell of the fold's test the same sign and p ≤ 0.05?"""

    def lift(row: Row) -> float:
        found = row.get("lift_freq") if row["target_kind"] == "binary" else row.get("lift_mean")
        return found or 0.0

    tests = {tuple(r[name] for name in ("fold", *ORDER)): r for r in rows if r["split"] == "test"}
    for row in rows:
        row["replicated"] = None
        if row["split"] == "train":
            other = tests[tuple(row[name] for name in ("fold", *ORDER))]
            if row["p_value"] is not None and other["p_value"] is not None:
                same = (lift(row) > 0) == (lift(other) > 0) and (lift(row) < 0) == (lift(other) < 0)
                row["replicated"] = same and other["p_value"] <= 0.05
    return rows
