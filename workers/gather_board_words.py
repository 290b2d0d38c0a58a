"""Gather the words that posts of imageboards have used for the first time, from what was noted with the posts."""

from __future__ import annotations

from app.domain.job import Job
from app.plugins import Worker, WorkerContext
from datasources._imageboard.store.words import GATHER_WORDS


class GatherBoardWords(Worker):
    """Keeps up the words in which a search looks for those that fit a star; its cost depends on what is new alone."""

    type = "gather-board-words"
    interval = 60

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Move the notes to the words, in one statement: all of it happens, or none."""
        ctx.database.run(GATHER_WORDS)
