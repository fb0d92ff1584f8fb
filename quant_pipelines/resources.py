"""Resources: the lake, the sources, the research spec and the clock; the only reader of the environment.

Put here: environment variables, their defaults, and opening of what they name.
Keep out: everything that works with an already opened lake or source.

Variables: ``QUANT_LAKE`` (folder or object-store URL, default ``data_lake``), ``QUANT_CONFIG`` (folder with
``sources.yaml`` and ``research.yaml``, default the packaged ones), ``QUANT_NOW`` (fixes the clock, for replay),
``QUANT_LOCK_TIMEOUT_S`` (default 120), ``QUANT_EXECUTOR`` (``in_process``, the default, or ``multiprocess``), and for
each MySQL source the variable its settings name (default ``QE_MARKETDATA_MYSQL_URL``).
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import dagster as dg

from quant_core.errors import ConfigError, UnknownNameError
from quant_core.spec import ResearchSpec, load_research
from quant_pipelines.lake.lake import Lake
from quant_pipelines.sources.catalog import Sources
from quant_pipelines.sources.config import SourceEntry, load_sources
from quant_pipelines.sources.opening import Opening, source_kinds, why_off

PACKAGED_CONFIG = Path(__file__).parent / "config"
_EXECUTORS = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}


class LakeResource(dg.ConfigurableResource[Any]):
    """The Parquet lake.

    Attributes:
        url: folder or object-store URL.
        lock_timeout_s: how long a run waits for another one on the same partition, in seconds.
    """

    url: str
    lock_timeout_s: float = 120.0

    def open(self) -> Lake:
        """Open the lake; a missing folder is created by the first write."""
        return Lake(self.url, lock_timeout_s=self.lock_timeout_s)


class ClockResource(dg.ConfigurableResource[Any]):
    """The clock: real, or fixed for a replay.

    Attributes:
        fixed_now: ISO 8601 instant with offset, or "" for the real clock.
    """

    fixed_now: str = ""

    def now(self) -> datetime:
        """The current moment, UTC."""
        if not self.fixed_now:
            return datetime.now(UTC)
        try:
            fixed = datetime.fromisoformat(self.fixed_now)
        except ValueError:
            fixed = None
        if fixed is None or fixed.tzinfo is None:
            raise ConfigError.at(
                "QUANT_NOW",
                expected="an instant with offset, such as 2024-01-31T22:00:00+00:00",
                found=self.fixed_now,
                next_step="Correct or unset it.",
            )
        return fixed.astimezone(UTC)


class SourcesResource(dg.ConfigurableResource[Any]):
    """The sources of sources.yaml.

    Attributes:
        file: path of sources.yaml.
        fixed_now: as in the clock; it stamps what is fetched. (A nested resource would say it once, but Dagster 1.13
            warns about its own way of opening one.)
    """

    file: str
    fixed_now: str = ""

    def entries(self) -> list[SourceEntry]:
        """The declared sources, checked."""
        return load_sources(_read(self.file), Path(self.file).name)

    def open(self, lake: Lake) -> Sources:
        """Open every source that is on; DSNs come from the environment and go nowhere else.

        Raises:
            ConfigError: a setting is wrong, or a source that is on lacks its environment variable.
        """
        opening = Opening(lake, ClockResource(fixed_now=self.fixed_now).now, lambda name: os.environ.get(name, ""))
        kinds, entries = source_kinds(), self.entries()
        off = {entry.name: reason for entry in entries if (reason := why_off(entry, opening))}
        return Sources([kinds[e.kind].open(e, opening) for e in entries if e.name not in off], off)

    def redact(self, text: str) -> str:
        """A text without the DSNs of the sources and their passwords; works also when sources.yaml is broken."""
        kinds = source_kinds()
        variables = {kind.dsn_variable for kind in kinds.values()}
        with suppress(ConfigError):  # the file's own error is what is being reported
            variables |= {kinds[entry.kind].variable_of(entry) for entry in self.entries()}
        for dsn in (os.environ.get(variable, "") for variable in sorted(variables)):
            password = _password_of(dsn)
            for secret in filter(None, (dsn, password, unquote(password))):
                text = text.replace(secret, "***")
        return text


class ResearchResource(dg.ConfigurableResource[Any]):
    """The research spec; run config can name another file: ``resources: {research: {config: {file: …}}}``.

    Attributes:
        file: path of research.yaml.
    """

    file: str

    def load(self) -> ResearchSpec:
        """Read and resolve the spec.

        Raises:
            ConfigError: the file is missing or holds a wrong value; unknown keys come with suggestions.
        """
        return load_research(_read(self.file), Path(self.file).name)


def default_resources() -> dict[str, Any]:
    """The resources that the environment describes."""
    config = Path(os.environ.get("QUANT_CONFIG") or PACKAGED_CONFIG)
    fixed_now = os.environ.get("QUANT_NOW", "")
    return {
        "lake": LakeResource(
            url=os.environ.get("QUANT_LAKE") or "data_lake",
            lock_timeout_s=float(os.environ.get("QUANT_LOCK_TIMEOUT_S") or 120.0),
        ),
        "clock": ClockResource(fixed_now=fixed_now),
        "sources": SourcesResource(file=str(config / "sources.yaml"), fixed_now=fixed_now),
        "research": ResearchResource(file=str(config / "research.yaml")),
    }


def dagster_home() -> Path | None:
    """The folder that ``DAGSTER_HOME`` names, if it names one."""
    home = os.environ.get("DAGSTER_HOME")
    return Path(home) if home else None


def prepare_dagster_home() -> None:
    """Give a new DAGSTER_HOME the packaged settings: telemetry off, limits on; an existing dagster.yaml stays.

    Raises:
        ConfigError: DAGSTER_HOME is not set; symbols and events would be lost with the process.
    """
    home = dagster_home()
    if home is None:
        raise ConfigError(
            "No Dagster instance: expected DAGSTER_HOME to name a folder, found none. "
            "Run: export DAGSTER_HOME=$PWD/.dagster_home"
        )
    settings = home / "dagster.yaml"
    if not settings.exists():
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_bytes((PACKAGED_CONFIG / "dagster.yaml").read_bytes())


def executor() -> dg.ExecutorDefinition:
    """The executor that ``QUANT_EXECUTOR`` names."""
    name = os.environ.get("QUANT_EXECUTOR") or "in_process"
    if name not in _EXECUTORS:
        raise UnknownNameError.among("executor", name, _EXECUTORS, where="QUANT_EXECUTOR")
    return _EXECUTORS[name]


def _password_of(dsn: str) -> str:
    """The password as it is written; urllib refuses whole URLs for a bracket in it."""
    login, at, _ = dsn.partition("://")[2].rpartition("@")
    return login.partition(":")[2] if at else ""


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"File {file} cannot be read: expected the settings there, found {error.strerror}. "
            "Set QUANT_CONFIG to a folder with sources.yaml and research.yaml."
        ) from error
