"""The scrapers of every imageboard: the index of a board, a thread, an image. A source's own name their site."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar

from app.domain.job import Job
from app.domain.texts import say
from app.plugins import Answer, Batch, SourceError, Standing, Worker, WorkerContext
from datasources._imageboard.engines import PostRead, ThreadRead, Unreadable
from datasources._imageboard.settings import BoardSettings
from datasources._imageboard.site import Site
from datasources._imageboard.store import coverage, images, reading, threads
from datasources._imageboard.store.place import Place

_GONE = (404, 410)
_SETTLED = 2.0
"""Seconds after a change from which on a page, whose times are whole seconds, cannot change unseen."""


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
        try:
            url = own.api_url.rstrip("/") + self.site.engine.index_path(board)
            answer = ctx.web.get(url, headers=_condition(known.etag, known.last_modified), pace=own.pace)
            listed = None if answer.status == 304 else self._listed(url, answer)
        except SourceError as error:
            coverage.note(ctx.database, self.site.id, board, known.now, interval, failure=error.message)
            raise
        with ctx.batch() as batch:
            again: list[int] = []
            etag, last_modified = known.etag, known.last_modified
            if listed is not None:
                again = threads.store_index(batch, self.site.id, board, listed, known.now, known.read)
                etag, last_modified = _version(answer)
            coverage.note(batch, self.site.id, board, known.now, interval, etag=etag, last_modified=last_modified)
            for number in [*threads.due_threads(batch, self.site.id, board), *again]:
                ask_for_thread(batch, self.site, board, number)

    def _listed(self, url: str, answer: Answer) -> list[Any]:
        if answer.status != 200:
            raise SourceError(say("{url} answers with status {status}.", url=url, status=answer.status))
        try:
            return self.site.engine.read_index(answer.body)
        except Unreadable as error:
            raise SourceError(say("{url} cannot be read: {error}.", url=url, error=error)) from error


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
        own = self.site.read_settings(ctx.settings)
        asked = reading.ask(ctx.database, place)
        headers = {} if asked.is_missing else _condition(asked.etag, asked.last_modified)
        url = own.api_url.rstrip("/") + self.site.engine.thread_path(place.board, place.thread)
        answer = ctx.web.get(url, headers=headers, pace=own.pace)
        if answer.status == 304:
            with ctx.batch() as batch:
                reading.store_unchanged(batch, place, asked)
        elif answer.status in _GONE:
            with ctx.batch() as batch:
                reading.store_gone(batch, place, asked)
        else:
            self._store(ctx, place, own, asked, self._read(url, answer, place, own))

    def _read(self, url: str, answer: Answer, place: Place, own: BoardSettings) -> tuple[Answer, ThreadRead]:
        if answer.status != 200:
            raise SourceError(
                say("{url} answers with status {status}.", url=url, status=answer.status), retry_after=60 * own.pace
            )
        try:
            read = self.site.engine.read_thread(answer.body, place.board)
            if read.id != place.thread:
                raise Unreadable(f"it is thread {read.id}")
        except Unreadable as error:
            raise SourceError(
                say("{url} cannot be read: {error}.", url=url, error=error), retry_after=15 * own.pace
            ) from error
        return answer, read

    def _store(
        self, ctx: WorkerContext, place: Place, own: BoardSettings, asked: reading.Asked, got: tuple[Answer, ThreadRead]
    ) -> None:
        answer, read = got
        base = own.image_url.rstrip("/")
        etag, last_modified = _version(answer)
        with ctx.batch() as batch:
            stored = reading.store_thread(
                batch,
                place,
                read,
                asked,
                etag=etag,
                last_modified=last_modified,
                is_settled=_is_settled(answer),
                image_base=base,
            )
            if own.save_images and self.site.has_images:
                ask_for_images(batch, self.site, stored.new, base)
        if read.unread:
            ctx.log(f"/{place.board}/{place.thread}: {read.unread} posts without number or time were left out")


class ImageScraper(Worker):
    """Downloads an image once, whichever posts show it, and keeps it when it is what its MD5 says."""

    site: ClassVar[Site]
    max_workers = 4
    max_attempts = 3
    minutes = 15

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Download it, unless it is there or known not to be worth it; a job that names no image asks for nothing."""
        md5 = job.details.get("md5")
        if not md5 or not images.wanted(ctx.database, [md5]):
            return
        own = self.site.read_settings(ctx.settings)
        url = job.details["url"]
        try:
            answer = ctx.web.get(url, pace=own.pace, most_bytes=own.image_mb * 1_000_000)
        except SourceError as error:
            if not error.permanent:
                raise
            images.note(ctx.database, md5, "refused", reason=error.message)
            return
        if answer.status in _GONE:
            images.note(ctx.database, md5, "missing", reason=f"{url} answers with status {answer.status}.")
        elif answer.status != 200:
            raise SourceError(
                say("{url} answers with status {status}.", url=url, status=answer.status), retry_after=60 * own.pace
            )
        else:
            self._keep(ctx, md5, url, answer.body)

    @staticmethod
    def _keep(ctx: WorkerContext, md5: str, url: str, content: bytes) -> None:
        kind = images.kind_of(content)
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if kind is None:
            images.note(ctx.database, md5, "refused", size=len(content), reason=f"{url} is no image.")
        elif found != md5:
            images.note(ctx.database, md5, "different", size=len(content), reason=f"{url} has the MD5 {found}.")
        else:
            name = images.image_name(md5, kind)
            ctx.put_file(content, name)
            images.note(ctx.database, md5, "stored", name=name, size=len(content))


def ask_for_thread(batch: Batch, site: Site, board: str, number: int) -> None:
    """Let a thread be read soon, unless it is waiting to be."""
    batch.enqueue(f"{site.id}-thread", f"{board}/{number}", {"board": board, "thread": number})


def ask_for_images(batch: Batch, site: Site, posts: Sequence[PostRead], base: str) -> None:
    """Let the images of these posts be downloaded, but those that are there."""
    found = {
        image.md5: image
        for post in posts
        for image in post.images
        if image.md5 and PurePosixPath(image.name).suffix.lower() in images.EXTENSIONS
    }
    for md5 in sorted(images.wanted(batch, found)):
        batch.enqueue(f"{site.id}-image", md5, {"md5": md5, "url": base + found[md5].path})


def _condition(etag: str | None, last_modified: str | None) -> dict[str, str]:
    """The headers that ask only for what has changed."""
    headers = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    return {name: value for name, value in headers.items() if value}


def _version(answer: Answer) -> tuple[str | None, str | None]:
    """The tag and time to ask with the next time; none when the page may change again within the same second."""
    if not _is_settled(answer):
        return None, None
    return answer.headers.get("etag"), answer.headers.get("last-modified")


def _is_settled(answer: Answer) -> bool:
    """Whether what was read cannot change without its time of change being another."""
    try:
        changed = parsedate_to_datetime(answer.headers["last-modified"])
        return (parsedate_to_datetime(answer.headers["date"]) - changed).total_seconds() >= _SETTLED
    except (KeyError, ValueError, TypeError):
        return True
