"""Rules every file of the project obeys: size, charter, names, nothing of the machine it was written on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.architecture.source_tree import ROOT, functions, lines_of_code, modules, syntax_tree, tracked_files

MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40
BANNED_WORDS = {
    "utils",
    "util",
    "helper",
    "helpers",
    "common",
    "misc",
    "tools",
    "manager",
    "handler",
    "processor",
    "service",
}
BRITISH = re.compile(
    r"\b\w*(optimis|normalis|annualis|standardis|summaris|behaviour|colour|materialis)\w*", re.IGNORECASE
)


def test_modules_have_at_most_300_lines() -> None:
    long = {
        str(p): n
        for p in modules()
        if (n := len((ROOT / p).read_text(encoding="utf-8").splitlines())) > MAX_MODULE_LINES
    }
    assert not long


def test_functions_have_at_most_40_lines_of_code() -> None:
    long = {
        f"{p}:{f.lineno} {f.name}": n
        for p in modules()
        for f in functions(p)
        if (n := lines_of_code(p, f)) > MAX_FUNCTION_LINES
    }
    assert not long


def test_every_module_says_what_belongs_and_what_does_not() -> None:
    missing = []
    for path in modules("quant_core", "quant_pipelines"):
        doc = ast.get_docstring(syntax_tree(path)) or ""
        if not ("Put here:" in doc and "Keep out:" in doc):
            missing.append(str(path))
    assert not missing


def test_files_that_a_module_is_said_to_leave_to_exist() -> None:
    """The other files that a charter names are there, by their names."""
    names = {p.name for p in tracked_files()}
    gone = [
        f"{path}: {name}"
        for path in modules("quant_core", "quant_pipelines")
        for name in re.findall(r"\b(\w+\.py)\b", ast.get_docstring(syntax_tree(path)) or "")
        if name not in names and not name.startswith("_settings")
    ]
    assert not gone


def test_every_test_module_says_what_it_proves() -> None:
    assert not [str(p) for p in modules("tests") if not ast.get_docstring(syntax_tree(p)) and p.name != "__init__.py"]


def _banned_in(words: str) -> set[str]:
    return BANNED_WORDS & set(re.sub(r"(?<!^)(?=[A-Z])", "_", words).lower().split("_"))


def test_no_name_is_a_place_for_anything() -> None:
    found = [str(p) for p in tracked_files() for part in p.parts if _banned_in(Path(part).stem)]
    for path in modules():
        for node in ast.walk(syntax_tree(path)):
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and _banned_in(node.name):
                found.append(f"{path}: {node.name}")
    assert not found


def test_words_are_spelled_the_american_way() -> None:
    texts = {str(p): (ROOT / p).read_text(encoding="utf-8") for p in modules("quant_core", "quant_pipelines")}
    assert not {path: found for path, text in texts.items() if (found := BRITISH.findall(text))}


def test_no_file_names_a_package_index_or_a_machine_path() -> None:
    # Written in pieces, so that this file does not contain what it forbids.
    pieces = [
        ("index", "-url"),
        ("/sim", "ple/"),
        ("/wo", "rk/"),
        ("/bash", "_jobs"),
        ("/ro", "ot/"),
        ("/ho", r"me/\w+/"),
        ("/o", "pt/"),
    ]
    forbidden = re.compile("|".join(a + b for a, b in pieces))
    # The option that keeps index addresses out of the lock file names what it switches off.
    allowed = {Path("Makefile"): "--no-emit-index" + "-url"}
    found = []
    for path in tracked_files():
        if path.suffix in {".png", ".parquet", ".gz"}:
            continue
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), start=1):
            if forbidden.search(line.replace(allowed.get(path, "\0"), "")):
                found.append(f"{path}:{number}: {line.strip()[:80]}")
    assert not found


def test_lock_file_pins_every_package_by_hash_and_names_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    entries = re.split(r"\n(?=[^\s#])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert len(entries) > 50
    assert not [e.splitlines()[0] for e in entries if "==" not in e or "--hash=sha256:" not in e]


def test_lock_file_holds_every_declared_dependency() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = project.split("dependencies = [")[1].split("\n]")[0] + project.split("dev = [")[1].split("\n]")[0]
    declared = {re.split(r"[\[>=<]", name)[0].lower().replace("_", "-") for name in re.findall(r'"([^"]+)"', section)}
    locked = set(
        re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8").lower(), re.MULTILINE)
    )
    assert declared - {name.replace("_", "-") for name in locked} == set()


def test_every_dependency_has_an_upper_bound() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = project.split("dependencies = [")[1].split("\n]")[0]
    # Calendar-versioned packages have no major that could break us.
    calendar_versioned = {"fsspec", "tzdata"}
    open_ended = [
        n
        for n in re.findall(r'"([^"]+)"', section)
        if "<" not in n and re.split(r"[>=]", n)[0] not in calendar_versioned
    ]
    assert not open_ended
