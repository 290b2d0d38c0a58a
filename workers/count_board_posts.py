"""Count the posts of imageboards by day, from what was noted when they were stored."""

from __future__ import annotations

from app.domain.job import Job
from app.plugins import Worker, WorkerContext

_AT_ONCE = 20_000


class CountBoardPosts(Worker):
    """Adds up how many posts each board has had on each day, at a cost that depends on what is new alone."""

    type = "count-board-posts"
    interval = 60

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Move the notes into the days, some thousands in one statement: all of it happens, or none."""
        while self._add_up(ctx) == _AT_ONCE:
            pass

    @staticmethod
    def _add_up(ctx: WorkerContext) -> int:
        found = ctx.database.one(
            "WITH taken AS (DELETE FROM imageboard_uncounted WHERE ctid = ANY (ARRAY(SELECT ctid FROM"
            " imageboard_uncounted LIMIT %(most)s FOR UPDATE SKIP LOCKED)) RETURNING source, board, day, posts),"
            " added AS (INSERT INTO imageboard_days (source, board, day, posts) SELECT source, board, day, sum(posts)"
            " FROM taken GROUP BY source, board, day ON CONFLICT (source, board, day)"
            " DO UPDATE SET posts = imageboard_days.posts + excluded.posts)"
            " SELECT count(*) AS taken FROM taken",
            most=_AT_ONCE,
        )
        return int(found["taken"])
