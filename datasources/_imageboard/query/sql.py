"""A query as a condition for PostgreSQL on a column of spaced words.

Single words are looked up in a GIN index on the array of words, which holds them whole; parts of words, phrases and
order are checked on the text, behind what the words in them narrow down or what a trigram index finds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from datasources._imageboard.query.matching import pattern
from datasources._imageboard.query.syntax import And, Before, Node, Not, Or, Term


@dataclass
class Condition:
    """SQL with named parameters `%(name)s`, and their values."""

    sql: str = ""
    values: dict[str, Any] = field(default_factory=dict)


def to_sql(node: Node, column: str, prefix: str = "q") -> Condition:
    """The condition that a column of spaced words matches. Parameters are called `prefix` and a number."""
    condition = Condition()
    condition.sql = _Writer(column, prefix, condition.values).write(node)
    return condition


class _Writer:
    def __init__(self, column: str, prefix: str, values: dict[str, Any]) -> None:
        self._column = column
        self._prefix = prefix
        self._values = values

    def write(self, node: Node) -> str:
        if isinstance(node, Not):
            return f"NOT {self.write(node.part)}"
        if isinstance(node, And):
            return f"({' AND '.join(self.write(part) for part in node.parts)})"
        if isinstance(node, Or):
            return f"({' OR '.join(self.write(part) for part in node.parts)})"
        return self._term(node) if isinstance(node, Term) else self._before(node)

    def _put(self, value: Any) -> str:
        name = f"{self._prefix}{len(self._values)}"
        self._values[name] = value
        return f"%({name})s"

    def _all_of(self, words: list[str]) -> str:
        return f"string_to_array({self._column}, ' ') @> {self._put(words)}::text[]"

    def _term(self, term: Term) -> str:
        whole = [word for word in term.words if "*" not in word]
        if term.words == tuple(whole) and len(whole) == 1 and not (term.starts or term.ends):
            return self._all_of(whole)
        parts = [self._all_of(whole)] if whole else []
        return f"({' AND '.join([*parts, self._text(term)])})"

    def _text(self, term: Term) -> str:
        """The check on the text: LIKE where that can say it, which the trigram index knows best."""
        text = " ".join(term.words)
        text = f"{'^' if term.starts else ''} {text} {'$' if term.ends else ''}"
        open_ends = text.removeprefix(" *").removesuffix("* ")
        if "*" in open_ends:
            return f"{self._column} ~ {self._put(pattern(term))}"
        like = _quoted(open_ends).removeprefix("^").removesuffix("$")
        before, after = "" if term.starts else "%", "" if term.ends else "%"
        return f"{self._column} LIKE {self._put(f'{before}{like}{after}')}"

    def _before(self, node: Before) -> str:
        sure = [step[0] for step in node.steps if len(step) == 1]
        whole = sorted({word for term in sure for word in term.words if "*" not in word})
        parts = [self._all_of(whole)] if whole else []
        return f"({' AND '.join([*parts, f'{self._column} ~ {self._put(pattern(node))}'])})"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
