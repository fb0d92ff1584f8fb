"""ui: open the web UI with its daemon on this machine, below a path that is new at every start.

Put here: the command line.
Keep out: the server and why it is guarded (automation/web_server.py).
"""

from __future__ import annotations

import argparse
import socket
import sys

from rich.console import Console

from quant_core.errors import ConfigError
from quant_pipelines.resources import default_resources, prepare_dagster_home


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where, and what visitors may do."""
    parser.add_argument("--port", type=int, default=3000, help="on 127.0.0.1 (default 3000)")
    parser.add_argument("--read-only", action="store_true", help="show everything, start and change nothing")


def command(options: argparse.Namespace, console: Console) -> int:
    """Print the address and serve until interrupted."""
    from quant_pipelines.automation.web_server import serve, unguessable_path  # noqa: PLC0415  loads the whole server

    prepare_dagster_home()
    default_resources()  # what is wrong in the environment is said here, not by each of the processes
    _check_free(options.port)
    path = unguessable_path()
    mode = "nothing can be started or changed" if options.read_only else "whoever knows this address can start runs"
    console.print(f"Web UI: http://127.0.0.1:{options.port}{path}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"The path is new at every start; {mode}. Stop: Ctrl+C.", markup=False, highlight=False, soft_wrap=True
    )
    sys.stdout.flush()
    serve(options.port, path, read_only=options.read_only)
    return 0


def _check_free(port: int) -> None:
    """Refuse a port that another program has: the address that is printed must be this server's.

    Raises:
        ConfigError: with the option that names another one.
    """
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what ended a moment ago is no other program
        try:
            trial.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            raise ConfigError.at(
                "--port",
                expected="a free port of 127.0.0.1",
                found=port,
                next_step="Name another one: qe ui --port 3001.",
            ) from None
