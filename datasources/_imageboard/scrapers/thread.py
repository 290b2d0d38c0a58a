"""Scrape a thread."""

from __future__ import annotations

from typing import ClassVar

from app.domain.job import Job
from app.domain.texts import say
from app.plugins import Answer, SourceError, Worker, WorkerContext
from datasources._imageboard.engines import ThreadRead, Unreadable
from datasources._imageboard.scrapers.answers import is_gone, outdated, require_page
from datasources._imageboard.scrapers.asking import ask_for_images
from datasources._imageboard.scrapers.freshness import condition, is_outdated, is_settled, version
from datasources._imageboard.settings import BoardSettings
from datasources._imageboard.site import Site
from datasources._imageboard.store import reading
from datasources._imageboard.store.place import Place
from datasources._imageboard.store.version import Version


class ThreadScraper(Worker):
    """Reads a thread and stores what is new, changed, deleted or back in it; it may be gone or archived itself."""

    site: ClassVar[Site]
    max_workers = 4
    max_attempts = 3
    minutes = 15

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Read it once; a job that names no thread asks for nothing."""
        if "thread" not in job.details:
            return
        place = Place(self.site.id, job.details["board"], int(job.details["thread"]))
        known = reading.look_up(ctx.database, place)
        try:
            self._work(ctx, place, known)
        except SourceError as error:
            if error.was_asked:
                reading.note_failure(ctx.database, place, error.message)
            raise

    def _work(self, ctx: WorkerContext, place: Place, known: reading.Known) -> None:
        own = self.site.read_settings(ctx.settings)
        url = own.api_url.rstrip("/") + self.site.engine.thread_path(place.board, place.thread)
        headers = {} if known.is_missing else condition(known.version)
        answer = ctx.web.get(url, headers=headers, pace=own.pace)
        asked = reading.Asked(answer.sent, known.mark)
        if answer.status == 304:
            with ctx.batch() as batch:
                reading.store_unchanged(batch, place, asked, is_current=_is_current(answer, known))
        elif is_gone(answer):
            with ctx.batch() as batch:
                reading.store_gone(batch, place, asked)
        else:
            read = self._read(url, answer, place, own)
            if is_outdated(answer, known.version.dated):
                reading.note_failure(ctx.database, place, outdated(url))
                ctx.log(f"/{place.board}/{place.thread}: a copy that is older than what was read last was left aside")
            else:
                self._store(ctx, place, own, asked, read, version(answer), is_current=_is_current(answer, known))

    def _read(self, url: str, answer: Answer, place: Place, own: BoardSettings) -> ThreadRead:
        require_page(url, answer, retry_after=60 * own.pace)
        try:
            read = self.site.engine.read_thread(answer.body, place.board)
            if read.id != place.thread:
                raise Unreadable(f"it is thread {read.id}")
        except Unreadable as error:
            raise SourceError(
                say("{url} cannot be read: {error}.", url=url, error=error), retry_after=15 * own.pace
            ) from error
        return read

    def _store(
        self,
        ctx: WorkerContext,
        place: Place,
        own: BoardSettings,
        asked: reading.Asked,
        read: ThreadRead,
        found: Version,
        *,
        is_current: bool,
    ) -> None:
        base = own.image_url.rstrip("/")
        with ctx.batch() as batch:
            stored = reading.store_thread(
                batch, place, read, asked, version=found, is_current=is_current, image_base=base
            )
            if own.save_images and self.site.has_images:
                ask_for_images(batch, self.site, stored.new, base)
        if read.unread:
            ctx.log(f"/{place.board}/{place.thread}: {read.unread} posts without number or time were left out")


def _is_current(answer: Answer, known: reading.Known) -> bool:
    """Whether it is as the index said: neither may it have changed in the same second, nor is it a copy of before."""
    return is_settled(answer) and not is_outdated(answer, known.modified, known.version.dated)
