"""A copy of the project to which one of each kind of thing is added.

Put here: the copy, what is added by kind, and running commands in it.
Keep out: what must be true of it afterwards (the tests).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.source_tree import ROOT, tracked_files

ADDED = Path(__file__).parent / "added"
"""One folder per kind, with the files as they lie in the project."""

EVENT = "quant_core/events/close_at_high.py"
"""Its text is the walk-through of README.md."""

_COLUMN = """        Column(
            "n_on_calendar",
            pl.Int64,
            "count",
            "Bars found where the calendar expects them.",
            minimum=0,
            formula=pl.col("n_bars") - pl.col("n_off_calendar"),
        ),
        Column("n_off_calendar","""
EDITS = {
    "table_column": {"quant_core/tables/coverage.py": [('        Column("n_off_calendar",', _COLUMN)]},
    "column_of_a_mart": {
        "sql/marts/mart__coverage.sql": [
            ("    n_off_calendar,\n", "    n_on_calendar,\n    n_off_calendar,\n"),
            (
                "--   n_off_calendar |",
                "--   n_on_calendar  | count    | Bars found where the calendar expects them.\n--   n_off_calendar |",
            ),
        ]
    },
}
"""Kind → file → (text, text instead)."""


def additions() -> dict[str, dict[str, str]]:
    """Kind → path in the project → the file's text after the addition."""
    found: dict[str, dict[str, str]] = {"event": {EVENT: _event_of_the_readme()}}
    for folder in sorted(ADDED.iterdir()):
        files = sorted(p for p in folder.rglob("*") if p.suffix in {".py", ".sql"})
        found[folder.name] = {p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8") for p in files}
    for kind, files_of_kind in EDITS.items():
        found[kind] = {path: _edited(path, changes) for path, changes in files_of_kind.items()}
    return found


def _event_of_the_readme() -> str:
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code, "README.md shows no event any more"
    return code.group(1)


def _edited(path: str, changes: list[tuple[str, str]]) -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times: the edit is out of date"
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class ProjectCopy:
    """The tracked files of the project in a folder and a repository of their own."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> ProjectCopy:
        """Copy the working tree; compiled kernels come along, because compiling them anew takes a minute."""
        kernels = [p.relative_to(ROOT) for p in (ROOT / "quant_core").rglob("__pycache__/*.nb[ci]")]
        for path in [*tracked_files(), *kernels]:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, root / path)
        (root / "quant_pipelines/sql").symlink_to("../sql")
        copied = cls(root)
        for arguments in (["init"], ["add", "--all"], ["commit", "--message", "As it is"]):
            copied.git(*arguments)
        return copied

    def add(self, files: dict[str, str]) -> None:
        """Write files."""
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text, encoding="utf-8")

    def touched(self) -> dict[str, str]:
        """Path → ``??`` for a new file, ``M`` for an edited one, against the project as it is."""
        listing = self.git("status", "--porcelain", "--untracked-files=all").splitlines()
        return {line[3:]: line[:2].strip() for line in listing}

    def git(self, *arguments: str) -> str:
        """Run git in the copy, without the settings of whoever runs the test."""
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.root, env=kept | quiet, capture_output=True, text=True, check=True
        )
        return done.stdout

    def run(self, *command: str, **variables: str) -> str:
        """The output of a command of this environment in the copy, whose code it imports; it must succeed."""
        environment = {**os.environ, "PYTHONPATH": str(self.root), **variables}
        binaries = Path(sys.executable).parent
        program = sys.executable if command[0] == "python" else str(binaries / command[0])
        done = subprocess.run(
            [program, *command[1:]],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        return done.stdout
