"""The search language of the imageboards."""

from __future__ import annotations

import pytest

from datasources._imageboard.query import InvalidQuery, matches, parse, plain_text, spaced, to_sphinx, tokens


def found(query: str, text: str) -> bool:
    tree = parse(query)
    assert tree is not None
    return matches(tree, spaced(text))


@pytest.mark.parametrize(
    ("query", "yes", "no"),
    [
        ("coffee", "I like Coffee.", "I like coffees"),
        ("coffee milk", "milk in my coffee", "coffee"),
        ("coffee | tea", "tea", "water"),
        ("hot coffee | tea", "hot tea", "coffee tea"),
        ('"hot coffee"', "a hot, coffee", "coffee hot"),
        ("coffee -decaf", "coffee", "decaf coffee"),
        ("coffee !(decaf milk)", "coffee milk", "decaf coffee with milk"),
        ("coff*", "coffeehouse", "scoff"),
        ("*offee", "toffee", "offees"),
        ("*ffe*", "coffees", "cafe"),
        ("c*fee", "coffee", "coffees"),
        ("^coffee", "Coffee first", "my coffee"),
        ("coffee$", "my coffee!", "coffee first"),
        ("^coffee$", "coffee", "coffee coffee"),
        ("coffee << milk", "coffee, then milk", "milk, then coffee"),
        ("coffee << milk << sugar", "coffee milk and sugar", "coffee sugar milk"),
        ("coffee << milk | sugar", "coffee sugar", "milk coffee"),
        ('"hot coffee" << milk', "hot coffee milk", "hot milk coffee"),
        ("one coffee << milk", "coffee milk one", "coffee milk"),
        ("milk << milk", "milk and milk", "milk"),
        ("(black coffee) | tea", "black big coffee", "black"),
        ("covid-19", "COVID 19 is", "covid in 2019"),
        ("café", "CAFE", "caf"),
        ("привет", "ПРИВЕТ мир", "приветы"),
        ("日本", "in 日本語", "本日"),
        ("--coffee", "coffee", "tea"),
        ("foo_bar", "foo_bar", "foo bar"),
        ('"^hot coffee$"', "hot coffee", "a hot coffee"),
        ('"hot coff*"', "hot coffees", "hot tea coffee"),
        ('"*hot* cof*"', "shots coffee", "shots tea coffee"),
        ("anti-vax*", "the anti-vaxxers", "antivaxxers"),
        ("covid-19*", "covid-1984", "covid19"),
        ("9/11*", "on 9/11", "911"),
        ("*hot/co*", "a shot, coffee", "shotco"),
        ("日本abc*", "日本abcd", "日本 x abcd"),
        ("abc*日本", "abcde日本", "abcde x 日本"),
    ],
)
def test_what_it_finds(query: str, yes: str, no: str) -> None:
    assert found(query, yes)
    assert not found(query, no)


@pytest.mark.parametrize(
    ("query", "reason", "position"),
    [
        ("(coffee", "This bracket is not closed.", 0),
        ("coffee)", "This bracket was never opened.", 6),
        ('tea "hot coffee', "This quotation is not closed.", 4),
        ("coffee |", "A word is missing here.", 8),
        ("| coffee", "A word is missing here.", 0),
        ("coffee << ", "A word is missing here.", 10),
        ("coffee <<", "A word is missing here.", 9),
        ("()", "Something is missing here.", 1),
        ("-coffee", "Say what you want besides what you do not want.", 0),
        ("coffee | -tea", "Say what you want besides what you do not want.", 0),
        ("tea co*", "A word with * needs at least 3 letters in a row.", 4),
        ("tea *", "A word with * needs at least 3 letters in a row.", 4),
        ("9*/11*", "A word with * needs at least 3 letters in a row.", 0),
        ("tea anti-*", "A word with * needs at least 3 letters in a row.", 9),
        ("日本**", "Each of these characters is a word by itself: leave the * out.", 2),
        ('tea "coff* 日 *本"', "Each of these characters is a word by itself: leave the * out.", 13),
        ("tea ...", "There is no word in this.", 4),
        ("(a b) << c", "Beside << stand words, phrases, or a choice of these.", 0),
        ("a << -b", "Beside << stand words, phrases, or a choice of these.", 5),
        ("(" * 60 + "a" + ")" * 60, "There are too many brackets inside each other.", 41),
    ],
)
def test_what_it_cannot_understand_is_pointed_at(query: str, reason: str, position: int) -> None:
    with pytest.raises(InvalidQuery) as caught:
        parse(query)
    assert (str(caught.value), caught.value.position) == (reason, position)
    assert "▸" in caught.value.pointed(query)


def test_nothing_is_no_query() -> None:
    assert parse("   ") is None


def test_words_are_the_same_however_they_are_written() -> None:
    assert tokens("Ünïcode, ÉCOLE—naïve ﬁ") == ["unicode", "ecole", "naive", "ﬁ"]
    assert tokens("e\u0301cole") == tokens("école") == ["ecole"]
    assert tokens("日本 and한국") == ["日", "本", "and", "한", "국"]
    assert tokens("x" * 100) == ["x" * 42]
    assert spaced("...") == ""


def test_html_becomes_text() -> None:
    body = (
        '<a href="#p1" class="quotelink">&gt;&gt;1</a><br><span class="quote">&gt;be me</span><br>so<wbr>me &amp; all'
    )
    assert plain_text(body) == ">>1\n>be me\nsome & all"
    assert plain_text(None) == ""


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("hot coffee | tea -decaf", "(hot) ((coffee) | (tea))"),
        ('-decaf "hot coffee"', '"hot coffee"'),
        ("a << b|c << d", "(a) ((b) | (c)) (d)"),
        ("^coffee$", "^coffee$"),
        ('"^hot coffee"', '"^hot coffee"'),
        ("^coff* off*", "(coff*) (off*)"),
        ("*offee c*fee *off*ees", "(*offee) (*fee) (*off*)"),
        ('"a hot coff* with milk$"', '("a hot") (coff*) ("with milk")'),
        ("coffee | (tea -milk)", "(coffee) | (tea)"),
        ("coffee (tea | -milk)", "coffee"),
        ('"日本 𠀀 人"', '("日 本") (人)'),
        ("coffee *𐌰𐌱𐌲*", "coffee"),
        ("ᴹᴬYᴮᴱ ᴬᴮᴼ*", "(maybe) (abo*)"),
        ("𐌰𐌱𐌲", None),
        ("coffee | 𐌰𐌱𐌲", None),
        ("x" * 50 + "*", "x" * 30 + "*"),
        ("covid-19* anti-vax*", "(covid) ((anti) (vax*))"),
    ],
)
def test_sphinx_is_asked_for_as_much_at_least(query: str, text: str | None) -> None:
    tree = parse(query)
    assert tree is not None
    assert to_sphinx(tree) == text
