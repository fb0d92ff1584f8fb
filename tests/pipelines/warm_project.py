"""A warm project: the code location of a small project in the working folder, with all that a first run would load.

Put here: what child processes share with the process they are forked from, and single runs.
Keep out: starting and killing of processes (child_runs.py), the files of a project (small_project.py), tests.

All places are relative: a child goes into the folder of its project and finds everything made.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import BinaryIO

import dagster as dg
import polars as pl
from matplotlib.figure import Figure

from quant_pipelines.definitions import build
from quant_pipelines.lake.code_version import code_version
from quant_pipelines.plots import mart_entries
from quant_pipelines.report.publishing import report_code_version
from quant_pipelines.resources import ClockResource, LakeResource, ResearchResource, SourcesResource
from quant_pipelines.sources.opening import source_kinds
from quant_pipelines.stages import runner
from quant_pipelines.stages.stage import discover_stages
from tests.pipelines.small_project import QUIET

JOBS = ("register_symbols", "ingest", "research", "marts", "report")

DEFINITIONS = build(
    {
        "lake": LakeResource(url="lake", lock_timeout_s=30.0),
        "clock": ClockResource(),
        "sources": SourcesResource(file="config/sources.yaml"),
        "research": ResearchResource(file="config/research.yaml"),
    }
)
_LOADED_LATE = (
    "PIL.PpmImagePlugin",
    "cffi",
    "dagster._core.execution.execute_in_process",
    "dagster._core.executor.in_process",
    "dagster._core.instance.ref",
    "dagster._grpc.impl",
    "matplotlib.backends.backend_svg",
    "numba.core.typing",
    "polars._utils.parquet",
    "quant_pipelines.report.finding_pages",
    "quant_pipelines.report.methods",
    "quant_pipelines.report.quality",
    "upath.implementations.local",
)
"""Modules that a first run loads; without this every child would."""


@cache
def warm_job(name: str) -> dg.JobDefinition:
    """A job of the project in the working folder."""
    return DEFINITIONS.resolve_job_def(name)


def warm_up() -> None:
    """Do what costs a first run seconds and starts no thread: a process with threads cannot be forked."""
    for module in _LOADED_LATE:
        importlib.import_module(module)
    source_kinds()
    for stage in discover_stages():
        stage.code_version  # noqa: B018  remembered from now on
    report_code_version()
    code_version("quant_core.ingestion.reading")
    for job in JOBS:
        warm_job(job)
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.ephemeral(tempdir=folder) as instance:
        dg.GraphDefinition("nothing", node_defs=[_nothing]).to_job().execute_in_process(
            instance=instance, run_config=QUIET
        )


@dg.op
def _nothing() -> None:
    """Do nothing: the first run of a process loads what every run needs."""


def draw_nothing() -> None:
    """Figures that show nothing, in this process: they take most of a run's time, and none is a file of its own."""
    figures = dict.fromkeys(mart_entries.mart_figures(), _draw_nothing_of)
    mart_entries.mart_figures = lambda: figures
    runner.MAX_DRAWN_KEYS = 0
    Figure.savefig = save_nothing  # pyright: ignore[reportAttributeAccessIssue]  of the reports


def _draw_nothing_of(_rows: pl.DataFrame) -> bytes:
    """No picture."""
    return b""


def save_nothing(_figure: Figure, file: BinaryIO, **_settings: object) -> None:
    """A picture of nothing."""
    file.write(b"<svg xmlns='http://www.w3.org/2000/svg'/>")


def run_here(job: str, tags: Mapping[str, str], instance: dg.DagsterInstance) -> None:
    """Run a job of the project in the working folder."""
    warm_job(job).execute_in_process(instance=instance, tags=dict(tags), run_config=QUIET)


def instance_here() -> dg.DagsterInstance:
    """The instance of the project's home, or where it has none one in memory, with its files in the project."""
    if Path("home").is_dir():
        return dg.DagsterInstance.from_config("home")
    folder = Path("instance")
    folder.mkdir(exist_ok=True)
    return dg.DagsterInstance.ephemeral(tempdir=str(folder))
