"""The HTML report: complete, self-contained, deterministic, safe with any text, honest about what is missing."""

from __future__ import annotations

import io
import re
import shutil
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from quant_core.errors import LakeError, SymbolError
from quant_core.spec import ResearchSpec, load_research
from quant_pipelines.cli import run
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.report import publish_report, report_html
from quant_pipelines.report.findings import pooled_cells
from quant_pipelines.report.inputs import MartShelf, SymbolInputs
from quant_pipelines.report.seasonal import tested_bins as bins_of
from tests.pipelines.small_project import SmallProject, daily_csv

KEY = PartitionKey("AAA", "D1")
SPEC = """
market_stats:
  events: [k_consecutive(window_bars=2)]
  conditions: [vol_tertile]
  targets: [up_next_bar]
  n_min: 30
seasonality:
  profile:
    {by_hour: false, by_month: false, by_third_friday: false, metrics: [next_p_up, own_p_up], min_samples_bin: 30}
"""
HOSTILE = '<script>alert("x")</script><img src=//evil.example/x onerror=alert(1)>'
HOSTILE_FILE = "<b onclick=alert(2)>&AAA.csv"
STRUCTURE = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "h1",
    "h2",
    "h3",
    "nav",
    "main",
    "section",
    "article",
    "footer",
}
CONTENT = {
    "p",
    "a",
    "ol",
    "li",
    "div",
    "table",
    "figure",
    "figcaption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "img",
    "details",
    "summary",
    "code",
    "wbr",
}


class _Page(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """A symbol carried through everything, from a file with a hostile name and hostile rows; one that was not run."""
    made = SmallProject.at(tmp_path_factory.mktemp("report"))
    (made.root / "config" / "research.yaml").write_text(SPEC)
    lines = daily_csv("AAA", 3_000, start=date(2010, 1, 1)).splitlines()
    lines[100:100] = [f"2010-04-11,AAA,{HOSTILE},1,1,1,1"] * 2 + [lines[99], "2010-04-11,AAA,1,0.5,1,1,1"]
    made.drop("AAA", "\n".join(lines) + "\n", name=HOSTILE_FILE)
    made.drop("BBB")
    made.register()
    made.run_key("research", str(KEY))
    made.run("marts", {})
    # Written here, so that no test depends on which of them asks first.
    published = publish_report(made.lake, load_research(SPEC, "research.yaml"), "AAA")
    assert published.is_written
    assert published.timeframes == ("D1",)
    return made


@pytest.fixture(scope="module")
def spec() -> ResearchSpec:
    return load_research(SPEC, "research.yaml")


@pytest.fixture(scope="module")
def page(project: SmallProject, spec: ResearchSpec) -> str:
    """The published report of the symbol."""
    published = publish_report(project.lake, spec, "AAA")
    return Path(published.path).read_text(encoding="utf-8")


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.replace("<wbr>", "")))


def test_every_section_is_there_with_figures_and_verdicts(page: str) -> None:
    parsed, text = _Page(page), _text(page)
    anchors = [s["id"] for s in parsed.all("section") + parsed.all("footer")]
    shipped = ["summary", "price", "findings", "finding-pages", "seasonality", "quality", "methods", "provenance"]
    assert [anchor for anchor in anchors if anchor in shipped] == shipped
    assert (anchors[0], anchors[-1]) == ("summary", "provenance")
    pages = [article["id"] for article in parsed.all("article")]
    assert 1 <= len(pages) == len(set(pages)) <= 12
    assert [a["href"] for a in parsed.all("a")] == [f"#{anchor}" for anchor in [*anchors, *pages]]
    shown = {image["alt"] for image in parsed.all("img")}
    assert {"closes of AAA|D1 with the calendar gaps", "lifts with their intervals"} <= shown
    assert any("train beside test" in str(alt) for alt in shown)
    assert "own_p_up by dow(zone=session) (own bar), year by year" in shown
    for words in ("Nothing is significant", "chance alone gives", "Replication:", "n_eff", "Wilson"):
        assert words in text
    assert "missing" not in {p.get("class") for p in parsed.all("p")}


def test_seasonality_says_whose_bars_it_speaks_of_and_leads_with_the_own_bar(page: str) -> None:
    section = page.split('id="seasonality"', 1)[1].split('id="quality"', 1)[0]
    own, after = (section.index(f"{words}: what ") for words in ("Own bar", "Next bar"))
    assert own < after
    assert "Bins that differ most from the others (own bar)." in section[own:after]
    assert "own_p_up" in section[own:after]
    assert "next_p_up" not in section[own:after]
    assert "own_p_up" not in section[after : section.index("<figcaption", after)].split("</table>", 1)[0]
    shown = [str(image["alt"]) for image in _Page(section).all("img")]
    drawn = [text for text in shown if text.startswith(("own_", "next_"))]
    assert len(drawn) >= 2
    assert all(("(own bar)" if text.startswith("own_") else "(next bar)") in text for text in drawn)
    assert drawn[0].startswith("own_p_up by ")
    assert "stability" in section


def test_every_row_is_accounted_for(page: str, project: SmallProject) -> None:
    quarantined = project.lake.read("quarantine", KEY).height
    assert quarantined == 3
    row = re.search(r"<td class=\"text\">D1</td><td class=\"text\">inbox</td>.*?</tr>", page)
    assert row
    cells = re.findall(r"<td class=\"number\">([^<]*)</td>", row[0])
    # delivered, known already, restated, unreadable, rows to clean, kept, dropped, quarantined by a check
    assert cells == ["3,004", "0", "0", "2", "3,002", "3,000", "1", "1"]


def test_equal_inputs_give_equal_bytes_and_a_second_run_writes_nothing(
    page: str, project: SmallProject, spec: ResearchSpec
) -> None:
    again = publish_report(project.lake, spec, "AAA")
    assert not again.is_written
    made = [
        report_html(
            SymbolInputs(Lake(project.lake.url), spec, "AAA", MartShelf(project.lake)), identity="i", code_version="c"
        )
        for _ in range(2)
    ]
    assert made[0] == made[1]
    fetched = project.raw_store.manifest(KEY).fetched_at  # pyright: ignore[reportOptionalMemberAccess]
    assert fetched.strftime("%H:%M:%S") not in page  # pyright: ignore[reportOptionalMemberAccess]


def test_text_of_the_data_is_shown_and_never_becomes_markup(page: str) -> None:
    parsed = _Page(page)
    assert {tag for tag, _ in parsed.tags} <= STRUCTURE | CONTENT
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert "&lt;script&gt;alert(" in page
    assert "&lt;b onclick=alert(2)&gt;&amp;AAA.csv" in page


def test_the_page_loads_nothing_from_elsewhere(page: str) -> None:
    parsed = _Page(page)
    assert all(str(image["src"]).startswith("data:image/svg+xml;base64,") for image in parsed.all("img"))
    addresses = [str(v) for _, a in parsed.tags for name, v in a.items() if name in {"src", "href", "srcset", "action"}]
    assert not [address for address in addresses if not address.startswith(("#", "data:"))]
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    policy = next(m["content"] for m in parsed.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_the_footer_names_spec_data_and_code(page: str, project: SmallProject, spec: ResearchSpec) -> None:
    footer = page.split("<footer")[1]
    manifest, facts = project.raw_store.manifest(KEY), project.lake.facts("market_stats", KEY)
    assert manifest is not None
    assert facts is not None
    known = (
        spec.spec_id,
        str(spec.seed),
        manifest.data_version(),
        facts.data_version,
        facts.code_version,
        facts.spec_id,
    )
    assert not [version for version in known if version not in footer]


def test_sections_without_data_say_which_command_makes_them(
    project: SmallProject, spec: ResearchSpec, tmp_path: Path
) -> None:
    for asset in ("raw_bars", "bars", "quality", "quarantine", "coverage"):
        shutil.copytree(project.root / "lake" / asset, tmp_path / asset)
    bare = Lake(str(tmp_path))
    text = _text(Path(publish_report(bare, spec, "AAA").path).read_text(encoding="utf-8"))
    assert "No statistics yet. Compute them with: qe launch research &#39;AAA|D1&#39;" in text
    assert "No seasonal profiles yet. Compute them with: qe launch seasonality &#39;AAA|D1&#39;" in text
    for asset in ("market_stats", "seasonality_profiles", "seasonality_stability"):
        shutil.copytree(project.root / "lake" / asset, tmp_path / asset)
    text = _text(Path(publish_report(bare, spec, "AAA").path).read_text(encoding="utf-8"))
    assert "The heat map of conditions is not built yet. Build it with: qe launch marts" in text
    assert "is missing or older than these statistics. Compute it with: qe launch marts" in text
    assert "for this symbol and timeframe" in text


def test_tables_made_with_another_spec_are_named_as_such(project: SmallProject) -> None:
    other = load_research(SPEC.replace("n_min: 30", "n_min: 31"), "research.yaml")
    inputs = SymbolInputs(project.lake, other, "AAA", MartShelf(project.lake))
    assert inputs.outdated("market_stats", KEY) == "made with another research spec"
    assert inputs.outdated("seasonality_profiles", KEY) == inputs.outdated("bars", KEY) == ""


def test_findings_are_joined_by_their_keys_and_told_old_by_their_provenance(
    project: SmallProject, spec: ResearchSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another last bit of a p-value costs no finding its global q; equal p-values of earlier statistics give none."""
    as_read = MartShelf.rows

    def known(**changed: pl.Expr) -> list[int]:
        monkeypatch.setattr(MartShelf, "rows", lambda *place: as_read(*place).with_columns(**changed))
        inputs = SymbolInputs(project.lake, spec, "AAA", MartShelf(project.lake))
        return [table["q_value_global"].count() for table in (pooled_cells(inputs, KEY), bins_of(inputs, KEY))]

    as_built = known()
    assert min(as_built) > 0
    assert known(p_value=pl.col("p_value") * (1 + 1e-15)) == as_built
    assert known(provenance=pl.lit("of earlier statistics")) == [0, 0]


def test_symbols_without_bars_and_illegal_names_are_refused(project: SmallProject, spec: ResearchSpec) -> None:
    with pytest.raises(LakeError, match=r"qe launch research 'BBB\|D1'"):
        publish_report(project.lake, spec, "BBB")
    with pytest.raises(SymbolError):
        publish_report(project.lake, spec, "../AAA")


def test_one_bad_symbol_does_not_cost_the_others_their_reports(project: SmallProject) -> None:
    done = project.run_range("report", "AAA", "BBB", raise_on_error=False)
    assert not done.success
    assert project.materialized("report") == {"AAA"}
    failure = next(e for e in done.all_events if e.event_type_value == "STEP_FAILURE")
    assert "1 of 2 reports failed; the others are written." in str(failure.event_specific_data)
    assert "BBB: No bars" in str(failure.event_specific_data)


def test_the_command_writes_reports_and_says_where(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)

    def qe(*arguments: str) -> tuple[int, str]:
        console = Console(file=io.StringIO(), width=240, force_terminal=False)
        return run(arguments, console), console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]

    assert "Expected one or more symbols, or --all" in qe("report")[1]
    assert "Run the job register_symbols first" in qe("report", "AAA")[1]
    assert qe("launch", "register_symbols")[0] == 0
    (project.root / "lake" / "reports" / "AAA.html").unlink(missing_ok=True)
    code, text = qe("report", "--all")
    assert code == 0, text
    assert f"Report:  {project.root / 'lake' / 'reports' / 'AAA.html'}" in text
    assert (project.root / "lake" / "reports" / "AAA.html").is_file()
