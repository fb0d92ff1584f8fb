"""YAML as the project reads it: plain values, each key once, nothing that grows when it is read.

Put here: the one reader of YAML texts, and what it refuses.
Keep out: what the values mean (the models of each file), opening files (quant_pipelines).
"""

from __future__ import annotations

from typing import cast

import yaml

from quant_core.errors import ConfigError
from quant_core.shown_text import quoted, shown

MAX_SIZE = 2_000_000
"""Letters and values that a file may hold once every alias is replaced by what it stands for."""


def read_yaml(text: str, where: str) -> object:
    r"""Read a YAML text.

    Args:
        text: what the file holds.
        where: name of the file, for error texts.

    Raises:
        ConfigError: no YAML, a key given twice, aliases that expand beyond bounds or hold themselves.

    >>> read_yaml("a: 1", "a.yaml")
    {'a': 1}
    >>> read_yaml("a: 1\nb: 2\na: 3", "a.yaml")
    Traceback (most recent call last):
    quant_core.errors.ConfigError: Key 'a' is given twice in a.yaml: expected once, found in lines 1 and 3. Remove one.
    """
    if len(text) > MAX_SIZE:
        raise _too_large(where, f"{len(text):,} characters")
    try:
        loader = yaml.SafeLoader(text)
        try:
            # The nodes hold an alias as one more reference: measured here, before anything is made of them.
            node = loader.get_single_node()
            if node is None:
                return None
            _Measured(where).size(node)
            return cast("object", loader.construct_document(node))
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # A date or a number that does not exist is a ValueError. Not "from error": that repeats the lines of the file.
        raise ConfigError(
            f"File {where} is not YAML: expected key: value lines, found {_said(error)}. Correct it."
        ) from None
    except RecursionError as error:
        raise ConfigError(
            f"File {where} cannot be read: expected a few levels of keys, found hundreds. Write it flatter."
        ) from error


class _Measured:
    """The size of a file's nodes with every alias written out; each node is looked at once."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._known: dict[int, int] = {}
        self._open: set[int] = set()

    def size(self, node: yaml.Node) -> int:
        """Values and letters below a node.

        Raises:
            ConfigError: too many, a node inside itself, or a key given twice.
        """
        if id(node) in self._known:
            return self._known[id(node)]
        if id(node) in self._open:
            raise ConfigError(
                f"File {self._where} cannot be read: expected plain values, found an alias inside what it stands for "
                f"(line {_line(node)}). Write the values out."
            )
        self._open.add(id(node))
        total = 1 + sum(self.size(part) for part in self._parts(node))
        if isinstance(node, yaml.ScalarNode):
            total += len(cast("str", node.value))
        if total > MAX_SIZE:
            raise _too_large(self._where, f"an alias that stands for more (line {_line(node)})")
        self._open.discard(id(node))
        self._known[id(node)] = total
        return total

    def _parts(self, node: yaml.Node) -> list[yaml.Node]:
        """The nodes directly below a node."""
        if isinstance(node, yaml.SequenceNode):
            return cast("list[yaml.Node]", node.value)
        if not isinstance(node, yaml.MappingNode):
            return []
        pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
        lines: dict[str, int] = {}
        for key, _ in pairs:
            if not isinstance(key, yaml.ScalarNode):
                continue
            name = cast("str", key.value)
            if name in lines:
                raise ConfigError(
                    f"Key {quoted(name)} is given twice in {self._where}: expected once, found in lines "
                    f"{lines[name]} and {_line(key)}. Remove one."
                )
            lines[name] = _line(key)
        return [part for pair in pairs for part in pair]


def _said(error: Exception) -> str:
    """What PyYAML says, with the place; without the lines around it, which may hold a password."""
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    if mark is None:
        return shown(getattr(error, "reason", error))
    return f"{shown(getattr(error, 'problem', error))} (line {mark.line + 1}, column {mark.column + 1})"


def _line(node: yaml.Node) -> int:
    """The line on which a node starts, as editors count."""
    return cast("int", node.start_mark.line) + 1


def _too_large(where: str, found: str) -> ConfigError:
    """The refusal of a file that would fill the memory."""
    return ConfigError(
        f"File {where} cannot be read: expected at most {MAX_SIZE:,} letters and values with every alias written out, "
        f"found {found}. Remove the aliases, or name files by a pattern."
    )
