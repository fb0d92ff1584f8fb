"""Redaction: no part of a password is seen in any spelling, and words that are no secret stay."""

from __future__ import annotations

import html
import json
from urllib.parse import quote, quote_plus

import pytest

from quant_pipelines.redaction import Redaction, has_login

PASSWORDS = [
    "plain-word7",
    "p%40ss/w0rd",
    "p@ss word",
    "br[ack]et9",
    "sla/sh?and#hash",
    "colon:and:more",
    "ümläut'\"<&>",
]


@pytest.mark.parametrize("password", PASSWORDS)
def test_every_spelling_of_a_password_is_redacted(password: str) -> None:
    redaction = Redaction([f"mysql+pymysql://reader:{quote(password, safe='')}@db.example:3306/bars"])
    lower = quote(password, safe="").replace("%2F", "%2f").replace("%C3%BC", "%c3%bc")
    spellings = [password, quote(password), quote(password, safe=""), quote_plus(password), lower, repr(password)[1:-1]]
    spellings += [json.dumps(password)[1:-1], html.escape(password), html.escape(repr(password)[1:-1])]
    for spelling in spellings:
        assert redaction.text(f"denied ({spelling}) here") == "denied (***) here", spelling


@pytest.mark.parametrize(
    "password", ["s3cret@word", "s3cret[word", "s3cret]word", "s3cret@w/ord?", "a@b@s3cret", "s3cret:@"]
)
def test_no_piece_of_a_password_that_is_not_encoded_is_seen(password: str) -> None:
    dsn = f"mysql+pymysql://reader:{password}@db.example:3306/bars"
    redaction = Redaction([dsn])
    shown = [redaction.text(t) for t in (dsn, f"cannot parse {dsn!r}", f"{password} is wrong")]
    # What drivers say that take the first "@" for the end of the login, or the last one.
    for cut in ("@", "[", "/", ":"):
        head, _, tail = password.partition(cut)
        shown += [redaction.text(f"Unknown host {tail}@db.example and password {head}")] if tail else []
    for text in shown:
        assert not [part for part in ("s3cret", "word", "ord?") if part in text.replace("password", "")], text


@pytest.mark.parametrize("user", ["a", "in", "root"])
def test_a_short_user_name_is_no_part_of_other_words(user: str) -> None:
    redaction = Redaction([f"mysql://{user}:some-password@localhost/bars"])
    said = "Bars of a root index in a table are missing: data, print, rooted"
    assert redaction.text(said) == said
    assert redaction.text(f"Access denied for user '{user}'@'localhost'") == "Access denied for user '***'@'localhost'"


def test_a_long_user_name_goes_as_a_word_and_a_short_password_too() -> None:
    redaction = Redaction(["mysql://secretuser:ab@localhost/bars"])
    assert redaction.text("secretuser, secretusers, ab, about") == "***, secretusers, ***, about"


def test_logins_of_no_variable_are_redacted_too() -> None:
    redaction = Redaction([])
    assert redaction.text("line 3: url: 'mysql://u:p@ss@h/d'") == "line 3: url: 'mysql://***@h/d'"
    assert redaction.text("https://h/x?password=abc&y=1") == "https://h/x?password=***&y=1"
    assert redaction.text("see https://example.com/a:b, bars of EUR/USD at 09:30") == (
        "see https://example.com/a:b, bars of EUR/USD at 09:30"
    )


def test_a_login_whose_host_is_missing_is_a_secret() -> None:
    assert Redaction(["mysql://reader:s3cret-word"]).text("no port: 's3cret-word'") == "no port: '***'"
    assert Redaction(["mysql://localhost:3306/bars"]).text("port 3306 of bars") == "port 3306 of bars"


def test_only_urls_with_a_login_are_taken_from_variables_of_others() -> None:
    assert [has_login(t) for t in ("postgresql://u:p@h/d", "s3://b/x@y", "u:p@h", "https://h/?token=abc")] == [
        True,
        False,
        False,
        True,
    ]
