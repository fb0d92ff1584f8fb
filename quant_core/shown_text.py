"""Texts from outside as they may be shown: nothing that draws, and not without end.

Put here: escaping and shortening of what a file, a database or a person wrote, for messages.
Keep out: secrets (quant_pipelines), and data: what is stored stays as it was delivered.

A message ends in a terminal, a log, a table or a page. There a control character, an escape sequence or a sign that
turns the direction of writing would change what the reader sees of the other texts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

SHOWN_LETTERS = 200
"""Letters that are shown of one text from outside."""

MESSAGE_LETTERS = 600
"""Letters that are shown of one part of a message, which may hold several such texts."""

_STACKED_MARKS = 2


def escaped(text: str, *, keep: str = "") -> str:
    r"""A text in which every sign that is not seen as itself is written out.

    Args:
        text: from outside.
        keep: signs that stay although they are not printed, for example the line break of a text of several lines.

    >>> print(escaped("red \x1b[31m, turned \u202e, two\nlines, é and 中 stay"))
    red \x1b[31m, turned \u202e, two\nlines, é and 中 stay
    >>> escaped("a\nb", keep="\n")
    'a\nb'
    """
    if text.isascii() and text.isprintable():
        return text
    parts: list[str] = []
    n_marks = 0
    for letter in text:
        # Marks are drawn over the letter before; a tower of them reaches into other lines.
        n_marks = n_marks + 1 if unicodedata.category(letter) in ("Mn", "Me") else 0
        is_seen = letter.isprintable() or unicodedata.category(letter) == "Zs" or letter in keep
        parts.append(letter if is_seen and n_marks <= _STACKED_MARKS else _written_out(letter))
    return "".join(parts)


def shown(text: object, limit: int = SHOWN_LETTERS) -> str:
    r"""A text from outside for a message: escaped, and its first letters when it is long.

    >>> shown("EURUSD"), shown("a\tb")
    ('EURUSD', 'a\\tb')
    >>> shown("x" * 1234, 10)
    'xxxxxxxxxx… (1,224 more characters)'
    """
    whole = str(text)
    # An escape is up to ten letters for one; what cannot fit is not escaped at all.
    start = escaped(whole[: limit + 1])
    if len(whole) <= limit and len(start) <= limit:
        return start
    kept, n_kept = "", 0
    for letter in whole[:limit]:
        kept += escaped(letter)
        if len(kept) > limit:
            break
        n_kept += 1
    return f"{escaped(whole[:n_kept])}… ({len(whole) - n_kept:,} more characters)"


def quoted(text: object, limit: int = SHOWN_LETTERS) -> str:
    r"""A value as Python writes it, for a message.

    >>> quoted("it's"), quoted([1, 2]), quoted("x" * 9, 4)
    ('"it\'s"', '[1, 2]', "'xxxx… (5 more characters)'")
    """
    if isinstance(text, str) and len(text) > limit:
        return f"{escaped(repr(text[:limit])[:-1])}… ({len(text) - limit:,} more characters)'"
    return shown(repr(text), limit + 2)


def listed(names: Iterable[object], limit: int = SHOWN_LETTERS) -> str:
    """Names as a list, as many as fit, and how many are left out.

    >>> listed(["open", "high"]), listed(["open", "high", "low"], 10)
    ("['open', 'high']", "['open', … 2 more]")
    """
    parts = [quoted(name, 60) for name in names]
    n_shown, length = 0, 0
    for part in parts:
        length += len(part) + 2
        if length > limit:
            break
        n_shown += 1
    left = len(parts) - n_shown
    return f"[{', '.join(parts[:n_shown] + ([f'… {left} more'] if left else []))}]"


def _written_out(letter: str) -> str:
    """A letter as an escape that a YAML, JSON or Python text in double quotes reads back."""
    known = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(letter)
    if known:
        return known
    number = ord(letter)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
