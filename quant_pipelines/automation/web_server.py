"""The web server of the UI: Dagster's own, behind a path that nobody can guess and for this machine's pages only.

Put here: what is put around Dagster's server, and starting it with the daemon.
Keep out: the command line (cli/ui.py), what the UI shows.

Dagster's server asks nobody who they are and takes mutations by GET and by web sockets of any origin: any page that a
browser on this machine has open could start a run. The path is a secret of each start. Two ways around it are closed
here: Dagster redirects "/" to the path, which a page that has its own name point at this machine (DNS rebinding) could
read; and requests that a browser marks as those of another site.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from dagster._cli import dev
from dagster_webserver import app, cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from quant_pipelines.automation.code_location import WORKSPACE
from quant_pipelines.resources import environment_with

_MODULE = "quant_pipelines.automation.web_server"
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


def unguessable_path() -> str:
    """A path of 256 random bits.

    >>> len(unguessable_path()), unguessable_path() == unguessable_path()
    (44, False)
    """
    return f"/{secrets.token_urlsafe(32)}"


def is_local(headers: dict[str, str]) -> bool:
    """Whether a request was made for this machine by its name, and by no page of another site.

    Args:
        headers: of the request, names in small letters.

    >>> is_local({"host": "127.0.0.1:3000"}), is_local({"host": "localhost:3000", "origin": "http://localhost:3000"})
    (True, True)
    >>> is_local({"host": "rebound.example:3000"}), is_local({"host": "[::1]:3000", "origin": "https://evil.example"})
    (False, False)
    """
    host, origin = headers.get("host", ""), headers.get("origin", "")
    if _name(f"//{host}") not in _LOCAL_NAMES:
        return False
    if origin and urlsplit(origin).netloc != host:  # another port is another program
        return False
    # "none" is an address that a person typed or opened from a terminal.
    return headers.get("sec-fetch-site", "none") in ("none", "same-origin")


def _name(url: str) -> str:
    """The name of the host of a URL; "" where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


class _LocalOnly:
    """Answers 403 to every request that is not local; see the module."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._inner(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if is_local(headers):
            await self._inner(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            text = b"Refused: expected a request of a page of this server, found one of another site or name.\n"
            plain = [(b"content-type", b"text/plain"), (b"content-length", str(len(text)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": plain})
            await send({"type": "http.response.body", "body": text})


class LocalWebserver(DagsterWebserver[Any, Any]):
    """Dagster's server with the check of every request, and without the redirect that tells the path."""

    def build_middleware(self) -> list[Middleware]:
        """The check comes first."""
        return [Middleware(_LocalOnly), *super().build_middleware()]

    def build_routes(self) -> list[Any]:
        """Only what lies below the path."""
        prefix = self._app_path_prefix
        return [route for route in super().build_routes() if not prefix or getattr(route, "path", "") == prefix]


def main() -> None:
    """``dagster-webserver`` with this server in the place of Dagster's."""
    app.DagsterWebserver = LocalWebserver  # pyright: ignore[reportPrivateImportUsage]
    cli.main()


def serve(port: int, path: str, *, read_only: bool) -> None:
    """``dagster dev`` with this server in the place of Dagster's; returns when it is stopped.

    Args:
        port: on 127.0.0.1.
        path: below which everything lies. It is handed over in the environment: other users see command lines.
        read_only: no mutation is accepted; the daemon works as its schedules and sensors say.
    """
    start = dev.open_ipc_subprocess  # pyright: ignore[reportPrivateImportUsage]
    ours = {"DAGSTER_WEBSERVER_PATH_PREFIX": path, **({"DAGSTER_WEBSERVER_READ_ONLY": "1"} if read_only else {})}

    def start_ours(parts: list[str], **settings: Any) -> Any:
        if "dagster_webserver" not in parts:
            return start(parts, **settings)
        settings["env"] = environment_with(ours)
        return start([_MODULE if part == "dagster_webserver" else part for part in parts], **settings)

    dev.open_ipc_subprocess = start_ours  # pyright: ignore[reportPrivateImportUsage]
    with TemporaryDirectory() as folder:
        workspace = Path(folder) / "workspace.yaml"
        workspace.write_text(WORKSPACE, encoding="utf-8")
        arguments = ["-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)]
        dev.dev_command(arguments, standalone_mode=False)


if __name__ == "__main__":
    sys.argv[0] = "dagster-webserver"
    main()
