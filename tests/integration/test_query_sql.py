"""Queries in PostgreSQL find what the language says: hundreds of made-up ones, on made-up posts."""

from __future__ import annotations

import random
from collections.abc import Sequence

from app.services.context import Context
from datasources._imageboard.query import Node, matches, parse, spaced, to_sql

_WORDS = (
    "coffee",
    "coffees",
    "toffee",
    "milk",
    "tea",
    "hot",
    "cold",
    "a",
    "100",
    "foo_bar",
    "café",
    "привет",
    "日本",
    "o'clock",
)


_STARRED = (
    *("coff*", "*ffee", "*off*", "c*fee", "100*", "foo_*", "^coff*", "*ffee$", "*ff*ees", "*fee_*"),
    *("hot-coff*", "a-c*", "*ot/coffee", "o'clo*", "日本-1*"),
)


def made_up_text(dice: random.Random, vocabulary: Sequence[str] = _WORDS) -> str:
    words = [dice.choice(vocabulary) for _ in range(dice.randrange(9))]
    return " ".join(word.upper() if dice.random() < 0.2 else word for word in words)


def made_up_term(dice: random.Random, vocabulary: Sequence[str] = _WORDS) -> str:
    word = dice.choice(vocabulary)
    kind = dice.randrange(12)
    if kind == 0:
        return f'"{word} {dice.choice(vocabulary)}"'
    if kind == 1:
        return f'"{word} {dice.choice(("coff*", "*ffee", "*off*"))}"'
    if kind == 2:
        return f"^{word}"
    if kind == 3:
        return f"{word}$"
    if kind == 4:
        return dice.choice(_STARRED)
    return word


def made_up_query(dice: random.Random, vocabulary: Sequence[str] = _WORDS, depth: int = 0) -> str:
    kind = dice.randrange(8)
    if depth > 2 or kind < 3:
        return made_up_term(dice, vocabulary)
    first, second = made_up_query(dice, vocabulary, depth + 1), made_up_query(dice, vocabulary, depth + 1)
    if kind == 3:
        return f"({first}) | ({second})"
    if kind == 4:
        return " << ".join((made_up_term(dice, vocabulary), "|".join(made_up_term(dice, vocabulary) for _ in range(2))))
    if kind == 5:
        return f"({first}) -({second})"
    return f"({first}) ({second})"


def test_every_made_up_query(ctx: Context) -> None:
    dice = random.Random(11)
    texts = [spaced(made_up_text(dice)) for _ in range(400)]
    queries: list[tuple[str, Node]] = []
    while len(queries) < 400:
        query = made_up_query(dice)
        tree = parse(query)
        assert tree is not None
        queries.append((query, tree))
    with ctx.database.transaction() as tx:
        tx.run("CREATE TEMPORARY TABLE texts (id integer, words text) ON COMMIT DROP")
        tx.run_each("INSERT INTO texts VALUES %s", list(enumerate(texts)))
        tx.run("INSERT INTO imageboard_words SELECT DISTINCT unnest(string_to_array(words, ' ')) FROM texts")
        hits = 0
        for query, tree in queries:
            condition = to_sql(tree, "words")
            rows = tx.many(f"SELECT id FROM texts WHERE {condition.sql}", **condition.values)
            found = {row["id"] for row in rows}
            assert found == {number for number, words in enumerate(texts) if matches(tree, words)}, query
            compared = to_sql(tree, "words", by_text=True)
            rows = tx.many(f"SELECT id FROM texts WHERE {compared.sql}", **compared.values)
            assert {row["id"] for row in rows} == found, query
            hits += bool(found) and len(found) < len(texts)
    assert hits > 200
