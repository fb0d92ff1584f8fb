"""Market statistics of 12,000 cells against Polars group-bys, and the estimators against a per-cell loop.

Run: ``python -m tests.benchmarks.bench_market_stats [--rows 1000000] [--repeats 3] [--threads N]``. 20 events x 60
bins of 12 conditions x 10 targets, in one process, in turn. ``same work`` is Polars computing the sums of the robust
variance too (group by bin and 64-bar block, then by bin); ``counts only`` is Polars computing n and successes alone,
which is less than what ours does. Ours includes packing, block sums and the robust variance. Exit status 1 when a sum
differs or a target is missed: at least 7 times the same work, estimators at least 100 times the loop.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from quant_core.counting.moments import PackedGroup, count_group
from quant_core.counting.packing import pack_mask, pack_masks, pack_slots
from quant_core.estimators.jeffreys import Jeffreys
from quant_core.estimators.wilson import Wilson
from quant_core.inference.benjamini_hochberg import BenjaminiHochberg

BINS = [3, 4, 5, 6, 7, 3, 4, 5, 6, 7, 5, 5]
N_EVENTS, N_TARGETS, BLOCK_BARS = 20, 10, 64
OFFSETS = np.concatenate([[0], np.cumsum(BINS)])
SUMS = ("total", "nt", "tt", "n_total", "t_all", "t_total", "all_total", "total_total")


def market(n_rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random events of 0.5 to 20 %, condition slots, and outcomes near one half."""
    generator = np.random.default_rng(0)
    density = np.geomspace(0.005, 0.2, N_EVENTS)
    events = np.stack([generator.random(n_rows, dtype=np.float32) < d for d in density])
    codes = np.stack(
        [(generator.random(n_rows, dtype=np.float32) * b).astype(np.int16) + OFFSETS[c] for c, b in enumerate(BINS)]
    ).astype(np.int16)
    targets = np.stack([generator.random(n_rows, dtype=np.float32) < 0.45 for _ in range(N_TARGETS)])
    return events, codes, targets


def ours(events: np.ndarray, codes: np.ndarray, targets: np.ndarray, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Pack, count, and return the sums that the robust variance is made of."""
    n_rows = events.shape[1]
    group = PackedGroup(pack_mask(np.ones(n_rows, dtype=bool)), pack_masks(list(targets), n_rows), 1, 1)
    return count_group(pack_masks(list(events), n_rows), pack_slots(codes, int(OFFSETS[-1])), group, threads)


def _counts_only(frame: pl.LazyFrame) -> list[pl.DataFrame]:
    names = [f"t{t}" for t in range(N_TARGETS)]
    queries = [
        frame.filter(pl.col(f"e{e}")).group_by(f"c{c}").agg(pl.len().alias("n"), pl.col(names).sum())
        for e in range(N_EVENTS)
        for c in range(len(BINS))
    ]
    return pl.collect_all(queries)


def _same_work(frame: pl.LazyFrame) -> list[pl.DataFrame]:
    """Per bin and block, joined with the block's totals, then the products summed per bin."""
    ids = range(N_TARGETS)
    whole = frame.group_by("block").agg(pl.len().alias("N"), *[pl.col(f"t{t}").sum().alias(f"T{t}") for t in ids])
    whole = whole.collect().lazy()
    n, big_n = pl.col("n").cast(pl.Int64), pl.col("N").cast(pl.Int64)
    products = [n.sum(), (n * n).sum().alias("nn"), (n * big_n).sum().alias("n_all"), (big_n**2).sum().alias("all_all")]
    for t in ids:
        k, big_k = pl.col(f"t{t}").cast(pl.Int64), pl.col(f"T{t}").cast(pl.Int64)
        terms = (k, n * k, k * k, n * big_k, k * big_n, k * big_k, big_n * big_k, big_k * big_k)
        products += [term.sum().alias(f"{name}{t}") for name, term in zip(SUMS, terms, strict=True)]
    queries = [
        frame.filter(pl.col(f"e{e}"))
        .group_by(f"c{c}", "block")
        .agg(pl.len().alias("n"), *[pl.col(f"t{t}").sum() for t in ids])
        .join(whole, on="block")
        .group_by(f"c{c}")
        .agg(products)
        for e in range(N_EVENTS)
        for c in range(len(BINS))
    ]
    return pl.collect_all(queries)


def _equal(result: tuple[np.ndarray, np.ndarray], peer: list[pl.DataFrame]) -> bool:
    """Every integer of every cell."""
    cells, sums = result
    for i, table in enumerate(peer):
        e, c = divmod(i, len(BINS))
        for row in table.iter_rows(named=True):
            slot = row[f"c{c}"]
            if [row["n"], row["nn"], row["n_all"], row["all_all"]] != cells[e, slot][[0, 3, 4, 5]].tolist():
                return False
            for t in range(N_TARGETS):
                if [row[f"{name}{t}"] for name in SUMS] != sums[e, slot, t].tolist():
                    return False
    return True


def loop_of_estimates(k: np.ndarray, n: np.ndarray, p: np.ndarray) -> list[np.ndarray]:
    """Wilson, exact Jeffreys interval, posterior mean and Benjamini-Hochberg, cell by cell."""
    out = np.empty((5, len(k)))
    for i in range(len(k)):
        out[0, i], out[1, i] = proportion_confint(k[i], n[i], 0.05, "wilson")
        posterior = stats.beta(k[i] + 0.5, n[i] - k[i] + 0.5)
        shift = optimize.minimize_scalar(
            lambda u, law=posterior: law.ppf(u + 0.95) - law.ppf(u), bounds=(0, 0.05), method="bounded"
        ).x
        out[2, i], out[3, i], out[4, i] = posterior.ppf(shift), posterior.ppf(shift + 0.95), posterior.mean()
    return [*out, multipletests(p, method="fdr_bh")[1]]


def estimates_at_once(k: np.ndarray, n: np.ndarray, p: np.ndarray) -> list[np.ndarray]:
    """The same by the project."""
    rate = k / n
    low, high = Wilson().interval(rate, n)
    hdi_low, hdi_high = Jeffreys().interval(rate, n)
    return [low, high, hdi_low, hdi_high, Jeffreys().mean(rate, n), BenjaminiHochberg().adjust(p)]


def _timed(work: dict[str, Callable[[], object]], repeats: int) -> tuple[dict[str, float], dict[str, object]]:
    """Median seconds of every piece, run in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    results: dict[str, object] = {}
    for _ in range(repeats):
        for name, call in work.items():
            start = time.perf_counter()
            results[name] = call()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}, results


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    events, codes, targets = market(options.rows)
    columns = {f"e{e}": events[e] for e in range(N_EVENTS)} | {f"c{c}": codes[c] for c in range(len(BINS))}
    columns |= {f"t{t}": targets[t] for t in range(N_TARGETS)} | {"block": np.arange(options.rows) // BLOCK_BARS}
    frame = pl.DataFrame(columns).lazy()
    ours(events[:, :4096], codes[:, :4096], targets[:, :4096], options.threads)  # compile
    seconds, results = _timed(
        {
            "ours": lambda: ours(events, codes, targets, options.threads),
            "counts only": lambda: _counts_only(frame),
            "same work": lambda: _same_work(frame),
        },
        options.repeats,
    )
    equal = _equal(results["ours"], results["same work"])  # type: ignore[arg-type]
    ratio = seconds["same work"] / seconds["ours"]
    print(f"12,000 cells, {options.rows:,} rows, {options.threads} threads, median of {options.repeats}")
    print(f"  ours {seconds['ours'] * 1e3:.0f} ms, polars same work {seconds['same work'] * 1e3:.0f} ms: {ratio:.1f}")
    print(f"  polars counts only {seconds['counts only'] * 1e3:.0f} ms: {seconds['counts only'] / seconds['ours']:.1f}")
    print(f"  every sum of every cell equal: {equal}")

    generator = np.random.default_rng(1)
    n = generator.integers(30, 100_000, 12_000)
    k = generator.binomial(n, 0.45)
    p = generator.random(12_000)
    few = slice(0, 600)  # the loop is timed on a twentieth of the cells and scaled
    times, values = _timed(
        {"loop": lambda: loop_of_estimates(k[few], n[few], p[few]), "ours": lambda: estimates_at_once(k, n, p)}, 3
    )
    loop, vector = times["loop"] * 20, times["ours"]
    worst = max(
        float(np.max(np.abs(a - b[few])))
        for a, b in zip(values["loop"][:5], values["ours"][:5], strict=True)  # type: ignore[index]
    )
    print(f"estimators: loop {loop * 1e3:.0f} ms (600 cells x 20), ours {vector * 1e3:.0f} ms: {loop / vector:.0f}")
    print(f"  largest difference {worst:.1e} (the loop's interval search stops at 1e-5 of probability)")
    return 0 if equal and ratio >= 7 and loop / vector >= 100 else 1


if __name__ == "__main__":
    sys.exit(main())
