"""The inbox is not a window to the machine: what leads out of it or is no file is refused and never opened."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect
from quant_pipelines.cli import run
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.sources.folder_files import files_below
from tests.pipelines.small_project import SmallProject, daily_csv

SECRET = "Tr0ub4dor-outside-the-inbox"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """One good file, and a secret beside the lake."""
    made = SmallProject.at(tmp_path)
    made.drop("AAA")
    (tmp_path / "secret.csv").write_text(f"date,{SECRET}\n2020-01-01,{SECRET}\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside.csv").write_text(f"{SECRET}\n")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


def _link(project: SmallProject, name: str, target: str | Path) -> None:
    path = project.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def _links(project: SmallProject) -> dict[str, str]:
    """Name in the inbox → the reason that is expected."""
    root = project.root
    _link(project, "absolute.csv", root / "secret.csv")
    _link(project, "relative.csv", "../../secret.csv")
    _link(project, "deep/through_parents.csv", "../../inbox/../../secret.csv")
    _link(project, "environment.csv", "/proc/self/environ")
    _link(project, "folder", root / "folder")
    _link(project, "parent", "..")
    _link(project, "proc", "/proc/self")
    _link(project, "zero.csv", "/dev/zero")
    _link(project, "second.csv", "absolute.csv")
    outside = "a link that leads out of the folder"
    names = ("absolute.csv", "relative.csv", "deep/through_parents.csv", "environment.csv", "folder", "parent", "proc")
    found = dict.fromkeys((*names, "zero.csv", "second.csv"), outside)
    _link(project, "nothing.csv", "not_there.csv")
    _link(project, "circle.csv", "circle.csv")
    return {**found, "nothing.csv": "a link to nothing", "circle.csv": "a link to itself"}


def _everything_written(root: Path) -> dict[str, str]:
    """What lies below a folder, short of the secret files themselves and of the links."""
    skipped = {"secret.csv", "inside.csv"}
    files = [p for p in root.rglob("*") if p.name not in skipped and stat.S_ISREG(p.lstat().st_mode)]
    return {str(p.relative_to(root)): p.read_bytes().decode("latin-1") for p in files}


def test_links_out_of_the_inbox_cost_only_themselves(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PASSWORD", SECRET)
    expected = _links(project)
    refused = project.inputs.sources.refused()
    assert refused.keys() == {f"inbox: {name}" for name in expected}
    for name, reason in expected.items():
        assert reason in refused[f"inbox: {name}"]
        assert "Fix: " in refused[f"inbox: {name}"]
    project.register()
    project.run_key("research", "AAA|D1")
    assert project.materialized("bars") == {"AAA|D1"}


def test_nothing_of_a_target_is_seen_anywhere(project: SmallProject, capfd: pytest.CaptureFixture[str]) -> None:
    """A process of its own, whose environment at its start holds the secret, as that of a service does."""
    expected = _links(project)
    environment = {**os.environ, "SOME_PASSWORD": SECRET}
    (project.root / "home").mkdir()
    qe = [sys.executable, "-c", "from quant_pipelines.cli import main; main()"]
    outputs: list[str] = []
    for command in (["launch", "register_symbols"], ["status"], ["sources"], ["inspect", str(project.inbox)]):
        done = subprocess.run(
            [*qe, *command], env=environment, capture_output=True, text=True, timeout=240, check=False
        )
        outputs.append(done.stdout + done.stderr)
    assert not [text for text in outputs if SECRET in text or "Traceback" in text]
    assert "inbox: environment.csv" in outputs[1]
    written = _everything_written(project.root)
    assert any(".index" in name for name in written)
    assert any(name.endswith(".db") for name in written)
    assert not [name for name, text in written.items() if SECRET in text]
    assert not [name for name in written if ".index" in name and any(link in written[name] for link in expected)]
    assert SECRET not in "".join(capfd.readouterr())


def test_no_target_is_opened(project: SmallProject) -> None:
    """The operating system is asked: the time of the last access of a target stays what it was."""
    _links(project)
    opened: list[str] = []
    sys.addaudithook(lambda event, what: opened.append(str(what[0])) if event == "open" and _watching else None)
    _watching.append(True)
    try:
        project.inputs.sources.refused()
        _ = project.inputs.sources.offers
    finally:
        _watching.clear()
    assert any(name.endswith("AAA.csv") for name in opened)  # the hook sees what is opened
    outside = ("secret.csv", "inside.csv", "environ", "zero", "absolute.csv", "second.csv")
    assert not [name for name in opened if name.rsplit("/", 1)[-1] in outside]


_watching: list[bool] = []


@pytest.fixture
def special(project: SmallProject) -> Iterator[dict[str, str]]:
    """Pipes and sockets, and hard links to them; none of them has a writer."""
    os.mkfifo(project.inbox / "pipe.csv")
    os.mkfifo(project.root / "outside_pipe")
    os.link(project.root / "outside_pipe", project.inbox / "hard_link_to_pipe.csv")
    _link(project, "link_to_pipe.csv", "pipe.csv")
    place = Path.cwd()
    os.chdir(project.inbox)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.csv")
        os.chdir(place)
        yield {
            "pipe.csv": "a named pipe",
            "hard_link_to_pipe.csv": "a named pipe",
            "link_to_pipe.csv": "a named pipe",
            "socket.csv": "a socket",
        }


def test_what_is_no_file_is_refused_and_never_waited_for(project: SmallProject, special: dict[str, str]) -> None:
    if os.geteuid() == 0:
        try:
            os.mknod(project.inbox / "device.csv", stat.S_IFCHR | 0o600, os.makedev(1, 5))
        except PermissionError:
            pass  # a container without the right to make devices
        else:
            special["device.csv"] = "a device"
    refused = project.inputs.sources.refused()
    assert refused.keys() == {f"inbox: {name}" for name in special}
    for name, kind in special.items():
        assert f"it is {kind}" in refused[f"inbox: {name}"]
    assert project.inputs.sources.symbols() == ["AAA"]


def test_links_inside_the_inbox_are_read(project: SmallProject) -> None:
    _link(project, "sub/BBB.csv", "../.store/BBB.csv")
    (project.inbox / ".store").mkdir()
    (project.inbox / ".store" / "BBB.csv").write_text(daily_csv("BBB"))
    (project.inbox / "real").mkdir()
    (project.inbox / "real" / "CCC.csv").write_text(daily_csv("CCC"))
    _link(project, "same_folder", "real")
    sources = project.inputs.sources
    assert sources.refused() == {}
    assert sources.symbols() == ["AAA", "CCC", "BBB"]
    project.register()
    project.run_key("ingest", "BBB|D1")
    assert project.raw_store.read(PartitionKey("BBB", "D1")).rows.height == 400


def test_an_inbox_may_be_a_link_itself(project: SmallProject) -> None:
    moved = project.root / "elsewhere"
    project.inbox.rename(moved)
    project.inbox.symlink_to(moved)
    assert project.inputs.sources.symbols() == ["AAA"]


@pytest.mark.parametrize("part", ["file", "folder"])
def test_a_file_that_becomes_a_link_after_it_was_listed_is_not_read(project: SmallProject, part: str) -> None:
    (project.inbox / "sub").mkdir()
    (project.inbox / "sub" / "inside.csv").write_text(daily_csv("BBB"))
    listed = next(f for f in files_below(project.inbox) if f.origin == "sub/inside.csv")
    assert listed.read(Dialect()).startswith(b"date,symbol")
    (project.inbox / "sub" / "inside.csv").unlink()
    if part == "file":
        _link(project, "sub/inside.csv", project.root / "folder" / "inside.csv")
    else:
        (project.inbox / "sub").rmdir()
        _link(project, "sub", project.root / "folder")
    with pytest.raises(RefusedInputError, match="it became a link after it was listed"):
        listed.read(Dialect())


def test_an_unreadable_file_is_asked_again(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights may change without a change of size or time; then the data arrive."""
    project.drop("BBB")
    real = os.open

    def denied(path: str, *arguments: int, **options: int) -> int:
        if path == "BBB.csv":
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr("quant_pipelines.sources.folder_files.os.open", denied)
        assert "Permission denied" in project.inputs.sources.refused()["inbox: BBB.csv"]
        assert project.inputs.sources.symbols() == ["AAA"]
    assert project.inputs.sources.symbols() == ["AAA", "BBB"]


def test_a_side_of_quotes_that_is_a_link_refuses_both(project: SmallProject) -> None:
    feeds = "feeds: [{pattern: '*.csv', bid_ask_names: [bid, ask]}]"
    (project.root / "config" / "sources.yaml").write_text(
        f"sources:\n  inbox: {{kind: inbox, folder: inbox, settle_s: 0, {feeds}}}\n"
    )
    project.drop("BBB", name="BBB_bid.csv")
    _link(project, "BBB_ask.csv", project.root / "secret.csv")
    refused = project.inputs.sources.refused()
    assert set(refused) == {"inbox: BBB_bid.csv"}
    assert "BBB_ask.csv: it is a link that leads out" in refused["inbox: BBB_bid.csv"]


def test_files_named_by_hand_may_be_links(project: SmallProject) -> None:
    (project.root / "named.csv").symlink_to(project.inbox / "AAA.csv")
    console = Console(width=160, record=True)
    assert run(["inspect", str(project.root / "named.csv")], console) == 0
