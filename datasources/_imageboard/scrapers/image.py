"""Scrape an image."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from app.domain.job import Job
from app.plugins import SourceError, Worker, WorkerContext
from datasources._imageboard.scrapers.answers import is_gone, require_page
from datasources._imageboard.settings import BoardSettings
from datasources._imageboard.site import Site
from datasources._imageboard.store import images


class ImageScraper(Worker):
    """Downloads an image once, whichever posts show it, and keeps it when it is what its MD5 says."""

    site: ClassVar[Site]
    max_workers = 4
    max_attempts = 3
    minutes = 15

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Download it, unless it is there or known not to be worth it; a job that names no image asks for nothing.

        Where its address has it no more, those of other posts that show it are tried.
        """
        md5 = job.details.get("md5")
        if not md5:
            return
        if not images.wanted(ctx.database, [md5]):
            images.note_known(ctx.database, self.site.id, md5)
            return
        own = self.site.read_settings(ctx.settings)
        url, base = job.details["url"], own.image_url.rstrip("/") + "/"
        if self._download(ctx, own, md5, url):
            return
        for other in images.other_addresses(ctx.database, self.site.id, md5, url, base):
            if self._download(ctx, own, md5, other):
                return
        self._note(ctx, md5, "missing", reason=f"{url} does not have it any more.")

    def _download(self, ctx: WorkerContext, own: BoardSettings, md5: str, url: str) -> bool:
        """Keep what is at an address; whether there is anything.

        :raises SourceError: when the server does not answer as it should
        """
        try:
            answer = ctx.web.get(url, pace=own.pace, most_bytes=own.image_mb * 1_000_000)
        except SourceError as error:
            if not error.permanent:
                raise
            self._note(ctx, md5, "refused", reason=error.message)
            return True
        if is_gone(answer):
            return False
        require_page(url, answer, retry_after=60 * own.pace)
        self._keep(ctx, md5, url, answer.body)
        return True

    def _keep(self, ctx: WorkerContext, md5: str, url: str, content: bytes) -> None:
        kind = images.kind_of(content)
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if kind is None:
            self._note(ctx, md5, "refused", size=len(content), reason=f"{url} is no image.")
        elif found != md5:
            self._note(ctx, md5, "different", size=len(content), reason=f"{url} has the MD5 {found}.")
        else:
            name = images.image_name(md5, kind)
            ctx.put_file(content, name)
            self._note(ctx, md5, "stored", name=name, size=len(content))

    def _note(self, ctx: WorkerContext, md5: str, state: str, **more: Any) -> None:
        images.note(ctx.database, self.site.id, md5, state, **more)
