"""Filtering by words, beyond the examples."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plugins import InvalidInput
from app.plugins.testing import run_processor
from processors.filters._lexicon import Lexicon
from processors.filters.lexical_filter import LexicalFilter


def found(body: str | None, words: str, **options: Any) -> str | None:
    """What was found in a text; None when it was filtered out."""
    rows = run_processor(LexicalFilter, [{"body": body}], {"lexicon_custom": words, **options})
    return rows[0]["matching_lexicons"] if rows else None


@pytest.mark.parametrize(
    ("body", "words", "expected"),
    [
        ("a cat sat", "cat", "cat"),
        ("concatenate", "cat", None),
        ("cat_food", "cat", None),
        ("cat-food", "cat", "cat"),
        ("CAT", "cat", "cat"),
        ("I write C++.", "c++", "c++"),
        ("C++", "c", "c"),
        ("#tag", "#tag", "#tag"),
        ("#tags", "#tag", None),
        ("hi @ann!", "@ann", "@ann"),
        ("node.js rocks", "node.js, nodexjs", "node.js"),
        ("naïve café", "café", "café"),
        ("cafés", "café", None),
        ("Привет мир", "привет", "привет"),
        ("שלום עולם", "שלום", "שלום"),
        ("I ❤️ tea", "❤️", "❤️"),
        ("new   york city", "new york, york city, york", "new york,york,york city"),
        ("b a", "a, b", "a,b"),
        ("one\ntwo", "two", "two"),
        ("Trump", "trump, TRUMP", "trump"),
        (None, "a", None),
        ("", "a", None),
    ],
)
def test_whole_words(body: str | None, words: str, expected: str | None) -> None:
    assert found(body, words) == expected


def test_words_on_lines_of_their_own() -> None:
    assert found("x y", "x\n y \n\n,z") == "x,y"


def test_case_matters_when_asked() -> None:
    assert found("Cat cat", "Cat,CAT", case_sensitive=True) == "Cat"


@pytest.mark.parametrize(
    ("body", "words", "expected"),
    [
        ("colour", "colou?r", "colou?r"),
        ("aaa", "a{2,3},b", "a{2,3}"),
        ("x,y", r"x\,y", r"x\,y"),
        ("bee", "(a,b)|bee", "(a,b)|bee"),
        ("COLOR", "colou?r", "colou?r"),
        ("discolored", "colou?r", "colou?r"),
    ],
)
def test_regular_expressions(body: str, words: str, expected: str) -> None:
    assert found(body, words, as_regex=True) == expected


@pytest.mark.parametrize(("words", "options"), [("a(", {"as_regex": True}), (" , \n", {}), ("", {})])
def test_bad_words_are_refused_by_name(words: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        found("a", words, **options)
    assert set(caught.value.fields) == {"lexicon_custom"}


def test_excluding_is_the_opposite() -> None:
    items = [{"body": "a"}, {"body": "b"}, {"body": None}]
    rows = run_processor(LexicalFilter, items, {"lexicon_custom": "a", "exclude": True})
    assert [row["body"] for row in rows] == ["b", None]


def test_the_column_of_an_earlier_filter_is_replaced() -> None:
    items = [{"body": "a b", "matching_lexicons": "a", "id": "1"}]
    rows = run_processor(LexicalFilter, items, {"lexicon_custom": "b"})
    assert rows == [{"body": "a b", "matching_lexicons": "b", "id": "1"}]


def test_a_long_list_of_words() -> None:
    words = [f"word{number}" for number in range(2_000)]
    assert found("here is word1999 and word7", ",".join(words)) == "word1999,word7"


@given(st.text("ab+# ", min_size=1, max_size=6).filter(str.strip), st.text("ab+# ,.", max_size=30))
def test_it_agrees_with_a_plain_definition(word: str, body: str) -> None:
    term = word.strip()
    before, after = (r"\b" if re.match(r"\w", end) else "" for end in (term[0], term[-1]))
    expected = re.search(before + r"\s+".join(map(re.escape, term.split())) + after, body) is not None
    assert (found(body, term) is not None) is expected


def test_the_summary_is_short() -> None:
    assert LexicalFilter.summarise(LexicalFilter.Options("a,b,c,d,e")) == "a, b, c and 2 more"
    assert Lexicon.read("a,a", False, False).terms == ("a",)
