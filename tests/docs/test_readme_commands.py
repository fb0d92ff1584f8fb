"""Every command of the README runs as written, in its order, in a fresh Dagster home and lake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```bash\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS: list[str] = list(
    dict.fromkeys(line for block in BLOCKS for line in block.splitlines() if line and not line.startswith("#"))
)
MAKE_TARGETS = sorted(set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)$", README, re.MULTILINE)))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A home of its own, the packaged settings, and a clock that does not move."""
    home = tmp_path_factory.mktemp("readme")
    (home / "dagster.yaml").write_text((ROOT / "quant_pipelines/config/dagster.yaml").read_text(encoding="utf-8"))
    binaries = Path(sys.executable).parent
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("QUANT_", "QE_", "DAGSTER"))}
    return kept | {
        "DAGSTER_HOME": str(home),
        "QUANT_LAKE": str(home / "lake"),
        "QUANT_NOW": "2024-01-01T00:00:00+00:00",
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
    }


def _order(command: str) -> tuple[bool, bool]:
    """Symbols first, then what computes, then what reads; the README's own order inside each."""
    return ("register_symbols" not in command, command.startswith("qe ") and "launch" not in command)


def _failures(lines: list[str], environment: dict[str, str], file: Path) -> dict[str, str]:
    """Lines of ``qe``, run in one process, that did not end well, with what they printed."""
    _done([sys.executable, "-m", "tests.docs.qe_lines", str(file)], environment, "\n".join(lines)).check_returncode()
    found: dict[str, tuple[object, str]] = json.loads(file.read_text(encoding="utf-8"))
    assert list(found) == lines
    return {line: output[-2000:] for line, (code, output) in found.items() if code != 0}


def _done(command: list[str], environment: dict[str, str], lines: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, input=lines, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def test_every_command_of_the_readme_runs(environment: dict[str, str], tmp_path: Path) -> None:
    assert len(COMMANDS) > 10
    failed: dict[str, str] = {}
    # The same keys are run by the commands around it; --dry-run of it is among them.
    narrowed = {"qe backfill --missing": "qe backfill --missing --symbols NASDAQ --timeframes W1"}
    lines: list[str] = [narrowed.get(command, command) for command in sorted(COMMANDS, key=_order)]
    for is_qe, some in groupby(lines, key=lambda line: line.startswith("qe ")):
        if is_qe:
            failed |= _failures(list(some), environment, tmp_path / "outcomes.json")
            continue
        for line in some:
            done = _done(["bash", "-c", line], environment)
            if done.returncode != 0:
                failed[line] = (done.stdout + done.stderr)[-2000:]
    assert not failed, "\n\n".join(f"$ {command}\n{output}" for command, output in failed.items())


@pytest.mark.parametrize("target", [a or b for a, b in MAKE_TARGETS])
def test_every_make_target_of_the_readme_can_be_planned(target: str) -> None:
    planned = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert planned.returncode == 0, planned.stderr
    assert planned.stdout.strip()
