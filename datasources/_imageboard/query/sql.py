"""A query as a condition for PostgreSQL on a column of spaced words.

Words are looked up in a GIN index on the array of words, which holds them whole; for a word with a star, those that fit
it are looked up first, among all words that posts have used. Phrases and order are checked on the text, behind what the
words in them narrow down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from datasources._imageboard.query.matching import pattern
from datasources._imageboard.query.syntax import And, Before, Node, Not, Or, Term, is_looked_up


@dataclass
class Condition:
    """SQL with named parameters `%(name)s`, and their values."""

    sql: str = ""
    values: dict[str, Any] = field(default_factory=dict)


Expand = Callable[[str], Sequence[str]]
"""Gives the words that a pattern of LIKE fits."""


def words_like(name: str) -> str:
    """SQL for the words of posts that fit the pattern in a parameter of this name, those noted of late among them."""
    tables = ("imageboard_words", "imageboard_new_words")
    return " UNION ".join(f"SELECT word FROM {table} WHERE word LIKE %({name})s" for table in tables)  # noqa: S608


def to_sql(
    node: Node, column: str, prefix: str = "q", expand: Expand | None = None, *, by_text: bool = False
) -> Condition:
    """The condition that a column of spaced words matches. Parameters are called `prefix` and a number.

    With `expand` the words that fit one with a star are put into it, so that the planner can reckon with them;
    otherwise the condition looks them up itself. With `by_text` each text is compared and no word looked up: for texts
    that have been found by other means.
    """
    condition = Condition()
    writer = _TextWriter if by_text else _Writer
    condition.sql = writer(column, prefix, condition.values, expand).write(node)
    return condition


class _Writer:
    def __init__(self, column: str, prefix: str, values: dict[str, Any], expand: Expand | None) -> None:
        self._column = column
        self._prefix = prefix
        self._values = values
        self._expand = expand

    def write(self, node: Node) -> str:
        if isinstance(node, Not):
            return f"NOT {self.write(node.part)}"
        if isinstance(node, And):
            return f"({' AND '.join(self.write(part) for part in node.parts)})"
        if isinstance(node, Or):
            return f"({' OR '.join(self.write(part) for part in node.parts)})"
        return self._term(node) if isinstance(node, Term) else self._before(node)

    def _name(self, value: Any) -> str:
        name = f"{self._prefix}{len(self._values)}"
        self._values[name] = value
        return name

    def _put(self, value: Any) -> str:
        return f"%({self._name(value)})s"

    def _words(self, words: Sequence[str]) -> list[str]:
        """That these are among the words: the whole ones, and for each with a star and letters enough one that fits."""
        array = f"string_to_array({self._column}, ' ')"
        whole = sorted({word for word in words if "*" not in word})
        parts = [f"{array} @> {self._put(whole)}::text[]"] if whole else []
        for word in sorted({word for word in words if "*" in word and is_looked_up(word)}):
            like = "%".join(map(_quoted, word.split("*")))
            if self._expand is None:
                parts.append(f"{array} && ARRAY({words_like(self._name(like))})")
            else:
                parts.append(f"{array} && {self._put(list(self._expand(like)))}::text[]")
        return parts

    def _term(self, term: Term) -> str:
        parts = self._words(term.words)
        if len(term.words) > 1 or term.starts or term.ends:
            parts.append(self._text(term))
        return f"({' AND '.join(parts)})"

    def _text(self, term: Term) -> str:
        """The check on the text: LIKE where that can say it."""
        text = " ".join(term.words)
        text = f"{'^' if term.starts else ''} {text} {'$' if term.ends else ''}"
        open_ends = text.removeprefix(" *").removesuffix("* ")
        if "*" in open_ends:
            return f"{self._column} ~ {self._put(pattern(term))}"
        like = _quoted(open_ends).removeprefix("^").removesuffix("$")
        before, after = "" if term.starts else "%", "" if term.ends else "%"
        return f"{self._column} LIKE {self._put(f'{before}{like}{after}')}"

    def _before(self, node: Before) -> str:
        sure = [word for step in node.steps if len(step) == 1 for word in step[0].words]
        return f"({' AND '.join([*self._words(sure), f'{self._column} ~ {self._put(pattern(node))}'])})"


class _TextWriter(_Writer):
    """Says it by the text alone, which is quick for one post, and where no index is looked at anyway."""

    def _term(self, term: Term) -> str:
        return self._text(term)

    def _words(self, words: Sequence[str]) -> list[str]:
        return []


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
