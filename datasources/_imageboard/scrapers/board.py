"""Scrape the index of a board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from app.domain.job import Job
from app.domain.texts import say
from app.plugins import Answer, Batch, SourceError, Standing, Worker, WorkerContext
from datasources._imageboard.engines import Unreadable
from datasources._imageboard.scrapers.answers import outdated, require_page
from datasources._imageboard.scrapers.asking import ask_for_images_again, ask_for_thread
from datasources._imageboard.scrapers.freshness import condition, is_outdated, version
from datasources._imageboard.settings import BoardSettings
from datasources._imageboard.site import Site
from datasources._imageboard.store import coverage, threads, unread

_SPARE = 4
"""The part of the requests between two looks that goes to threads whose marks stay: one in so many."""


class BoardScraper(Worker):
    """Reads the index of a board, and asks for the threads that have changed in it or vanished from it."""

    site: ClassVar[Site]
    max_workers = 2
    max_attempts = 1  # the next look comes by itself
    minutes = 15

    @classmethod
    def standing(cls, settings: Mapping[str, Any]) -> Sequence[Standing]:
        """One job for each board that is to be scraped."""
        own = cls.site.read_settings(settings)
        wanted = own.intervals() if own.autoscrape else {}
        return [Standing(board, interval, {"board": board}) for board, interval in wanted.items()]

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Look once; a job that names no board asks for nothing."""
        board = job.details.get("board")
        if not board:
            return
        own = self.site.read_settings(ctx.settings)
        interval = job.interval or own.interval
        known = coverage.last_read(ctx.database, self.site.id, board)
        url = own.api_url.rstrip("/") + self.site.engine.index_path(board)
        try:
            answer = ctx.web.get(url, headers=condition(known.version), pace=own.pace)
            listed = None if answer.status == 304 else self._listed(url, answer)
        except SourceError as error:
            coverage.note(ctx.database, self.site.id, board, known.now, interval, failure=error.message)
            raise
        with ctx.batch() as batch:
            again: list[int] = []
            if is_outdated(answer, known.version.dated):
                ctx.log(f"/{board}/: a list that is older than what was read last was left aside")
                coverage.note(batch, self.site.id, board, answer.sent, interval, failure=outdated(url))
            else:
                found = known.version
                if listed is not None:
                    again = threads.store_index(batch, self.site.id, board, listed, answer.sent, known.read)
                    found = version(answer)
                coverage.note(batch, self.site.id, board, answer.sent, interval, version=found)
            due = threads.due_threads(batch, self.site.id, board)
            unread.note(batch, self.site.id, board, answer.sent, interval, due)
            for number in [*(one.id for one in due), *again]:
                ask_for_thread(batch, self.site, board, number)
            self._ask_for_more(batch, own, board, interval)

    def _ask_for_more(self, batch: Batch, own: BoardSettings, board: str, interval: int) -> None:
        """Ask for what the index does not call for: threads whose turn it is, and images that could not be had."""
        if not self.site.engine.tells_all:
            for number in threads.take_turns(batch, self.site.id, board, _spare(own, interval)):
                ask_for_thread(batch, self.site, board, number)
        if own.save_images and self.site.has_images:
            ask_for_images_again(batch, self.site)

    def _listed(self, url: str, answer: Answer) -> list[Any]:
        require_page(url, answer)
        try:
            return self.site.engine.read_index(answer.body)
        except Unreadable as error:
            raise SourceError(say("{url} cannot be read: {error}.", url=url, error=error)) from error


def _spare(own: BoardSettings, interval: int) -> int:
    """How many threads whose marks stay a look may ask for: what the pace leaves a board, and of that a quarter."""
    return max(1, int(interval / own.pace / max(1, len(own.intervals())) / _SPARE))
