"""The saved index: what files held, as text between processes; damage to it is noticed, and costs time only.

Put here: its format and its checksum.
Keep out: where it lies (opening.py), what it remembers (content_index.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from quant_pipelines.sources.content_index import FileContent
from quant_pipelines.sources.feed_file import sha256

_FIELDS = {field.name for field in fields(FileContent)}


def index_text(known: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The text of an index.

    Args:
        known: identity of a file → the fields of what it held.

    >>> index_of(index_text({})), index_of(index_text({"a": vars(FileContent("h", {"X|D1": "x"}))}))["a"]["holds"]
    ({}, {'X|D1': 'x'})
    """
    files = json.dumps(known, sort_keys=True)
    return json.dumps({"checksum": sha256(files.encode()), "files": files}).encode()


def index_of(text: bytes) -> dict[str, dict[str, Any]]:
    """The index of a text.

    Raises:
        ValueError: it is damaged, or another version wrote it.

    >>> index_of(b'{"a": {}}')
    Traceback (most recent call last):
    ValueError: it has no checksum
    """
    try:
        whole: Any = json.loads(text)
        named = cast("dict[str, Any]", whole) if isinstance(whole, dict) else {}
        files = named.get("files")
        if not isinstance(files, str) or "checksum" not in named:
            raise ValueError("it has no checksum")
        if sha256(files.encode()) != named["checksum"]:
            raise ValueError("its checksum does not fit")
        known: dict[str, dict[str, Any]] = json.loads(files)
    except RecursionError as error:
        raise ValueError("it is nested without end") from error
    if any(set(entry) != _FIELDS for entry in known.values()):
        raise ValueError("another version wrote it")
    return known
