"""One file of a source: where its bytes are, how they are declared, and what changes when they change.

Put here: the file's identity, and reading its bytes within the limit on its size.
Keep out: which files there are (sample.py, inbox.py), what they hold (files.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect
from quant_core.quality import QualityRules
from quant_pipelines.lake.code_version import code_version


class UnreadableFileError(RefusedInputError):
    """The bytes of a file could not be had, which may be another time; what it holds is not known."""


@dataclass(frozen=True)
class FeedFile:
    """One file and how to read it.

    Attributes:
        origin: name in messages and in the lake: the path below the source's folder.
        stamp: changes when the content may have changed (size and modification time).
        load: reads the bytes.
        where: the place in sources.yaml that declares the file, for error texts.
        ask: the file of the ask quotes, where this one holds the bid quotes only.
        lacks: the file with the other side of the quotes, where it is not there: the file is refused until it is.
        refused: why it is not even looked at, or "".
    """

    origin: str
    stamp: str
    load: Callable[[], bytes]
    dialect: Dialect
    allow_non_positive_prices: bool = False
    quality: QualityRules = field(default_factory=QualityRules)
    where: str = ""
    ask: FeedFile | None = None
    lacks: str = ""
    refused: str = ""

    @property
    def rules(self) -> QualityRules:
        """The quality rules of its bars, with the permission of the source."""
        allow = self.allow_non_positive_prices or self.quality.allow_non_positive_prices
        return self.quality.model_copy(update={"allow_non_positive_prices": allow})

    @cached_property
    def identity(self) -> str:
        """Hash of everything that decides how the file is read, short of its bytes."""
        parts = [
            self.origin,
            self.stamp,
            self.dialect.model_dump_json(),
            code_version("quant_core.ingestion.reading"),
            self.lacks,
        ]
        return sha256("|".join([*parts, *([self.ask.identity] if self.ask else [])]).encode())

    def contents(self) -> Contents:
        """The bytes, and those of the other side of the quotes.

        Raises:
            UnreadableFileError: the file system does not give them.
            RefusedInputError: there are more of them than the limit allows.
        """
        return Contents(self._bytes(), self.ask._bytes() if self.ask else b"")

    def _bytes(self) -> bytes:
        try:
            return self.load()
        except OSError as error:
            raise unreadable(self.origin, error) from error


@dataclass(frozen=True)
class Contents:
    """The bytes of a file at one moment: what is hashed is what is parsed.

    Attributes:
        own: of the file.
        ask: of the file of the ask quotes, where there is one.
    """

    own: bytes
    ask: bytes = b""

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the bytes; where two files make one, of both hashes."""
        return sha256((sha256(self.own) + sha256(self.ask)).encode()) if self.ask else sha256(self.own)


def unreadable(origin: str, error: OSError) -> RefusedInputError:
    """The refusal of something that the file system does not let us read."""
    return UnreadableFileError.at(
        origin,
        reason=f"it cannot be read: {error.strerror or type(error).__name__}",
        fix="let the user that runs this read it (chmod u+r, chown), or take it out of the inbox",
    )


def sha256(content: bytes) -> str:
    """SHA-256 as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()
