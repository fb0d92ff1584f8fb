"""``qe``: read the lake and launch runs from the terminal.

Put here: the boundary where errors become one line and an exit code; commands are the files beside, by name.
Keep out: what a command does (one file each) and anything the web UI's jobs need.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType

from rich.console import Console

from quant_core.errors import QuantError
from quant_core.shown_text import escaped
from quant_pipelines.cli._console import SafeConsole
from quant_pipelines.discovery import modules_of
from quant_pipelines.resources import redact


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with 0 for success, 1 for an error of ours, 2 for wrong usage."""
    # Into a file or a pipe, lines need not fit a terminal of 80 characters.
    console = SafeConsole(redact, width=None if sys.stdout.isatty() else 160)
    try:
        code = run(sys.argv[1:] if arguments is None else arguments, console)
    except Exception:  # shown as Python shows it, without the secrets that a message of a library may hold
        sys.stderr.write(escaped(redact(traceback.format_exc()), keep="\n"))
        code = 1
    sys.exit(code)


def run(arguments: Sequence[str], console: Console) -> int:
    """Parse, run, and turn expected errors into one line; ``--debug`` shows the traceback instead."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options, console))
    except QuantError as error:
        if options.debug:
            raise
        # No markup: an error text may hold square brackets of the user's own.
        text = escaped(redact(str(error)), keep="\n")
        console.print(f"Error: {text}", style="red", markup=False, highlight=False, soft_wrap=True)
        return 1


def commands() -> dict[str, tuple[str, ModuleType]]:
    """Name of every command → what it does in one line, and its file.

    >>> commands()["symbols"][0][:28]
    'list the registered symbols '
    """
    return {
        module.__name__.rsplit(".", 1)[1]: ((module.__doc__ or "").splitlines()[0].split(": ", 1)[-1], module)
        for module in modules_of(__name__)
    }


def _parser() -> argparse.ArgumentParser:
    """Options shared by all commands, and one sub-parser per command file."""
    parser = argparse.ArgumentParser(prog="qe", description="Quant research pipeline: launch runs and read results.")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (summary, module) in commands().items():
        sub = parsers.add_parser(name, help=summary, description=summary)
        module.add_options(sub)
        sub.set_defaults(command=module.command)
    return parser
