"""Try a query on one text: the meaning of the language, which the engines are held to."""

from __future__ import annotations

import re

from datasources._imageboard.query.syntax import And, Before, Node, Not, Or, Term


def matches(node: Node, words: str) -> bool:
    """Whether a text matches, given its words as `spaced` writes them."""
    if isinstance(node, Not):
        return not matches(node.part, words)
    if isinstance(node, And):
        return all(matches(part, words) for part in node.parts)
    if isinstance(node, Or):
        return any(matches(part, words) for part in node.parts)
    return re.search(pattern(node), words) is not None


def pattern(node: Term | Before) -> str:
    """A regular expression for spaced words, in what Python and PostgreSQL have in common."""
    if isinstance(node, Before):
        steps = ("|".join(_inside(term, "(?= )") for term in step) for step in node.steps)
        return ".*".join(f"({step})" for step in steps)
    return _inside(node, " ")


def _inside(term: Term, after: str) -> str:
    """The words with what stands around them; `after` says how the space behind them is taken."""
    return f"{'^' if term.starts else ''} {' '.join(map(_word, term.words))}{' $' if term.ends else after}"


def _word(word: str) -> str:
    return "[^ ]*".join(re.escape(part) for part in word.split("*"))
