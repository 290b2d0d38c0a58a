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
