"""Redaction: texts without the logins of databases and stores; the one place that knows how a secret may be spelled.

Put here: which parts of a URL are secret, their spellings, and taking them out of a text.
Keep out: the environment that holds them (resources.py), escaping of what files hold (quant_core.shown_text).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, unquote_plus

MASK = "***"

_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
# A URL with a login in any text: also one that belongs to no variable, such as a line of a settings file.
_LOGIN_IN_TEXT = re.compile(r"(?<=://)[^\s/@'\"]*:[^\s'\"]*@|(?<=://)[^\s/:@'\"]+@")
_PASSWORD_SETTING = re.compile(r"(?i)(?<=[?&\s;,{])((?:password|passwd|pwd|secret|token)=)[^\s&;,'\"]+")
_QUERY_SECRET = re.compile(r"(?i)[?&](?:password|passwd|pwd|secret|token)=([^&#\s]+)")
# Where a parser of URLs may cut a password that is not percent-encoded; a driver then names the pieces as hosts.
_CUTS = re.compile(r"[@/:?#\[\]]")

_MAX_CUTS = 12
_SHORT_PASSWORD = 4
_SHORT_USER = 8


def has_login(text: str) -> bool:
    """Whether a text is a URL with a login before its host, or with a password among its options.

    >>> has_login("mysql://u:p@h/d"), has_login("s3://bucket/lake"), has_login("me@example.com")
    (True, False, False)
    """
    rest = _URL.sub("", text)
    return rest != text and ("@" in rest.split("/")[0] or bool(_QUERY_SECRET.search(text)))


class Redaction:
    """Takes the secrets of some URLs out of texts.

    Passwords and the pieces into which a parser could cut them go wherever they stand, those of less than four
    letters where they stand alone. User names of eight letters and more go where they stand alone, shorter ones,
    which are words of their own, only as logins.

    Args:
        urls: as they are written in the environment; wrong ones too.

    >>> redaction = Redaction(["mysql+pymysql://a:p%40ss@word[1@db.example/bars"])
    >>> redaction.text("Access denied for user 'a'@'localhost': a bar, p@ss and word[1@db.example")
    "Access denied for user '***'@'localhost': a bar, *** and ***@db.example"
    """

    def __init__(self, urls: Iterable[str]) -> None:
        found: set[str] = set()
        for url in filter(None, urls):
            found |= set(_patterns(url))
        # The longest first: a password that holds another one goes as a whole.
        alternatives = sorted(found, key=len, reverse=True)
        self._secrets = re.compile("|".join(alternatives)) if alternatives else None

    def text(self, text: str) -> str:
        """The text with every secret replaced by three stars."""
        if self._secrets is not None:
            text = self._secrets.sub(MASK, text)
        text = _LOGIN_IN_TEXT.sub(f"{MASK}@", text)
        return _PASSWORD_SETTING.sub(rf"\1{MASK}", text)


def _patterns(url: str) -> Iterator[str]:
    """Regular expressions of what must not be seen of a URL."""
    yield _bounded(re.escape(url), len(url))
    for secret in _QUERY_SECRET.findall(url):
        yield from _password_patterns(secret)
    rest = _URL.sub("", url)
    # Nobody knows which "@" ends the login of a URL that is not encoded: every reading of it is secret.
    ends = [i for i, letter in enumerate(rest) if letter == "@"]
    user, colon, password = rest[: ends[0] if ends else len(rest)].partition(":")
    if ends:
        yield from _user_patterns(user)
    elif colon and not re.match(r"\d*(/|\?|$)", password):  # no host and a port, but a login whose host is missing
        yield from _password_patterns(password)
    for end in ends if colon else ():
        yield from _password_patterns(rest[len(user) + 1 : end])


def _password_patterns(written: str) -> Iterator[str]:
    """A password as written, decoded, and in the pieces into which a parser would cut it."""
    for plain in filter(None, {written, unquote(written), unquote_plus(written)}):
        yield _bounded(_spelled(plain), len(plain))
    cuts = [0, *(found.end() for found in list(_CUTS.finditer(written))[:_MAX_CUTS]), len(written) + 1]
    for i, start in enumerate(cuts[:-1]):
        for end in cuts[i + 1 :]:
            piece = written[start : end - 1]
            if len(piece) >= _SHORT_PASSWORD:
                yield _spelled(piece)
            elif piece:  # too short to go from everywhere: where it stands as the login of what was read as a host
                yield rf"(?<![A-Za-z0-9_]){_spelled(piece)}(?=@)"


def _user_patterns(written: str) -> Iterator[str]:
    """A user name where it cannot be another word."""
    for plain in filter(None, {written, unquote(written)}):
        spelled = _spelled(plain)
        if len(plain) >= _SHORT_USER:
            yield _alone(spelled)
        else:
            yield rf"(?<![\w.%+-]){spelled}(?=['\"`]?@)"
            yield rf"(?<=user '){spelled}(?=')"


def _bounded(pattern: str, length: int) -> str:
    """A pattern of a secret: anywhere, or where it stands alone when it is so short that it is in every other word."""
    return pattern if length >= _SHORT_PASSWORD else _alone(pattern)


def _alone(pattern: str) -> str:
    """A pattern that is not a part of a word."""
    return rf"(?<![A-Za-z0-9_]){pattern}(?![A-Za-z0-9_])"


def _spelled(plain: str) -> str:
    """A pattern of a text in the spellings of URLs, JSON, Python and HTML, each letter in any of them."""
    return "".join(_letter(letter) for letter in plain)


def _letter(letter: str) -> str:
    """One letter in every spelling."""
    encoded = "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))
    if letter.isalnum() and letter.isascii():
        return f"(?:{letter}|(?i:{encoded}))"
    plain = {letter, json.dumps(letter)[1:-1], html.escape(letter), repr(letter)[1:-1]}
    if letter == " ":
        plain.add("+")
    if letter == "'":
        plain |= {"&#39;", "&apos;"}
    forms = sorted({re.escape(form) for form in plain}, key=len, reverse=True)
    return rf"\\?(?:{'|'.join(forms)}|(?i:{encoded}))"
