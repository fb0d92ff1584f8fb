"""Mutants: small wrong changes of a source text, one at a time, found in its syntax tree.

Each replaces one expression or statement: a comparison by its neighbor (< by <=, == by !=), + by -, and by or, a
condition by its opposite, a whole number by the one after or before it, a returned value by None. Texts, annotations,
decorators, error messages and limits of settings are left alone: a test of those would repeat the source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult},
    **{ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd},
}
LEFT_ALONE = (ast.Raise, ast.JoinedStr, ast.ImportFrom, ast.Import)
LIMITS_OF_SETTINGS = {"Field", "field", "TypeVar", "lru_cache"}


@dataclass(frozen=True)
class Mutant:
    """One change: a source text whose ``line`` (from 1) reads ``text`` in the place of ``before``.

    ``upto`` and ``onward`` are the original line before the changed place and from it on: they tell equal texts apart.
    """

    line: int
    upto: str
    onward: str
    before: str
    text: str
    source: str

    def __str__(self) -> str:
        return f"{self.line}: {self.before}  →  {self.text}"


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a source text, in the order of its lines."""
    found = [_replaced(source, node, new) for node, new in _changes(ast.parse(source))]
    return sorted((m for m in found if m.source != source), key=lambda m: m.line)


def _changes(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Nodes to replace, each with what replaces it."""
    for child in _looked_at(tree):
        yield from ((child, new) for new in _wrong_ones(child))
        yield from _changes(child)


def _looked_at(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that may be changed."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "type_params", "bases"}:
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, LEFT_ALONE) or not isinstance(part, ast.AST):
                continue
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in LIMITS_OF_SETTINGS:
                continue
            yield part


def _wrong_ones(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of a node."""
    match node:
        case ast.Compare(left, [*ops], comparators):
            for i, op in enumerate(ops):
                changed = [*ops[:i], COMPARISONS[type(op)](), *ops[i + 1 :]]
                yield ast.Compare(left, changed, comparators)
        case ast.BinOp(left, op, right) if type(op) in OPERATORS and not _has_text(node):
            yield ast.BinOp(left, OPERATORS[type(op)](), right)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
            yield operand
        case ast.Constant(value) if type(value) is int:
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Return(value) if value is not None and not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(ast.Constant(None))
        case _:
            pass


def _has_text(node: ast.AST) -> bool:
    """True where texts are joined: those are messages and names."""
    return any(isinstance(n, ast.JoinedStr) or (isinstance(n, ast.Constant) and isinstance(n.value, str | bytes))
               for n in (getattr(node, "left", node), getattr(node, "right", node)))  # fmt: skip


def _replaced(source: str, node: ast.AST, new: ast.AST) -> Mutant:
    """The source text with one node written anew; columns of the tree count bytes."""
    lines = source.encode().splitlines(keepends=True)
    start, stop = node.lineno - 1, node.end_lineno - 1  # type: ignore[attr-defined]
    head, tail = lines[start][: node.col_offset], lines[stop][node.end_col_offset :]  # type: ignore[attr-defined]
    text = ast.unparse(new)
    written = text if isinstance(new, ast.stmt) else f"({text})"
    before = ast.get_source_segment(source, node) or ""
    changed = b"".join(lines[:start]) + head + written.encode() + tail + b"".join(lines[stop + 1 :])
    onward = lines[start][node.col_offset :].decode().strip()  # type: ignore[attr-defined]
    return Mutant(start + 1, head.decode(), onward, " ".join(before.split()), text, changed.decode())
