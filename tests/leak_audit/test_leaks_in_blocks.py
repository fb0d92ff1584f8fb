"""Leaks of blocks, coarser bars and engines are caught at the default number of cuts, and honest ones are silent."""

from __future__ import annotations

import pytest

from quant_core.leak_audit.blocks import AuditReport, audit_blocks
from tests.leak_audit.leaks_in_blocks import IN_BLOCKS, FirstFitOfAll, FirstFitOfSymbol, LongestFit, Planted
from tests.leak_audit.planted_leaks import PLANTED

N_CUTS = 10
"""What the check of the pipeline uses."""


def audited(planted: Planted, seed: int) -> AuditReport:
    for remembering in (FirstFitOfSymbol.fits, FirstFitOfAll.kept, LongestFit.longest):
        remembering.clear()
    remembers = any(type(c) in (FirstFitOfSymbol, FirstFitOfAll, LongestFit) for c in planted.blocks.conditions)
    return audit_blocks(
        planted.bars, planted.blocks, n_cuts=N_CUTS, seed=seed, engines=planted.engines, fresh_process=remembers
    )


def test_the_corpus_has_every_kind() -> None:
    assert len(PLANTED) + len(IN_BLOCKS) >= 23


@pytest.mark.parametrize(
    ("name", "seed"), [(n, s) for n in IN_BLOCKS for s in ((1,) if n.startswith("fit_remembers") else (1, 2, 3))]
)
def test_the_leak_is_caught_and_its_block_named(name: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    IN_BLOCKS[name].patch(monkeypatch)
    leaks = audited(IN_BLOCKS[name], seed).leaks
    assert IN_BLOCKS[name].block in {leak.block for leak in leaks}
    assert all(str(leak) for leak in leaks)


@pytest.mark.parametrize("name", ["higher_bar_early_in_mismatch_weeks", "fit_on_train_and_test", "purge_one_short"])
def test_the_same_without_the_leak_is_silent(name: str) -> None:
    report = audited(IN_BLOCKS[name], 1)
    assert report.leaks == []
    assert report.n_values > 400
