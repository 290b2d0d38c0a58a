"""Queries as trees, and the parser that makes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from datasources._imageboard.query.words import is_ideograph, starred_tokens

SHORTEST_WILD = 3
"""Letters in a row that a word with a star needs to be looked up: the indexes hold parts of words of that length."""

_DEPTH = 40
_STARS = re.compile(r"\*+")


class InvalidQuery(ValueError):
    """A query that cannot be understood. `position` is the place in the text, counted from 0; the text says why."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position

    def pointed(self, query: str) -> str:
        """The reason with the place in the query, for people."""
        before, after = query[: self.position][-20:], query[self.position :][:20]
        return f"{self.args[0]} (at the mark: {before}▸{after})"


@dataclass(frozen=True)
class Term:
    """One or more words in a row. A word may hold stars. With `starts` or `ends` they stand at that end of the text."""

    words: tuple[str, ...]
    starts: bool = False
    ends: bool = False


@dataclass(frozen=True)
class Not:
    """What must not match."""

    part: Node


@dataclass(frozen=True)
class And:
    """All of which must match."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    """One of which must match."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Before:
    """Steps of which each must occur behind the one before; each is a choice of terms."""

    steps: tuple[tuple[Term, ...], ...]


Node = Term | Not | And | Or | Before


def parse(query: str) -> Node | None:
    """The tree of a query; None when there is nothing in it.

    :raises InvalidQuery: with the place where it cannot be understood
    """
    return _Parser(query).parse()


def is_ordered(node: Node) -> bool:
    """Whether it matters where in a text the words stand, not only which occur."""
    if isinstance(node, Not):
        return is_ordered(node.part)
    if isinstance(node, And | Or):
        return any(is_ordered(part) for part in node.parts)
    return isinstance(node, Before) or len(node.words) > 1 or node.starts or node.ends


_LEXEME = re.compile(
    r"""\s*(?:(?P<before><<) | (?P<bar>\|) | (?P<open>\() | (?P<close>\)) | (?P<quoted>"[^"]*"?) | (?P<not>[-!]+(?=\S))
    | (?P<word>[^\s|()"]+?)(?=<<|[\s|()"]|$) )""",
    re.VERBOSE,
)


class _Parser:
    """A parser by descent: all > order > choice > one."""

    def __init__(self, query: str) -> None:
        self._query = query.replace("“", '"').replace("”", '"').replace("„", '"')
        self._lexemes = self._split()
        self._next = 0

    def _split(self) -> list[tuple[str, str, int]]:
        found = []
        position = 0
        while self._query[position:].strip():
            match = _LEXEME.match(self._query, position)
            if match is None:
                raise InvalidQuery("This cannot be understood.", position)
            kind = str(match.lastgroup)
            found.append((kind, match[kind], match.start(kind)))
            position = match.end()
        return found

    def parse(self) -> Node | None:
        if not self._lexemes:
            return None
        tree = self._all(0)
        if self._next < len(self._lexemes):
            raise InvalidQuery("This bracket was never opened.", self._lexemes[self._next][2])
        if not _wants_something(tree):
            raise InvalidQuery("Say what you want besides what you do not want.", self._lexemes[0][2])
        return tree

    def _kind(self) -> str | None:
        return self._lexemes[self._next][0] if self._next < len(self._lexemes) else None

    def _place(self) -> int:
        return self._lexemes[self._next][2] if self._next < len(self._lexemes) else len(self._query)

    def _all(self, depth: int) -> Node:
        if depth > _DEPTH:
            raise InvalidQuery("There are too many brackets inside each other.", self._place())
        parts: list[Node] = []
        while self._kind() not in (None, "close"):
            parts.append(self._order(depth))
        if not parts:
            raise InvalidQuery("Something is missing here.", self._place())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _order(self, depth: int) -> Node:
        place = self._place()
        first = self._choice(depth)
        if self._kind() != "before":
            return first
        steps = [_step(first, place)]
        while self._kind() == "before":
            self._next += 1
            place = self._place()
            steps.append(_step(self._choice(depth), place))
        return Before(tuple(steps))

    def _choice(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while self._kind() == "bar":
            self._next += 1
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _one(self, depth: int) -> Node:
        if self._next >= len(self._lexemes):
            raise InvalidQuery("A word is missing here.", len(self._query))
        kind, text, place = self._lexemes[self._next]
        if kind in ("bar", "before", "close"):
            raise InvalidQuery("A word is missing here.", place)
        self._next += 1
        if kind == "not":
            part = self._one(depth)
            return Not(part) if len(text) % 2 else part
        if kind == "open":
            part = self._all(depth + 1)
            if self._kind() != "close":
                raise InvalidQuery("This bracket is not closed.", place)
            self._next += 1
            return part
        if kind == "quoted":
            if len(text) < 2 or not text.endswith('"'):
                raise InvalidQuery("This quotation is not closed.", place)
            return _term(text[1:-1], place + 1)
        return _term(text, place)


def _step(node: Node, place: int) -> tuple[Term, ...]:
    if isinstance(node, Term):
        return (node,)
    if isinstance(node, Or) and all(isinstance(part, Term) for part in node.parts):
        return tuple(part for part in node.parts if isinstance(part, Term))
    raise InvalidQuery("Beside << stand words, phrases, or a choice of these.", place)


def _term(text: str, place: int) -> Term:
    """A word or a phrase, whose first and last may be bound to the ends of the text.

    A piece without spaces that falls into several words is a phrase too. Words with a star and few letters are compared
    only, so another word must tell which texts to look at.
    """
    place += len(text) - len(text.lstrip())
    text = text.strip()
    starts, ends = text.startswith("^"), text.endswith("$")
    words = starred_tokens(text.lstrip("^").rstrip("$"))
    if not words:
        raise InvalidQuery("There is no word in this.", place)
    if "*" in words:
        raise _idle_star(text, words, place)
    if not any(map(is_looked_up, words)):
        raise InvalidQuery(f"A word with * needs at least {SHORTEST_WILD} letters in a row.", place)
    return Term(tuple(words), starts, ends)


def _idle_star(text: str, words: Sequence[str], place: int) -> InvalidQuery:
    """Why the first star that touches no letters is refused."""
    first = words.index("*")
    before = sum(word.count("*") for word in words[:first])
    match = next(islice(_STARS.finditer(text), before, None))
    beside = text[max(match.start() - 1, 0) : match.start()] + text[match.end() : match.end() + 1]
    if any(map(is_ideograph, beside)):
        return InvalidQuery("Each of these characters is a word by itself: leave the * out.", place + match.start())
    return InvalidQuery(f"A word with * needs at least {SHORTEST_WILD} letters in a row.", place + match.start())


def is_looked_up(word: str) -> bool:
    """Whether an index tells which texts have a word: a whole one, or one with letters enough between its stars."""
    return "*" not in word or max(map(len, word.split("*"))) >= SHORTEST_WILD


def _wants_something(node: Node) -> bool:
    """Whether a text without any words fails to match: an index can only find what is there."""
    if isinstance(node, Not):
        return False
    if isinstance(node, And):
        return any(_wants_something(part) for part in node.parts)
    if isinstance(node, Or):
        return all(_wants_something(part) for part in node.parts)
    return True
