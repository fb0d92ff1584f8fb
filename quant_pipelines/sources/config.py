"""Source settings: what sources.yaml may say, checked, with errors that name the line and the fix.

Put here: the schema of sources.yaml.
Keep out: opening sources (sources/catalog.py), dialects (quant_core.ingestion), the environment (resources.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from quant_core.errors import ConfigError, UnknownNameError
from quant_core.ingestion import Dialect
from quant_core.plain_yaml import read_yaml
from quant_core.quality import QualityRules
from quant_core.symbols import check_symbol

_FEED_KEYS = ("pattern", "allow_non_positive_prices", "quality", "bid_ask_names")


@dataclass(frozen=True)
class Feed:
    """How the files matching a pattern are written.

    Attributes:
        pattern: glob on the path below the inbox, or on the file name.
        quality: declared values of the quality checks.
        where: its place in sources.yaml.
        bid_ask_names: bid and ask quotes lie in two files: the part of the bid file's path, and what stands in its
            place in the ask file's; () where a file is whole.
    """

    pattern: str
    dialect: Dialect
    allow_non_positive_prices: bool
    quality: QualityRules
    where: str
    bid_ask_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class SourceEntry:
    """One source of sources.yaml.

    Attributes:
        enabled: True, False, or "auto": on when its environment variable is set (databases only).
        settings: the keys of its kind, not yet read.
    """

    name: str
    kind: str
    enabled: bool | str
    settings: Mapping[str, Any]
    where: str


def load_sources(text: str, where: str) -> list[SourceEntry]:
    """Read sources.yaml; the order of the sources is their priority.

    Args:
        text: the YAML.
        where: name of the file, for error texts.

    Raises:
        ConfigError: broken YAML, an unknown key or kind, a wrong value.

    >>> load_sources("sources: {sample: {kind: sampel}}", "sources.yaml")
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No source kind is called 'sampel' (at sources.yaml: sources.sample). Did you mean 'sample'?
    """  # noqa: E501
    document = mapping_at(read_yaml(text, where), where)
    refuse_unknown(document, ("sources",), "key", where)
    entries = mapping_at(document.get("sources"), f"{where}: sources")
    return [_entry(str(name), settings, f"{where}: sources.{name}") for name, settings in entries.items()]


def _entry(name: str, settings: object, where: str) -> SourceEntry:
    from quant_pipelines.sources.opening import source_kinds  # noqa: PLC0415  the kinds read their entries with this file

    check_symbol(name)
    kinds = source_kinds()
    values = dict(mapping_at(settings, where))
    kind, enabled = values.pop("kind", None), values.pop("enabled", True)
    refuse_unknown({str(kind): None}, tuple(kinds), "source kind", where)
    if not isinstance(enabled, bool) and not (kinds[str(kind)].dsn_variable and enabled == "auto"):
        raise ConfigError.at(
            f"{where}.enabled",
            expected="true or false (a database: also auto)",
            found=enabled,
            next_step="Correct the line.",
        )
    return SourceEntry(name, str(kind), enabled, values, where)


@dataclass(frozen=True)
class InboxSettings:
    """Settings of an inbox.

    Attributes:
        folder: absolute, or relative to a local lake.
        settle_s: seconds a file must be unchanged before it is read.
    """

    folder: str
    settle_s: float
    feeds: tuple[Feed, ...]


def inbox_settings(entry: SourceEntry) -> InboxSettings:
    """Read the settings of an inbox.

    Raises:
        ConfigError: an unknown key or a wrong value, with its place.

    >>> text = "sources: {inbox: {kind: inbox, feeds: [{pattern: '*.csv', seperator: ';'}]}}"
    >>> inbox_settings(load_sources(text, "sources.yaml")[0])
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No feed key is called 'seperator' (at sources.yaml: sources.inbox.feeds[0]). Did you mean 'separator', 'pattern'?
    """  # noqa: E501
    refuse_unknown(entry.settings, ("folder", "settle_s", "feeds"), "inbox key", entry.where)
    feeds: object = entry.settings.get("feeds") or []
    if not isinstance(feeds, list):
        raise ConfigError.at(f"{entry.where}.feeds", expected="a list", found=feeds, next_step="Start lines with '-'.")
    settle_s = entry.settings.get("settle_s", 1.0)
    if isinstance(settle_s, bool) or not isinstance(settle_s, int | float) or settle_s < 0:
        raise ConfigError.at(
            f"{entry.where}.settle_s", expected="seconds >= 0", found=settle_s, next_step="Correct it."
        )
    return InboxSettings(
        folder=_text(entry.settings.get("folder", "inbox"), f"{entry.where}.folder"),
        settle_s=float(settle_s),
        feeds=tuple(_feed(feed, f"{entry.where}.feeds[{i}]") for i, feed in enumerate(cast("list[object]", feeds))),
    )


def _feed(value: object, where: str) -> Feed:
    settings = mapping_at(value, where)
    refuse_unknown(settings, (*_FEED_KEYS, *Dialect.model_fields), "feed key", where)
    allow = settings.get("allow_non_positive_prices", False)
    if not isinstance(allow, bool):
        raise ConfigError.at(
            f"{where}.allow_non_positive_prices", expected="true or false", found=allow, next_step="Correct the line."
        )
    dialect = Dialect.parse({k: v for k, v in settings.items() if k not in _FEED_KEYS}, where)
    quality = QualityRules.parse(mapping_at(settings.get("quality", {}), f"{where}.quality"), f"{where}.quality")
    sides = _bid_ask_names(settings.get("bid_ask_names", ()), f"{where}.bid_ask_names")
    return Feed(_text(settings.get("pattern"), f"{where}.pattern"), dialect, allow, quality, where, sides)


def _bid_ask_names(value: object, where: str) -> tuple[str, ...]:
    """Two different texts, or none."""
    written = _items(value)
    names = tuple(name for name in written if isinstance(name, str) and name)
    if written and (len(names) != 2 or len(written) != 2 or names[0] == names[1]):
        raise ConfigError.at(
            where,
            expected="two different texts, the bid file's and the ask file's",
            found=value,
            next_step="Write [bid, ask].",
        )
    return names


def _items(value: object) -> Sequence[object]:
    """The items of a list, or the value as the only one."""
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else [value]


def mapping_at(value: object, where: str) -> Mapping[str, Any]:
    """The value as a mapping, or an error with its place."""
    if not isinstance(value, Mapping):
        raise ConfigError.at(where, expected="keys and values", found=value, next_step="Write 'key: value' lines.")
    return cast("Mapping[str, Any]", value)


def refuse_unknown(settings: Mapping[str, Any], known: tuple[str, ...], kind: str, where: str) -> None:
    """Refuse keys that nobody reads, with suggestions."""
    for key in settings:
        if key not in known:
            raise UnknownNameError.among(kind, str(key), known, where=where)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError.at(where, expected="a text", found=value, next_step="Correct the line.")
    return value
