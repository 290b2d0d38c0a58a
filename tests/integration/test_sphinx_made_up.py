"""Hundreds of made-up searches find the same with Sphinx as with PostgreSQL, post by post and in the same order."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

from app.plugins import Period
from app.services.context import Context
from datasources._imageboard.query import InvalidQuery, parse, plain_text, spaced
from datasources._imageboard.search import Asked, PostgreSQLEngine, SphinxEngine
from datasources._imageboard.search.sphinx import _narrowed
from tests.board_posts import START, Post, keep, post
from tests.integration.test_query_sql import _WORDS, made_up_query, made_up_text
from tests.sphinx import needs_sphinx, sphinx_for

pytestmark = needs_sphinx

WORDS = (
    *_WORDS,
    *("coffee-milk", "x_y", "_x", "__", "don't", "#hot", "@milk", "a/b", "100%", "$5", "[tea]", "3.14", "C++", "=hot"),
    *(
        "NEAR",
        "MAYBE",
        "SENTENCE",
        "ZONE",
        "or",
        "AND",
        "日",
        "日本語",
        "カタカナ",
        "한국어",
        "ﬁne",
        "ẞtraße",
        "İstanbul",
    ),
    *(
        "हिन्दी",
        "العربية",
        "ไทย",
        "Ελλάδα",
        "x²",
        "½",
        "Ⅷ",
        "𝓯𝓪𝓷𝓬𝔂",
        "😀",
        "𐌰𐌱𐌲𐌳",
        "coffee𐌰milk",
        "𠀀",
        "ａｂｃ",
        "naïve",
    ),
    *("k" * 60, "д" * 50, "ก" * 42, "𐌰" * 45, "coffee" + "s" * 40),
    *(
        '<a href="#p5">&gt;&gt;5</a>',
        "<br>",
        "&amp;",
        "so<wbr>me",
        "&lt;b&gt;",
        "<s>hot</s>milk",
        "\u00adhy\u00adphen",
        "\u200b",
    ),
)
WILD = (
    "*зве*",
    "прив*",
    "*ивет",
    "*нди*",
    "ไทย*",
    "*рабы*",
    "*𐌱𐌲𐌳*",
    "𐌰𐌱𐌲*",
    "cof*ees",
    "kkk*kkk",
    "*дддд",
    "k" * 42 + "*",
)
HARD = (
    '"hot *ffee"',
    '"*ffee milk"',
    '"日 本"',
    "日本",
    "日本語-coff*",
    "coffee-m*",
    "*t/coffee",
    '"日本語 c*fee tea"',
    '"hot coffee" << "coffee milk"',
    "^hot << milk$",
    '"^hot coffee" | "cold tea$"',
    "coffee (-milk | tea)",
    "(hot -tea) | (cold -(milk | 100*))",
    "-tea coffee",
    "--tea",
    "!tea hot",
    "(" * 30 + "coffee" + ")" * 30,
    " | ".join(f"word{number}" for number in range(300)) + " | tea",
    " ".join(["coffee"] * 60),
    " << ".join(["coffee"] * 3),
    "MAYBE | NEAR",
    '"sentence zone"',
    "coffee𐌰milk",
    '"hot 𐌰𐌱𐌲𐌳 tea"',
    "*" + "s" * 41,
    "coffee" + "s" * 36 + "*",
)


def made_up_post(dice: random.Random, number: int) -> Post:
    text = made_up_text(dice, WORDS)
    return post(
        number,
        text if dice.random() < 0.95 else f"{text} " * 300,
        subject=made_up_text(dice, WORDS) if number % 3 == 0 else None,
        board=dice.choice(("pol", "g", "int", "λ")),
        country_code=dice.choice(("NL", "DE", None)),
        deleted=START if dice.random() < 0.2 else None,
        created=START + timedelta(seconds=dice.randrange(20_000) / 4),
    )


def made_up_search(dice: random.Random, query: str) -> Asked:
    """What is asked for besides the words is made up too; for the boards, the time and the subject perhaps nothing."""
    moments = [None if dice.random() < 0.7 else START + timedelta(seconds=dice.randrange(20_000) / 4) for _ in range(2)]
    node, second = parse(query), parse(made_up_query(dice, _WORDS)) if dice.random() < 0.2 else None
    body, subject = (node, second) if dice.random() < 0.8 else (second, node)
    return Asked(
        "fourchan",
        body,
        subject,
        boards=dice.choice(((), ("g",), ("pol", "λ"), ("none",))) if dice.random() < 0.5 else (),
        period=Period(*moments),
        countries=("NL",) if dice.random() < 0.1 else (),
        with_deleted=dice.random() < 0.5,
    )


def made_up_queries(dice: random.Random, count: int) -> list[str]:
    found = [*WILD, *HARD]
    while len(found) < count:
        query = made_up_query(dice, WORDS)
        if dice.random() < 0.3:
            query = f"{query} {dice.choice(WILD)}" if dice.random() < 0.5 else f"({query}) | {dice.choice(WILD)}"
        try:
            parse(query)
        except InvalidQuery:  # of signs alone, such as an emoji
            continue
        found.append(query)
    return found


def edit(ctx: Context, posts: list[Post], dice: random.Random) -> None:
    """Let some posts say something else, as scrapers do when they see that."""
    with ctx.database.transaction() as tx:
        for changed in posts:
            text = made_up_text(dice, WORDS)
            tx.run(
                "INSERT INTO imageboard_versions (source, board, id, seen, body)"
                " SELECT source, board, id, now(), body FROM imageboard_posts WHERE board = %(board)s AND id = %(id)s",
                board=changed["board"],
                id=changed["id"],
            )
            tx.run(
                "UPDATE imageboard_posts SET body = %(text)s, body_words = %(words)s"
                " WHERE board = %(board)s AND id = %(id)s",
                text=text,
                words=spaced(plain_text(text)),
                board=changed["board"],
                id=changed["id"],
            )


def test_hundreds_of_made_up_searches_find_the_same(ctx: Context, tmp_path: Path) -> None:
    dice = random.Random(7)
    posts = [made_up_post(dice, number) for number in range(1, 3_001)]
    queries = made_up_queries(dice, 320)
    with sphinx_for(ctx, tmp_path, "fourchan") as sphinx:
        keep(ctx, posts[:2_000])
        sphinx.index("main")
        sphinx.start()
        keep(ctx, posts[2_000:2_700])
        edit(ctx, posts[100:200], dice)
        sphinx.index("delta")
        keep(ctx, posts[2_700:])
        edit(ctx, [*posts[150:250], *posts[2_100:2_150]], dice)
        ctx.database.run("UPDATE imageboard_posts SET deleted = now() WHERE id %% 50 = 7")
        ctx.database.run("ANALYZE fourchan_posts, imageboard_versions")
        engine = SphinxEngine("fourchan", sphinx.address, candidates=700)
        hits = narrowed = 0
        for query in queries:
            asked = made_up_search(dice, query)
            most = dice.choice((10_000, 10_000, 40))
            expected = [number for some in PostgreSQLEngine().find(asked, ctx.database, most) for number in some]
            found = [number for some in engine.find(asked, ctx.database, most) for number in some]
            assert found == expected, (query, asked)
            hits += bool(found)
            narrowed += _narrowed(asked) is not None
    assert hits > 120
    assert narrowed > 240
