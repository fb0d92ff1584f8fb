"""No foreign web page can start a run: the path of the web UI is a secret, and requests of other sites are refused."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from quant_pipelines.resources import PACKAGED_CONFIG
from tests.browser.web_ui import WebUi, running_web_ui
from tests.pipelines.small_project import SmallProject

pytestmark = pytest.mark.slow  # starts a web server with daemon twice

QUERY = quote("{ version }")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    made = SmallProject.at(tmp_path_factory.mktemp("foreign"))
    (made.root / "home").mkdir()
    shutil.copy(PACKAGED_CONFIG / "dagster.yaml", made.root / "home")
    return made


@pytest.fixture(scope="module")
def web_ui(project: SmallProject) -> Iterator[WebUi]:
    with running_web_ui(project.environment, project.root / "web.log") as ui:
        yield ui


def _answer(ui: WebUi, path: str, headers: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Status, redirect and start of the body of a GET, with the headers that a browser would send."""
    place = urlsplit(ui.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    connection.request("GET", path, headers={"Accept": "application/json", **(headers or {})})
    answer = connection.getresponse()
    body = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, answer.headers.get("Location", ""), body


def test_the_address_answers_and_the_server_without_it_does_not(web_ui: WebUi) -> None:
    path = urlsplit(web_ui.url).path
    assert len(path) > 40
    assert web_ui.graphql("{ version }")["version"]
    status, _, body = _answer(web_ui, f"{path}/graphql?query={QUERY}")
    assert (status, "version" in json.loads(body)["data"]) == (200, True)
    for guess in ("/", f"/graphql?query={QUERY}", "/server_info", "/dagster/graphql", f"{path[:-1]}/graphql"):
        status, redirect, body = _answer(web_ui, guess)
        assert (status, redirect) == (404, ""), guess
        assert path not in body


def _command_lines() -> Iterator[str]:
    """Of every process, as any user of the machine may see them."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # the process has ended meanwhile
            yield place.read_bytes().decode(errors="replace")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "rebound.example:3000"},
        {"Host": "rebound.example:3000", "Origin": "http://rebound.example:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_requests_of_other_sites_are_refused_even_with_the_path(web_ui: WebUi, headers: dict[str, str]) -> None:
    path = urlsplit(web_ui.url).path
    assert _answer(web_ui, f"{path}/graphql?query={QUERY}", headers)[0] == 403
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "graphql-ws"}
    assert _answer(web_ui, f"{path}/graphql", {**upgrade, **key, **headers})[0] == 403


def test_the_path_is_in_no_command_line_and_new_at_every_start(web_ui: WebUi, project: SmallProject) -> None:
    path = urlsplit(web_ui.url).path
    assert not [line for line in _command_lines() if path in line and "pytest" not in line]
    with running_web_ui(project.environment, project.root / "read_only.log", "--read-only") as read_only:
        assert urlsplit(read_only.url).path != path
        answered = read_only.graphql("{ canBulkTerminate permissions { permission value } }")
        allowed = {p["permission"] for p in answered["permissions"] if p["value"]}
        assert not allowed & {"launch_pipeline_execution", "launch_partition_backfill", "start_schedule", "edit_sensor"}
        assert read_only.graphql("{ version }")["version"]
