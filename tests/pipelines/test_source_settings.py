"""sources.yaml: what is accepted, and errors that name the line and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from quant_core.errors import ConfigError, UnknownNameError
from quant_pipelines.lake.lake import Lake
from quant_pipelines.resources import PACKAGED_CONFIG, ClockResource, LakeResource, SourcesResource
from quant_pipelines.sources.config import inbox_settings, load_sources

VARIABLE = "QE_MARKETDATA_MYSQL_URL"


def settings_file(folder: Path, text: str) -> SourcesResource:
    """A resource over a file with this text."""
    (folder / "sources.yaml").write_text(text)
    return SourcesResource(file=str(folder / "sources.yaml"))


def test_the_packaged_settings_offer_the_sample_and_leave_mysql_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    sources = SourcesResource(file=str(PACKAGED_CONFIG / "sources.yaml")).open(Lake(str(tmp_path)))
    assert [str(k) for k in sources.offers] == ["SP500|D1", "NASDAQ|D1"]
    assert sources.switched_off == {"mysql": f"environment variable {VARIABLE} is not set"}
    assert {o.instrument.calendar for o in sources.offers.values()} == {"XNYS"}


def test_a_feed_carries_dialect_calendar_quality_rules_and_permissions() -> None:
    text = """
sources:
  box:
    kind: inbox
    folder: /data
    settle_s: 0
    feeds:
      - {pattern: "CL*.csv", calendar: CMES, separator: ";", allow_non_positive_prices: true, quality: {spike_k: 9}}
"""
    box = inbox_settings(load_sources(text, "sources.yaml")[0])
    (feed,) = box.feeds
    assert (box.folder, box.settle_s, feed.pattern) == ("/data", 0.0, "CL*.csv")
    assert (feed.dialect.calendar, feed.dialect.separator, feed.allow_non_positive_prices) == ("CMES", ";", True)
    assert feed.quality.spike_k == 9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sources: [", "not YAML"),
        ("[]", "keys and values"),
        ("source: {}", "Did you mean 'sources'"),
        ("sources: {a: {kind: inboxx}}", "Did you mean 'inbox'"),
        ("sources: {a: {}}", "No source kind is called 'None'"),
        ("sources: {a: {kind: inbox, foldr: x}}", "Did you mean 'folder'"),
        ("sources: {a: {kind: inbox, enabled: auto}}", "sources.a.enabled"),
        ("sources: {a: {kind: inbox, settle_s: -1}}", "seconds >= 0"),
        ("sources: {a: {kind: inbox, feeds: x}}", "expected a list"),
        ("sources: {a: {kind: inbox, feeds: [{calendar: XNYS}]}}", r"feeds\[0\].pattern"),
        ("sources: {a: {kind: inbox, feeds: [{pattern: x, bid_ask_names: [bid]}]}}", "two different texts"),
        ("sources: {a: {kind: inbox, feeds: [{pattern: x, zone: Mars}]}}", r"feeds\[0\].zone"),
        ("sources: {a: {kind: inbox, feeds: [{pattern: x, quality: {spike: 1}}]}}", "Did you mean 'spike_k'"),
        ("sources: {a: {kind: inbox, feeds: [{pattern: x, allow_non_positive_prices: yes please}]}}", "true or false"),
        ("sources: {a: {kind: sample, folder: x}}", "No sample key is called 'folder'"),
        ("sources: {a: {kind: mysql, tabel: x}}", "Did you mean 'table'"),
        ("sources: {a: {kind: mysql, rows_per_window: 0}}", r"sources.a.rows_per_window"),
        ("sources: {../x: {kind: sample}}", "cannot be a partition key"),
    ],
)
def test_wrong_settings_name_their_place(text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "mysql+pymysql://nobody@127.0.0.1:1/none")
    with pytest.raises(Exception, match=said) as caught:
        settings_file(tmp_path, text).open(Lake(str(tmp_path / "lake")))
    assert isinstance(caught.value, ConfigError | UnknownNameError) or "partition key" in said


def test_mysql_that_is_on_needs_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_DSN", raising=False)
    with pytest.raises(ConfigError, match=r"expected environment variable MY_DSN.*enabled: auto"):
        settings_file(tmp_path, "sources: {db: {kind: mysql, env_var: MY_DSN}}").open(Lake(str(tmp_path / "lake")))


def test_an_unreachable_source_costs_only_its_own_symbols(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_DSN", "mysql+pymysql://reader:s3cr3t-word@127.0.0.1:1/none")
    text = "sources: {db: {kind: mysql, env_var: MY_DSN, max_attempts: 1, retry_wait_seconds: 0}, demo: {kind: sample}}"
    resource = settings_file(tmp_path, text)
    sources = resource.open(Lake(str(tmp_path / "lake")))
    assert sources.symbols() == ["SP500", "NASDAQ"]
    assert list(sources.failed) == ["db"]
    assert "s3cr3t-word" not in sources.failed["db"]
    assert resource.redact("at mysql+pymysql://reader:s3cr3t-word@127.0.0.1:1/none") == "at ***"
    assert resource.redact("password s3cr3t-word") == "password ***"


def test_the_first_source_of_the_file_delivers_a_symbol_two_sources_offer(tmp_path: Path) -> None:
    sources = settings_file(tmp_path, "sources: {one: {kind: sample}, two: {kind: sample}}").open(
        Lake(str(tmp_path / "lake"))
    )
    assert {o.source.name for o in sources.offers.values()} == {"one"}
    assert sources.passed_over[0] == "SP500|D1 of two: one comes first in sources.yaml"


def test_an_object_store_needs_an_absolute_inbox() -> None:
    with pytest.raises(ConfigError, match="absolute path"):
        SourcesResource(file=str(PACKAGED_CONFIG / "sources.yaml")).open(LakeResource(url="memory://x").open())


def test_a_fixed_clock_must_name_its_offset() -> None:
    assert ClockResource(fixed_now="2024-01-31T23:00:00+01:00").now().hour == 22
    for wrong in ("2024-01-31T23:00:00", "tomorrow"):
        with pytest.raises(ConfigError, match="QUANT_NOW"):
            ClockResource(fixed_now=wrong).now()
