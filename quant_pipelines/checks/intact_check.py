"""The asset check lake_is_intact on bars: a sample of all published files, each compared with its checksum.

Put here: the check, its run config, the choice of files.
Keep out: the look at a file (lake_files.py) and the look through all of them (``qe doctor``).

Why a check of its own and not one of checks.py: those look at what a run writes, and files decay when nothing is
written. Why on bars and without partitions: everything else comes from bars, and a damaged file is named with its path.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from quant_pipelines.checks.lake_files import LakeFinding, look_at, published_files
from quant_pipelines.lake.lake import Lake
from quant_pipelines.resources import ClockResource, LakeResource
from quant_pipelines.stages.check import Rule, log_evaluation

_N_FILES = 500
_NAMED_FILES = 20

INTACT = Rule(
    "bars",
    "lake_is_intact",
    "A sample of all files of the lake (tables, marts, reports, raw parts and manifests), each compared with its "
    "checksum. A finding is a file that is truncated, zeroed, empty, altered or, of raw parts, gone; `qe doctor` looks "
    "at all files and mends. Run by the job lake_is_intact.",
)


class IntactConfig(dg.Config):
    """Run config of the check."""

    n_files: int = Field(_N_FILES, ge=1, description="Files to look at; all where there are no more.")
    seed: int = Field(-1, ge=-1, description="Seed of the sample; -1 takes the day, so that each day sees other files.")


@dg.multi_asset_check(name="compare_checksums", specs=[INTACT.spec()], can_subset=True)
def lake_is_intact(
    context: dg.AssetCheckExecutionContext, config: IntactConfig, lake: LakeResource, clock: ClockResource
) -> Iterator[dg.AssetCheckResult]:
    """Look at a sample of the files and log one evaluation over it."""
    seed = config.seed if config.seed >= 0 else (clock.now() - datetime(1970, 1, 1, tzinfo=UTC)).days
    n_files, n_looked_at, findings = look_at_sample(lake.open(), n_files=config.n_files, seed=seed)
    damage = [finding for finding in findings if finding.is_damage]
    for finding in damage:
        context.log.error(f"{finding}; see: qe doctor")
    evaluation = dg.AssetCheckEvaluation(
        asset_key=INTACT.key.asset_key,
        check_name=INTACT.name,
        passed=not damage,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{len(damage)} of {n_looked_at:,} files are damaged",
        metadata={
            "n_files": n_files,
            "n_looked_at": n_looked_at,
            "n_damaged": len(damage),
            "n_not_verifiable": len(findings) - len(damage),
            "seed": seed,
            "damage": dg.MetadataValue.json([str(finding) for finding in damage[:_NAMED_FILES]]),
        },
    )
    log_evaluation(context.op_execution_context, evaluation)
    yield from ()  # a step that yields nothing is quiet; one that returns None is warned about


def look_at_sample(lake: Lake, *, n_files: int, seed: int) -> tuple[int, int, list[LakeFinding]]:
    """Look at a seeded sample of the published files.

    Args:
        lake: the lake.
        n_files: how many files at most.
        seed: of the choice; equal seeds choose equally among equal files.

    Returns:
        Files there are, files looked at, what was found.
    """
    files = published_files(lake)
    chosen = random.Random(seed).sample(files, min(n_files, len(files)))  # noqa: S311  a sample, no secret
    found = [finding for file in sorted(chosen, key=lambda f: f.path) if (finding := look_at(lake, file)) is not None]
    return len(files), len(chosen), found
