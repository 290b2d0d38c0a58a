"""Sentences that remember how they were put together."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from datetime import date

import orjson
import pytest
from markupsafe import Markup, escape

from app.domain import texts
from app.domain.errors import InvalidInput, NotSignedIn
from app.domain.texts import declared, join, recalled, recorded, say, say_many, speak_with, told
from app.runner.report import Reader, Reporter


@pytest.fixture
def loudly() -> Iterator[None]:
    """A language of capitals, in which the names in braces stay."""

    def shout(one: str, many: str | None, amount: int) -> str:
        text = one if many is None or amount == 1 else many
        return "".join(letters if letters[:1] == "{" else letters.upper() for letters in _pieces(text))

    before = texts._translate
    speak_with(shout)
    yield
    speak_with(before)


def _pieces(text: str) -> list[str]:
    pieces = [""]
    for letter in text:
        if letter == "{":
            pieces.append("")
        pieces[-1] += letter
        if letter == "}":
            pieces.append("")
    return pieces


def test_a_sentence_is_its_english() -> None:
    sentence = say("The column {name} is missing in {rows:,} rows.", name="<b>", rows=1234)
    assert sentence == "The column <b> is missing in 1,234 rows."
    assert json.loads(json.dumps(sentence)) == orjson.loads(orjson.dumps(sentence)) == sentence
    assert f"{sentence}" == str(sentence) == sentence


def test_it_is_told_in_the_readers_language(loudly: None) -> None:
    inner = say_many("{n} row", "{n} rows", 1200)
    sentence = say("The column {name} lacks {rows}.", name="likes", rows=inner)
    assert sentence == "The column likes lacks 1,200 rows."
    assert told(sentence) == "THE COLUMN likes LACKS 1,200 ROWS."
    assert told(say_many("{n} row", "{n} rows", 1)) == "1 ROW"
    assert told(declared("Set {this}")) == "SET {this}"
    assert told(join(", ", [inner, "a < b"])) == "1,200 ROWS, a < b"
    assert told("") == ""


def test_html_gets_the_readers_language_escaped(loudly: None) -> None:
    sentence = say("It's {name} & more", name='<"x">')
    assert escape(sentence) == Markup("IT&#39;S &lt;&#34;x&#34;&gt; &amp; MORE")
    assert Markup("<p>{}</p>").format(sentence) == "<p>IT&#39;S &lt;&#34;x&#34;&gt; &amp; MORE</p>"


def test_it_survives_being_copied_and_filled_in(loudly: None) -> None:
    sentence = say("{input} is not among {names}.", input="{input}", names="{a}")
    filled = sentence.format(input="x", minimum=3)
    assert filled == "x is not among {a}."
    assert told(pickle.loads(pickle.dumps(filled))) == "x IS NOT AMONG {a}."
    assert told(pickle.loads(pickle.dumps(say_many("{n} row", "{n} rows", 2)))) == "2 ROWS"


def test_errors_keep_their_sentences(loudly: None) -> None:
    error = InvalidInput({"name": [say("Too {what}.", what="long")]})
    assert error.message == "name: Too long."
    assert told(error.message) == "name: TOO long."
    assert str(NotSignedIn()) == "Sign in, or send a token, to do this."
    assert told(NotSignedIn().message) == "SIGN IN, OR SEND A TOKEN, TO DO THIS."
    assert told(say("Line 3: {error}", error=ValueError(say("it names {what}", what="x")))) == "LINE 3: IT NAMES x"
    assert say("It failed: {error}", error=OSError("no room")) == "It failed: no room"


def test_it_can_be_written_down_and_recalled(loudly: None) -> None:
    inner = say_many("{n} row", "{n} rows", 1200)
    for text in (say("{made} of “{name}”, {size:,} in all.", made=inner, name="{x}", size=5000), inner, say("Done.")):
        found = recalled(json.loads(json.dumps(recorded(text))))
        assert (found, told(found)) == (str(text), told(text))
    assert recalled(recorded("as it is")) == "as it is"
    moment = say("Until {day:%Y-%m-%d}.", day=date(2026, 1, 2))
    assert recorded(moment) == "Until 2026-01-02."  # what JSON cannot hold is told in English
    for wrong in ({}, {"one": "{x}", "many": None, "amount": 1, "values": {"y": 1}}, 5):
        with pytest.raises(ValueError, match="no sentence"):
            recalled(wrong)


def test_it_crosses_a_pipe_without_the_secrets_in_it(loudly: None) -> None:
    reading, writing = os.pipe()
    reporter = Reporter(writing)
    reporter.hide(["hunter22"])
    reporter.send("outcome", {"message": say("{host} is away.", host="hunter22.example"), "warnings": [say("Done.")]})
    ((_, value),) = Reader(reading).messages()
    assert (value["message"], told(value["message"])) == ("[secret].example is away.", "[secret].example IS AWAY.")
    assert told(value["warnings"][0]) == "DONE."
    reporter.hide(["values"])
    reporter.send("progress", [0.5, say("{host} is away.", host="values")])
    ((_, value),) = Reader(reading).messages()
    assert value == [0.5, "[secret] is away."]
    os.close(reading)
    os.close(writing)
