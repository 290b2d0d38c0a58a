"""A query in the words of Sphinx's extended syntax, for `MATCH()`.

Sphinx only narrows down: what it finds is compared with the query afterwards. So the translation must find at least
what the query does, and leaves out whatever Sphinx takes otherwise than the language here:

- what is not wanted, and choices with something not wanted in them;
- order (`<<`): the steps are wanted, in any order;
- the two ends of a text, beside stars and where a term falls into several;
- stars in the middle, in phrases and beside few letters: Sphinx finds a part of a word before, behind or between stars;
- characters beyond those that are indexed (`is_indexed`), which split words there.
"""

from __future__ import annotations

from itertools import groupby
from string import ascii_uppercase

from datasources._imageboard.query.syntax import And, Before, Node, Not, Or, Term, is_looked_up

INDEXED = "U+30..U+39, U+41..U+5A->U+61..U+7A, U+5F, U+61..U+7A, U+80..U+D7FF, U+E000..U+FFFD"
"""The characters that Sphinx takes as letters. Nothing else occurs in stored words but what lies beyond U+FFFF, and
parts of words with such characters make its server crash."""

_LONGEST_PART = 30
_CAPITALS = {ord(letter): letter.lower() for letter in ascii_uppercase}
"""Raised capitals such as ᴬ are stored as capitals, and MAYBE is no word for Sphinx."""


def is_indexed(word: str) -> bool:
    """Whether Sphinx has a word, or a part of one, as it is."""
    return all(ord(character) <= 0xFFFD for character in word)


def to_sphinx(node: Node) -> str | None:
    """A query that finds all texts that match, and perhaps others; None when Sphinx cannot tell any from the rest."""
    if isinstance(node, Not):
        return None
    if isinstance(node, And):
        return _all([to_sphinx(part) for part in node.parts])
    if isinstance(node, Or):
        return _any([to_sphinx(part) for part in node.parts])
    if isinstance(node, Before):
        return _all([_any([_term(term) for term in step]) for step in node.steps])
    return _term(node)


def _all(parts: list[str | None]) -> str | None:
    wanted = [part for part in parts if part is not None]
    return " ".join(f"({part})" for part in wanted) if len(wanted) > 1 else next(iter(wanted), None)


def _any(parts: list[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return " | ".join(f"({part})" for part in known) if len(known) > 1 else known[0]


def _term(term: Term) -> str | None:
    runs = [(usable, list(words)) for usable, words in groupby(term.words, _is_plain)]
    if len(runs) == 1 and runs[0][0]:
        return _phrase(f"{'^' if term.starts else ''}{' '.join(term.words)}{'$' if term.ends else ''}")
    found: list[str | None] = []
    for usable, words in runs:
        found += [_phrase(" ".join(words))] if usable else [_part(word) for word in words]
    return _all(found)


def _is_plain(word: str) -> bool:
    return "*" not in word and is_indexed(word)


def _phrase(text: str) -> str:
    text = text.translate(_CAPITALS)
    return f'"{text}"' if " " in text else text


def _part(word: str) -> str | None:
    """The longest part of a word beside its stars, as Sphinx finds it."""
    pieces = word.split("*")
    longest = max(range(len(pieces)), key=lambda place: len(pieces[place]))
    piece = pieces[longest].translate(_CAPITALS)
    if len(pieces) == 1 or not is_indexed(piece) or not is_looked_up(word):
        return None
    if longest == 0:
        return f"{piece[:_LONGEST_PART]}*"
    return f"*{piece[-_LONGEST_PART:]}" if longest == len(pieces) - 1 else f"*{piece[:_LONGEST_PART]}*"
