"""Posts of imageboards put straight into the archive, and searches done at once in this process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.domain.errors import EmptyResult
from app.plugins import DataSource
from app.plugins.testing import MemoryRun
from app.plugins.validation import load
from app.services.context import Context
from datasources._imageboard.query import plain_text, spaced
from datasources.fourchan import FourChan

START = datetime(2026, 3, 1, 12, tzinfo=UTC)

Post = dict[str, Any]

WITH_STARS = {
    1: "anti-vaxxers here",
    2: "an antivax post",
    3: "anti hero, vaxxed",
    4: "COVID-19 and covid-1999",
    5: "covid in 2019",
    6: "9/11 truth, 9/1100",
    7: "911 call",
    8: "日本語 in a post",
    9: "本日 in a post",
    10: "pro-anti vax",
}
"""What posts say in which words with stars beside punctuation are looked for."""

FOUND_WITH_STARS = (
    ("anti-vax*", [1, 10]),
    ('"anti vax*"', [1, 10]),
    ("^anti-vax*", [1]),
    ("anti-vax*$", [10]),
    ("*nti-vax", [10]),
    ("*nti-vax*", [1, 10]),
    ("-anti-vax* vax*", [3]),
    ("antivax*", [2]),
    ("covid-19*", [4]),
    ("covid-199*", [4]),
    ("9/11*", [6]),
    ("911*", [7]),
    ("日本*語", None),
    ("日本語*", None),
    ("anti-*", None),
    ("vax* | 9/11*", [3, 6, 1, 10]),
    ("anti-v* << here", [1]),
    ("日本 pos*", [8]),
)
"""Queries, and the numbers of the posts of `WITH_STARS` that they find; None when they are refused."""


def post(number: int, body: str = "", **more: Any) -> Post:
    """A post, one minute after the one before."""
    made = {"source": "fourchan", "board": "pol", "id": number, "thread_id": number // 100 * 100, "body": body}
    made |= {"subject": None, "deleted": None, "country_code": None, "created": START + timedelta(minutes=number)}
    return made | more


def keep(ctx: Context, posts: list[Post]) -> None:
    """Put posts into the archive, as scrapers do."""
    rows = [
        (
            *(made[name] for name in ("source", "board", "id", "thread_id", "created", "created", "deleted")),
            *(made[name] for name in ("subject", "body", "country_code")),
            spaced(plain_text(made["subject"])),
            spaced(plain_text(made["body"])),
        )
        for made in posts
    ]
    with ctx.database.transaction() as tx:
        tx.run_each(
            "INSERT INTO imageboard_posts (source, board, id, thread_id, created, seen, deleted, subject, body,"
            " country_code, subject_words, body_words) VALUES %s",
            rows,
        )


class Here:
    """Searches in this process, with the options of the form."""

    def __init__(self, ctx: Context, folder: Path, settings: Mapping[str, Any] | None = None) -> None:
        self._ctx, self._folder = ctx, folder
        self._settings = {**(settings or {}), "fourchan.can_query_without_keyword": True}
        self.run = MemoryRun(folder)

    def __call__(self, source: type[DataSource] = FourChan, *, seed: int = 1, **parameters: Any) -> list[int]:
        """The numbers of the posts that were found."""
        options = load(source.Options, parameters)
        source.check(options, self._settings, self._ctx.database)
        self.run = MemoryRun(self._folder, seed=seed, settings=self._settings, given_database=self._ctx.database)
        try:
            return [int(number) for batch in source().search(options, self.run) for number in batch["id"].to_pylist()]
        except EmptyResult:
            return []
