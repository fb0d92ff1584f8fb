"""The terminal: whatever a command prints is free of secrets, and of signs that draw.

Put here: what every printed text goes through.
Keep out: what is printed (the commands), what is a secret (redaction.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text

from quant_core.shown_text import escaped

_LAYOUT = "\n\t"


class SafeConsole(Console):
    """A console that redacts and escapes every text, in lines and in the cells of tables.

    The colors of the commands are styles of rich, not signs in a text, so they stay.

    Args:
        redact: takes the secrets out of a text.
        settings: those of a console.
    """

    def __init__(self, redact: Callable[[str], str], **settings: Any) -> None:
        super().__init__(**settings)
        self._redact = redact

    def render_str(self, text: str, **settings: Any) -> Text:  # pyright: ignore[reportIncompatibleMethodOverride]
        """A text as rich shows it; see the class."""
        return super().render_str(escaped(self._redact(text), keep=_LAYOUT), **settings)

    def print_json(self, json: str | None = None, **settings: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """JSON in which every sign beyond ASCII is written out."""
        super().print_json(None if json is None else self._redact(json), ensure_ascii=True, **settings)
