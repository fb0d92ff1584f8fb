"""Lines of ``qe``, one after the other in one process, which imports the code once.

Put here: running them by the installed script; ``python -m tests.docs.qe_lines FILE`` reads lines from standard input
and writes for each its exit code and what it printed.
Keep out: which lines, and what must come of them (the tests).
"""

from __future__ import annotations

import io
import json
import runpy
import shlex
import shutil
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path


def outcome(line: str) -> tuple[int | str | None, str]:
    """Exit code and output of a line, run as its own process would run it."""
    program, *arguments = shlex.split(line)
    script, printed = shutil.which(program), io.StringIO()
    assert script, f"{program} is not installed"
    sys.argv = [script, *arguments]
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as end:
            return end.code, printed.getvalue()
        except BaseException:
            return "no exit", printed.getvalue() + traceback.format_exc()
    return "no exit", printed.getvalue()


if __name__ == "__main__":
    file = Path(sys.argv[1])
    found = {line: outcome(line) for line in sys.stdin.read().splitlines()}
    file.write_text(json.dumps(found), encoding="utf-8")
