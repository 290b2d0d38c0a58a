"""Settings of a data source, borrowed: made what a demonstration needs, and put back as they were."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from app.domain.errors import Conflict, Unavailable
from app.domain.job import Job, JobState
from app.domain.user import User
from app.local.demo_board import BOARD, Note
from app.services.context import Context
from app.services.site_setting import change_site_settings, get_site_setting
from app.storage import asked_image, setting
from app.storage import job as jobs

SOURCE = "fourchan"
_PATIENCE = 20.0
_PAUSE = 0.5
_QUIET = 3
"""How many looks at the queue in a row must find no scraper in it: the scheduler may have been about to add one."""


def borrow(ctx: Context, actor: User, note: Note, url: str) -> None:
    """Let the source scrape the board at this address. What was set before is noted first.

    :raises Conflict: when the source is scraped already
    """
    wanted = {
        "api_url": url,
        "image_url": url,
        "boards": BOARD,
        "no_scrape": "",
        "save_images": True,
        "pace": 0.05,
        "interval": 3,
        "autoscrape": True,
    }
    if get_site_setting(ctx, actor, f"{SOURCE}.autoscrape").value or _scrapers(ctx):
        raise Conflict(
            "4chan is scraped here, and the demonstration would send its scrapers elsewhere. "
            "Give it another folder: ./4cat demo --imageboard --data DIR"
        )
    stored = ctx.site_settings()
    names = [f"{SOURCE}.{name}" for name in wanted]
    note.write(address=url, before={name: [stored[name]] if name in stored else [] for name in names})
    change_site_settings(ctx, actor, {f"{SOURCE}.{name}": value for name, value in wanted.items()})


def change(ctx: Context, actor: User, **values: object) -> None:
    """Set more of what is borrowed."""
    change_site_settings(ctx, actor, {f"{SOURCE}.{name}": value for name, value in values.items()})


def give_back(ctx: Context, note: Note) -> None:
    """Stop scraping, take what still waits for it out of the queue, and put back what was set before.

    What is left in the queue would be asked of the real site, and images that have not come, of a board that has ended.
    Nothing is done when nothing is borrowed, or somebody has given the source another address since.
    """
    noted = note.read()
    before: Mapping[str, list[Any]] | None = noted.get("before")
    if before is None:
        return
    if ctx.site_settings().get(f"{SOURCE}.api_url") != noted["address"]:
        note.write(before=None)
        return
    setting.put(ctx.database, f"{SOURCE}.autoscrape", False)
    deadline, quiet = time.monotonic() + _PATIENCE, 0
    while quiet < _QUIET and time.monotonic() < deadline:
        found = _scrapers(ctx)
        quiet = 0 if found else quiet + 1
        for job in found:
            # Of its own, for a worker may be about to take it, and what cannot be stopped now is met again.
            with suppress(Unavailable), ctx.database.transaction() as tx:
                ctx.queue.cancel(tx, job)
        time.sleep(_PAUSE)
    with ctx.database.transaction() as tx:
        for job in _scrapers(ctx, failed=True):
            jobs.delete(tx, job.id)
        asked_image.forget_below(tx, SOURCE, noted["address"])
        for name, values in before.items():
            if values:
                setting.put(tx, name, values[0])
            else:
                setting.delete(tx, name)
    note.write(before=None)


def _scrapers(ctx: Context, *, failed: bool = False) -> list[Job]:
    """Scrapers of the source that are in the queue, or those that have failed."""
    return [
        job
        for job in jobs.list_jobs(ctx.database)
        if job.type.startswith(f"{SOURCE}-") and (job.state is JobState.FAILED) == failed
    ]
