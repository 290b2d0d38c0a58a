"""Hundreds of made-up searches find what the language says, told without the database."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from app.services.context import Context
from datasources._imageboard.query import matches, parse, plain_text, spaced
from tests.board_posts import START, Here, Post, keep, post
from tests.integration.test_query_sql import made_up_query, made_up_text


def test_hundreds_of_made_up_searches(ctx: Context, tmp_path: Path) -> None:
    here = Here(ctx, tmp_path)
    dice = random.Random(5)
    posts = [
        post(
            number,
            made_up_text(dice),
            subject=made_up_text(dice) if number % 3 == 0 else None,
            board=dice.choice(("pol", "g", "int")),
            country_code=dice.choice(("NL", "DE", None)),
            deleted=START if dice.random() < 0.2 else None,
        )
        for number in range(300)
    ]
    keep(ctx, posts)
    hits = 0
    for _ in range(300):
        asked: dict[str, Any] = {"get_deleted": dice.random() < 0.5, "board": dice.choice(("", "g", "pol,int"))}
        asked |= {"body_match": made_up_query(dice)} if dice.random() < 0.8 else {}
        asked |= {"subject_match": made_up_query(dice)} if dice.random() < 0.3 or len(asked) == 2 else {}
        asked |= {"country_name": ["NL"]} if dice.random() < 0.2 and asked["board"] != "g" else {}
        found = here(**asked)
        assert found == [made["id"] for made in posts if fits(made, asked)], asked
        hits += bool(found)
    assert hits > 100


def fits(made: Post, asked: dict[str, Any]) -> bool:
    """Whether a post is what was asked for, told without the database."""
    if made["deleted"] and not asked["get_deleted"]:
        return False
    if asked["board"] and made["board"] not in asked["board"].split(","):
        return False
    if "country_name" in asked and made["country_code"] != "NL":
        return False
    for name in ("body", "subject"):
        tree = parse(asked.get(f"{name}_match", ""))
        if tree is not None and not matches(tree, spaced(plain_text(made[name]))):
            return False
    return True
