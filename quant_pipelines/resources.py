"""Resources: the lake, the sources, the research spec and the clock; the only reader of the environment.

Put here: environment variables, their defaults, and opening of what they name.
Keep out: everything that works with an already opened lake or source.

Variables: ``QUANT_LAKE`` (folder or object-store URL, default ``data_lake``), ``QUANT_CONFIG`` (folder with
``sources.yaml`` and ``research.yaml``, default the packaged ones), ``QUANT_NOW`` (fixes the clock, for replay),
``QUANT_TRUST_CLOCK`` (``yes``: the clock is right though behind the last delivery), ``QUANT_LOCK_TIMEOUT_S`` (default
120), ``QUANT_EXECUTOR`` (``in_process``, the default, or ``multiprocess``), and for each MySQL source the variable its
settings name (default ``QE_MARKETDATA_MYSQL_URL``).

Nothing of it is in run config: whoever may start a run, be it a foreign web page, must not choose what is read and
where it is written.
"""

from __future__ import annotations

import math
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg

from quant_core.errors import ConfigError, QuantError, UnknownNameError
from quant_core.spec import ResearchSpec, load_research
from quant_pipelines.lake.lake import Lake
from quant_pipelines.raw.clock import Clock
from quant_pipelines.redaction import Redaction, has_login
from quant_pipelines.sources.catalog import Sources
from quant_pipelines.sources.config import SourceEntry, load_sources
from quant_pipelines.sources.opening import Opening, source_kinds, why_off

PACKAGED_CONFIG = Path(__file__).parent / "config"
_EXECUTORS = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}


class _FixedResource(dg.ConfigurableResource[Any]):
    """A resource that is what it was made as: run config that says anything else is refused."""

    def get_resource_definition(self) -> dg.ResourceDefinition:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What Dagster hands out: this object. Its fields would be run config, with these values as defaults."""
        return dg.ResourceDefinition(lambda _: self, config_schema={}, description=type(self).__doc__)


class LakeResource(_FixedResource):
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


class ClockResource(_FixedResource):
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
            fixed = None if fixed.tzinfo is None else fixed.astimezone(UTC)
        except (ValueError, OverflowError):
            fixed = None
        if fixed is None:
            raise ConfigError.at(
                "QUANT_NOW",
                expected="an instant with offset, such as 2024-01-31T22:00:00+00:00",
                found=self.fixed_now,
                next_step="Correct or unset it.",
            )
        return fixed


class SourcesResource(_FixedResource):
    """The sources of sources.yaml.

    Attributes:
        file: path of sources.yaml.
        fixed_now: as in the clock; it stamps what is fetched. (Dagster 1.13 warns about its own nested resources.)
        trusts_clock: deliveries are taken in although the clock is behind the last one.
    """

    file: str
    fixed_now: str = ""
    trusts_clock: bool = False

    def clock(self) -> Clock:
        """The clock that stamps what is fetched."""
        return Clock(ClockResource(fixed_now=self.fixed_now).now, self.trusts_clock)

    def entries(self) -> list[SourceEntry]:
        """The declared sources, checked."""
        with self._redacted():
            return _entries_of(self.file)

    def open(self, lake: Lake, *, read_budget_s: float = math.inf) -> Sources:
        """Open every source that is on; DSNs come from the environment and go nowhere else.

        Args:
            lake: where sources remember what they saw.
            read_budget_s: seconds for looking into files not seen before; the others wait for the next opening.

        Raises:
            ConfigError: a setting is wrong, or a source that is on lacks its environment variable.
        """
        opening = Opening(lake, self.clock().now, lambda name: os.environ.get(name, ""), self.redact, read_budget_s)
        kinds, entries = source_kinds(), self.entries()
        off = {entry.name: reason for entry in entries if (reason := why_off(entry, opening))}
        with self._redacted():
            return Sources([kinds[e.kind].open(e, opening) for e in entries if e.name not in off], off)

    @contextmanager
    def _redacted(self) -> Generator[None]:
        """Errors without secrets, and without the causes that may hold them: Dagster stores both."""
        try:
            yield
        except QuantError as error:
            raised = type(error)(self.redact(str(error)))
        else:
            return
        raise raised from None

    def redact(self, text: str) -> str:
        """A text without the secrets of the environment; works also when sources.yaml is broken.

        Secrets are the DSNs of the sources, and the login of every other URL in the environment.
        """
        declared = _dsn_variables(self.file, _changed(self.file))
        urls = {value for name, value in os.environ.items() if name in declared or has_login(value)}
        return _redaction(tuple(sorted(urls))).text(text)


def _entries_of(file: str) -> list[SourceEntry]:
    return load_sources(_read(file), Path(file).name)


@lru_cache(maxsize=8)
def _dsn_variables(file: str, _changed: int) -> frozenset[str]:
    """The environment variables that hold DSNs; read again when sources.yaml has changed."""
    kinds = source_kinds()
    variables = {kind.dsn_variable for kind in kinds.values()} - {""}
    with suppress(QuantError):  # the file's own error is what is being reported
        variables |= {kinds[entry.kind].variable_of(entry) for entry in _entries_of(file)}
    return frozenset(variables)


@lru_cache(maxsize=8)
def _redaction(urls: tuple[str, ...]) -> Redaction:
    """Made once per environment: a command may print thousands of lines."""
    return Redaction(urls)


class ResearchResource(_FixedResource):
    """The research spec; another one is another folder in ``QUANT_CONFIG``.

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
    """The resources that the environment describes.

    Raises:
        ConfigError: a variable holds what it cannot hold.
    """
    clock, sources = ClockResource(fixed_now=os.environ.get("QUANT_NOW", "")), _default_sources()
    clock.now()  # a wrong moment is said now
    return {
        "lake": LakeResource(
            url=os.environ.get("QUANT_LAKE") or "data_lake", lock_timeout_s=_seconds("QUANT_LOCK_TIMEOUT_S", 120.0)
        ),
        "clock": clock,
        "sources": sources,
        "research": ResearchResource(file=str(_config_folder() / "research.yaml")),
    }


def redact(text: str) -> str:
    """A text without the secrets of the environment, whatever else is wrong in it."""
    return _default_sources().redact(text)


def _default_sources() -> SourcesResource:
    return SourcesResource(
        file=str(_config_folder() / "sources.yaml"),
        fixed_now=os.environ.get("QUANT_NOW", ""),
        trusts_clock=_yes("QUANT_TRUST_CLOCK"),
    )


def _config_folder() -> Path:
    return Path(os.environ.get("QUANT_CONFIG") or PACKAGED_CONFIG)


def _yes(variable: str) -> bool:
    """Whether a variable says yes; nothing else but no may be said."""
    text = os.environ.get(variable, "")
    if text not in ("", "yes", "no"):
        raise ConfigError.at(variable, expected="yes or no", found=text, next_step="Correct or unset it.")
    return text == "yes"


def _seconds(variable: str, default: float) -> float:
    """The seconds that a variable holds."""
    text = os.environ.get(variable) or str(default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ConfigError.at(
            variable, expected="a number of seconds, 0 or more", found=text, next_step="Correct or unset it."
        )
    return seconds


def dagster_home() -> Path | None:
    """The folder that ``DAGSTER_HOME`` names, if it names one."""
    return Path(home) if (home := os.environ.get("DAGSTER_HOME")) else None


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


def environment_with(values: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that gets some variables of its own."""
    return {**os.environ, **values}


def executor() -> dg.ExecutorDefinition:
    """The executor that ``QUANT_EXECUTOR`` names."""
    name = os.environ.get("QUANT_EXECUTOR") or "in_process"
    if name not in _EXECUTORS:
        raise UnknownNameError.among("executor", name, _EXECUTORS, where="QUANT_EXECUTOR")
    return _EXECUTORS[name]


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found = error.strerror if isinstance(error, OSError) else f"bytes that are not UTF-8 ({error.reason})"
        raise ConfigError(
            f"File {file} cannot be read: expected the settings there, found {found}. "
            "Set QUANT_CONFIG to a folder with sources.yaml and research.yaml."
        ) from error


def _changed(file: str) -> int:
    """When a file was changed last; 0 where there is none."""
    try:
        return Path(file).stat().st_mtime_ns
    except OSError:
        return 0
