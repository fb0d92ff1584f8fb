"""The code version: a hash of the code that turns inputs into numbers.

Put here: what counts as code for staleness, and its hash.
Keep out: the other facts of a file (lake.py).

Counted is what a module reaches by its imports, as syntax: names, formulas, constants. Not counted are docstrings,
comments and layout, imports for type checkers only, and the parts that say how work is run and stored, not what it
computes. A folder of blocks counts whole, because its catalog finds the files without importing them by name.
Libraries count with their versions.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

import quant_core
from quant_core.catalog import CONTRACT
from quant_core.errors import ConfigError

_PACKAGES = Path(quant_core.__path__[0]).parent
_ROOTS = ("quant_core", "quant_pipelines")

# How work is run, stored and shown. A change there changes no number; what a reader of the lake is given is proved
# by tests of those parts.
_NO_CODE_OF_NUMBERS = (
    "quant_pipelines.stages",
    "quant_pipelines.lake",
    "quant_pipelines.resources",
    "quant_pipelines.sources",
    "quant_pipelines.checks",
    "quant_pipelines.plots",
    "quant_pipelines.marts",
    # Every table is declared there; a stage counts its own ones by name.
    "quant_core.tables",
    # Reads the research file; what it gives is compared by the id of the section.
    "quant_core.spec",
    "quant_core.section",
    "quant_core.block_lists",
    "quant_core.model_parsing",
    "quant_core.catalog",
    "quant_core.errors",
)
_NO_NUMBERS_COME_FROM = frozenset({"dagster", "pydantic", "pandera", "typing_extensions"})


@dataclass(frozen=True)
class CodeTree:
    """The two packages as they lie in a folder; tests point it at a copy.

    Attributes:
        folder: holds ``quant_core`` and ``quant_pipelines``.
        libraries: replaces the installed version of a library, by name of its top module.
    """

    folder: Path = _PACKAGES
    libraries: Mapping[str, str] = field(default_factory=dict[str, str])

    def version(self, module: str, *extra: str) -> str:
        """SHA-256 (16 hex digits) over everything a module's numbers come from.

        Args:
            module: dotted name of the module with the computation.
            extra: further modules that count whole, such as the declarations of the tables it fills.
        """
        modules, libraries = self.closure(module, *extra)
        if module not in modules:
            raise ConfigError(
                f"No code of {module} is found below {self.folder}: expected the module that computes. "
                "Give its full name."
            )
        state = hashlib.sha256()
        for name in sorted(modules):
            state.update(f"{name} {_code_of(self._file(name) or Path()).digest}\n".encode())
        for name in sorted(libraries):
            state.update(f"{name}=={self.libraries.get(name) or _installed(name)}\n".encode())
        return state.hexdigest()[:16]

    def closure(self, module: str, *extra: str) -> tuple[set[str], set[str]]:
        """Modules of the project and libraries that a module reaches."""
        found: set[str] = set()
        libraries: set[str] = set()
        waiting = [module, *extra]
        while waiting:
            name = waiting.pop()
            file = self._file(name)
            if name in found or file is None:
                continue
            found.add(name)
            imports = _code_of(file).imports
            libraries |= {top for top in map(_top, imports) if _is_library(top)}
            waiting += [name.rsplit(".", i)[0] for i in range(1, name.count(".") + 1)]
            for reached in (n for n in imports if _top(n) in _ROOTS and not _is_excluded(n)):
                home, attribute = self._resolved(reached)
                waiting.append(home)
                waiting += self._blocks_meant(name, home, attribute)
        return found, libraries

    def _resolved(self, dotted: str) -> tuple[str, str]:
        """The module that an imported name comes from, and the name inside it; "" where the module itself is meant."""
        if self._file(dotted) is not None:
            return dotted, ""
        home, _, attribute = dotted.rpartition(".")
        return home, attribute

    def _blocks_meant(self, importer: str, home: str, attribute: str) -> list[str]:
        """The blocks that an import stands for: a catalog finds them without importing them by name.

        Who imports a family's catalog, its base class or what works on any of its blocks may use every block. Who
        imports one block, or a type of the contract that is no block, does not.
        """
        package = home.removesuffix(f".{CONTRACT}")
        file = self._file(package)
        base = _code_of(file).base if file is not None else ""
        if file is None or not base or importer == package or importer.startswith(f"{package}."):
            return []
        contract = self._file(f"{package}.{CONTRACT}")
        types = _code_of(contract).defined if contract is not None else frozenset[str]()
        if attribute != base and (home != package or attribute in types):
            return []
        return [f"{package}.{f.stem}" for f in sorted(file.parent.glob("*.py")) if f.stem != "__init__"]

    def _file(self, module: str) -> Path | None:
        """The file of a module, or None for a name that is no module: what ``from a import b`` may also mean."""
        if _top(module) not in _ROOTS:
            # A computation outside the two packages, for example of a test: where it was loaded from.
            loaded = getattr(sys.modules.get(module), "__file__", None)
            return Path(loaded) if loaded else None
        path = self.folder.joinpath(*module.split("."))
        if (path / "__init__.py").is_file():
            return path / "__init__.py"
        file = path.with_suffix(".py")
        return file if file.is_file() else None


@dataclass(frozen=True)
class _Code:
    """What one file contributes.

    Attributes:
        digest: hash of its syntax.
        imports: dotted names it imports: of ``from a import b`` that is ``a.b``.
        defined: names of its classes.
        base: for a package whose files a catalog discovers, the name of the class they derive from; else "".
    """

    digest: str
    imports: frozenset[str]
    defined: frozenset[str]
    base: str


@cache
def _installed(library: str) -> str:
    """The version of an installed library, by name of its top module."""
    try:
        return version(library)
    except PackageNotFoundError:
        return ",".join(f"{d}-{version(d)}" for d in sorted(set(packages_distributions().get(library, ()))))


def _code_of(file: Path) -> _Code:
    stat = file.stat()
    return _parsed(file, stat.st_mtime_ns, stat.st_size)


@cache
def _parsed(file: Path, _mtime_ns: int, _size: int) -> _Code:
    """Parse a file; time and size tell a changed file from the one parsed before."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imports = frozenset(_imported(tree.body))
    catalogs = [
        n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "Catalog"
    ]
    bases = [a.id for n in catalogs for a in n.args[-1:] if isinstance(a, ast.Name)]
    defined = frozenset(n.name for n in tree.body if isinstance(n, ast.ClassDef))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [n for n in node.body if not _is_text(n)]
    digest = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return _Code(digest, imports, defined, bases[0] if bases and file.name == "__init__.py" else "")


def _is_text(statement: ast.stmt) -> bool:
    """True for a docstring, also one below an attribute."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _imported(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Names that statements import at any depth, type-checking blocks left out."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _is_import_by_name(node):
            yield str(ast.literal_eval(node.args[0]))
        waiting += ast.iter_child_nodes(node)


def _is_import_by_name(call: ast.Call) -> bool:
    """True for ``importlib.import_module`` of a name that is written out."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return name == "import_module" and len(call.args) == 1 and isinstance(call.args[0], ast.Constant)


def _top(module: str) -> str:
    return module.split(".", 1)[0]


def _is_library(top: str) -> bool:
    return top not in _ROOTS and top not in sys.stdlib_module_names and top not in _NO_NUMBERS_COME_FROM


def _is_excluded(module: str) -> bool:
    return any(module == part or module.startswith(f"{part}.") for part in _NO_CODE_OF_NUMBERS)


@cache
def code_version(module: str, *extra: str) -> str:
    """The version of a module's computation in the running program.

    >>> code_version("quant_core.features") == code_version("quant_core.features")
    True
    >>> code_version("quant_core.features") == code_version("quant_core.events")
    False
    """
    return CodeTree().version(module, *extra)


def text_version(files: Iterable[Path]) -> str:
    """SHA-256 (16 hex digits) over names and contents of files that are no Python: templates, styles."""
    state = hashlib.sha256()
    for file in sorted(files, key=lambda f: f.name):
        state.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return state.hexdigest()[:16]
