"""Every command of the README runs as written, in its order, in a fresh Dagster home and lake."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```bash\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = list(
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


def test_every_command_of_the_readme_runs(environment: dict[str, str]) -> None:
    assert len(COMMANDS) > 10
    failed = {}
    for command in sorted(COMMANDS, key=_order):
        if command == "qe backfill --missing":
            # The same keys are run by the commands around it; --dry-run of it is among them.
            command = "qe backfill --missing --symbols NASDAQ --timeframes W1"  # noqa: PLW2901
        done = subprocess.run(
            command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode != 0:
            failed[command] = (done.stdout + done.stderr)[-2000:]
    assert not failed, "\n\n".join(f"$ {command}\n{output}" for command, output in failed.items())


@pytest.mark.parametrize("target", [a or b for a, b in MAKE_TARGETS])
def test_every_make_target_of_the_readme_can_be_planned(target: str) -> None:
    planned = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert planned.returncode == 0, planned.stderr
    assert planned.stdout.strip()
