"""docs/calibration.md says what its commands print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from quant_core.calibration._rates import REQUIREMENTS
from quant_core.spec import load_research
from quant_core.worlds import WORLDS
from quant_pipelines.calibration.calibration_run import CalibrationSettings, run_calibration
from quant_pipelines.calibration.calibration_table import calibration_markdown
from quant_pipelines.cli import _parser
from quant_pipelines.cli.calibration import settings_of
from quant_pipelines.lake.lake import Lake

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^qe (calibration .*)$", PAGE, re.MULTILINE)


def part(name: str) -> str:
    """The text between two marks of the page."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", PAGE, re.DOTALL)
    assert found
    return found.group(1).strip()


def settings(command: str) -> CalibrationSettings:
    return settings_of(_parser().parse_args(shlex.split(command)))


def test_the_commands_of_the_page_are_commands() -> None:
    release, long, small = (settings(command) for command in COMMANDS)
    assert long.lengths == (50_000,)
    assert release.horizons == (1, 5, 20, 60)
    assert release.n_worlds >= 30
    assert len(release.lengths) >= 2
    assert len({release.seed, long.seed, small.seed}) == 3


def test_the_long_table_has_the_worlds_and_length_that_its_command_names() -> None:
    for title in ("### The worst world without an effect", "### Worlds without an effect"):
        assert title in part("long")
    told = {
        line.split(" | ")[3]
        for line in part("long").splitlines()
        if re.match(r"\| [a-z_0-9]+ \| .* \| 50,000 \| ", line)
    }
    assert told == {"50,000"}
    assert all(f"| {name}" in part("long") for name in ("random_walk", "garch_t", "long_memory", "block_bootstrap"))


def test_every_world_and_measure_is_explained_and_in_the_release_table() -> None:
    explained, table = PAGE.split("<!-- release -->")[0], part("release")
    # A world that is added is measured with the next release: the page holds those of the last one, each explained.
    released = [name for name in WORLDS if re.search(rf"\| {name}[(| ]", table)]
    assert released == [name for name in WORLDS if f"| `{name}` |" in explained]
    assert len(released) >= 8
    measures = list(dict.fromkeys(m.removesuffix("_small") for m in REQUIREMENTS))
    measured = [name for name in measures if f"| {name} |" in table]
    assert measured == [name for name in measures if f"`{name}`" in explained]
    assert len(measured) >= 15


@pytest.mark.parametrize("name", ["release", "long"])
def test_marks_of_a_table_follow_from_its_numbers(name: str) -> None:
    checked = 0
    for line in part(name).splitlines():
        low, high = (re.search(p, line) for p in (r"\| (?:≥ )?(0\.\d{2,3}) (?:…|\|)", r"(?:≤|…) (0\.\d{2,3}) \|"))
        for rate, mark in re.findall(r"\| (\d\.\d{3}) ± \d\.\d{3}( \?| \*\*!\*\*)?", line):
            inside = (low is None or float(rate) >= float(low.group(1))) and (
                high is None or float(rate) <= float(high.group(1))
            )
            # A printed rate is rounded: right at a bound both are possible.
            close = any(bound and abs(float(rate) - float(bound.group(1))) < 0.001 for bound in (low, high))
            assert close or inside == (mark == ""), line
            checked += 1
    assert checked > 100


@pytest.mark.slow
def test_the_small_table_is_the_first_that_its_command_prints(tmp_path: Path) -> None:
    text = (ROOT / "quant_pipelines" / "config" / "research.yaml").read_text(encoding="utf-8")
    table = run_calibration(Lake(str(tmp_path)), load_research(text, "research.yaml"), settings(COMMANDS[2]))
    assert calibration_markdown(table).split("\n### ")[0].strip() == part("small")
