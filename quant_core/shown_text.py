"""Texts from outside as they may be shown: nothing that draws, and not without end.

Put here: escaping and shortening of what a file, a database or a person wrote, for messages.
Keep out: secrets (quant_pipelines), and data: what is stored stays as it was delivered.

A message ends in a terminal, a log, a table or a page. There a control character, an escape sequence or a sign that
turns the direction of writing would change what the reader sees of the other texts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

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
    return "".join(_signs(text, keep))


def shown(text: object, limit: int = SHOWN_LETTERS) -> str:
    r"""A text from outside for a message: escaped, and its first letters when it is long.

    >>> shown("EURUSD"), shown("a\tb")
    ('EURUSD', 'a\\tb')
    >>> shown("x" * 1234, 10)
    'xxxxxxxxxx… (1,224 more characters)'
    """
    whole = str(text)
    return _start(_signs(whole), len(whole), limit)


def quoted(text: object, limit: int = SHOWN_LETTERS) -> str:
    r"""A value as Python writes it, for a message.

    >>> quoted("it's"), quoted([1, 2]), quoted("x" * 9, 4)
    ('"it\'s"', '[1, 2]', "'xxxx… (5 more characters)'")
    """
    if not isinstance(text, str):
        return shown(repr(text), limit)
    mark = '"' if "'" in text and '"' not in text else "'"
    signs = (f"\\{sign}" if sign in ("\\", mark) else sign for sign in _signs(text))
    return f"{mark}{_start(signs, len(text), limit)}{mark}"


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


def _signs(text: str, keep: str = "") -> Iterator[str]:
    """How each letter of a text is shown."""
    n_marks = 0
    for letter in text:
        kind = unicodedata.category(letter)
        # Marks are drawn over the letter before; a tower of them reaches into other lines.
        n_marks = n_marks + 1 if kind in ("Mn", "Me") else 0
        is_seen = letter.isprintable() or kind == "Zs" or letter in keep
        yield letter if is_seen and n_marks <= _STACKED_MARKS else _written_out(letter)


def _start(signs: Iterable[str], n_letters: int, limit: int) -> str:
    """The first signs that fit, each of them whole, and how many letters are left out."""
    kept: list[str] = []
    length = 0
    for sign in signs:
        length += len(sign)
        if length > limit:
            return f"{''.join(kept)}… ({n_letters - len(kept):,} more characters)"
        kept.append(sign)
    return "".join(kept)


def _written_out(letter: str) -> str:
    """A letter as an escape that a YAML, JSON or Python text in double quotes reads back."""
    known = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(letter)
    if known:
        return known
    number = ord(letter)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
