"""A Dagster web server with daemon on a small project, and a browser on it.

Put here: starting and stopping them, GraphQL, screenshots.
Keep out: tests.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "artifacts" / "screenshots"
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class WebUi:
    """A running web server."""

    url: str

    def graphql(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """Answer of a GraphQL query; errors raise."""
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = json.load(answer)
        assert "errors" not in content, content["errors"]
        return content["data"]

    def wait_until_up(self, process: subprocess.Popen[bytes], log: Path, timeout_s: float = 120.0) -> None:
        """Return when the server answers."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            assert process.poll() is None, f"the web server ended early:\n{log.read_text()[-3000:]}"
            try:
                urllib.request.urlopen(f"{self.url}/server_info", timeout=5).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
            else:
                return
        raise AssertionError(f"the web server did not answer within {timeout_s} s:\n{log.read_text()[-3000:]}")


def _printed_address(process: subprocess.Popen[bytes], log: Path, timeout_s: float = 60.0) -> str:
    """The address that the command prints at its start: nobody can know it before."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        found = re.search(r"Web UI: (\S+)", log.read_text())
        if found:
            return found.group(1)
        assert process.poll() is None, f"the command ended early:\n{log.read_text()[-3000:]}"
        time.sleep(0.2)
    raise AssertionError(f"no address was printed within {timeout_s} s:\n{log.read_text()[-3000:]}")


@contextmanager
def running_web_ui(environment: dict[str, str], log: Path, *options: str) -> Iterator[WebUi]:
    """Start ``qe ui`` on a free loopback port; stop it and its children at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from quant_pipelines.cli import main; main()", "ui"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", str(port), *options],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            ui = WebUi(_printed_address(process, log))
            ui.wait_until_up(process, log)
            if not options:
                ui.graphql("mutation { setNuxSeen }")
            yield ui
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=10)


@contextmanager
def browser_page() -> Iterator[Page]:
    """A page of the system's chromium with an empty profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), headless=True, args=list(_FLAGS))
        try:
            page = browser.new_page(viewport={"width": 1600, "height": 1000})
            page.set_default_timeout(40_000)
            yield page
        except BaseException:
            screenshot(page, "failure")
            raise
        finally:
            browser.close()


def screenshot(page: Page, name: str) -> Path:
    """Keep a picture of the page as a test artifact, once its spinners are gone."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(1_500)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path)
    return path
