"""Scrape an image."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from app.domain.job import Job
from app.domain.texts import say
from app.plugins import SourceError, Worker, WorkerContext
from datasources._imageboard.site import Site
from datasources._imageboard.store import images

_GONE = (404, 410)


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
