"""The asset graph, the commands and the jobs that the pages name are those of the code."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from quant_pipelines.cli import commands
from quant_pipelines.definitions import defs
from tests.architecture.source_tree import ROOT, tracked_files

PAGES = [p for p in tracked_files() if p.suffix == ".md" and (p.parts[0] == "docs" or len(p.parts) == 1)]
TEXTS = {str(p): (ROOT / p).read_text(encoding="utf-8") for p in PAGES if p.name != "CHANGELOG.md"}


def drawn_edges(diagram: str) -> set[tuple[str, str]]:
    """(from, to) of every arrow of a mermaid flow chart."""
    edges = set()
    for line in diagram.splitlines():
        ends = [part.split("&") for part in re.split(r"-->|-\..*?\.->", re.sub(r"\[.*?\)\]", "", line))]
        edges |= {(a.strip(), b.strip()) for left, right in pairwise(ends) for a in left for b in right}
    return edges


def test_the_arrows_of_the_readme_are_those_of_the_graph() -> None:
    diagram = re.search(r"```mermaid\n(.*?)```", TEXTS["README.md"], re.DOTALL)
    assert diagram
    edges = {edge for edge in drawn_edges(diagram.group(1)) if edge[0] != "sources"}
    drawn = {name for edge in edges for name in edge}
    graph = defs.resolve_asset_graph()
    # An asset that is added need not be drawn; one that is drawn must have all its arrows.
    true = {
        (parent.to_user_string(), key.to_user_string())
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
        if key.to_user_string() in drawn
    }
    assert edges == true
    assert drawn >= {"raw_bars", "features", "market_stats", "seasonality_profiles", "report", "stats_details"}


def test_every_form_of_arrow_is_seen() -> None:
    text = "  s[(a · b<br/>c)] --> x --> y\n  x & y -. on request .-> z"
    assert drawn_edges(text) == {("s", "x"), ("x", "y"), ("x", "z"), ("y", "z")}


@pytest.mark.parametrize("page", TEXTS)
def test_commands_and_jobs_that_a_page_names_exist(page: str) -> None:
    jobs = {job.name for job in defs.resolve_all_job_defs()}
    named = set(re.findall(r"(?:^|`)qe ([a-z_]+)", TEXTS[page], re.MULTILINE))
    launched = set(re.findall(r"(?:qe launch|-j|--job) ([a-z_]+)", TEXTS[page]))
    said = set(re.findall(r"\b[Tt]he (?:job|jobs) `([a-z_]+)`", TEXTS[page]))
    assert named <= set(commands())
    assert launched | said <= jobs


@pytest.mark.parametrize("page", TEXTS)
def test_files_and_modules_that_a_page_names_exist(page: str) -> None:
    files = re.findall(r"`((?:quant_core|quant_pipelines|sql|tests|docs)/[\w/.-]+)`", TEXTS[page])
    modules = re.findall(r"python -m ((?:tests|quant_core|quant_pipelines)(?:\.\w+)+)", TEXTS[page])
    paths = [*files, *(f"{m.replace('.', '/')}.py" for m in modules)]
    missing = {p for p in paths if not (ROOT / p).exists() and not (ROOT / p.removesuffix(".py")).exists()}
    assert {p for p in missing if p == p.lower()} - {"quant_core/events/close_at_high.py"} == set()
