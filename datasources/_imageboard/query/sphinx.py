"""A query in the words of Sphinx's extended syntax, for `MATCH()`."""

from __future__ import annotations

from datasources._imageboard.query.syntax import And, Before, Node, Not, Or, Term


def to_sphinx(node: Node) -> str:
    """The query as Sphinx writes it, every part in brackets, so that its own precedence does not matter."""
    if isinstance(node, Not):
        return f"-({to_sphinx(node.part)})"
    if isinstance(node, And):
        # what is not wanted comes last: Sphinx wants something to take it from
        parts = sorted(node.parts, key=lambda part: isinstance(part, Not))
        return " ".join(_closed(part) for part in parts)
    if isinstance(node, Or):
        return " | ".join(f"({to_sphinx(part)})" for part in node.parts)
    if isinstance(node, Before):
        return " << ".join(
            f"({' | '.join(map(_term, step))})" if len(step) > 1 else _term(step[0]) for step in node.steps
        )
    return _term(node)


def _closed(node: Node) -> str:
    return to_sphinx(node) if isinstance(node, Not | Term) else f"({to_sphinx(node)})"


def _term(term: Term) -> str:
    text = " ".join(term.words)
    text = f"{'^' if term.starts else ''}{text}{'$' if term.ends else ''}"
    return f'"{text}"' if len(term.words) > 1 else text
