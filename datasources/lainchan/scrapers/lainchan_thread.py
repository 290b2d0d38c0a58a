"""Scrape lainchan: threads."""

from __future__ import annotations

from datasources._imageboard.scrapers import ThreadScraper
from datasources.lainchan._site import SITE


class LainChanThread(ThreadScraper):
    """Reads a thread of lainchan and keeps what is new, changed, deleted or back in it."""

    type = "lainchan-thread"
    site = SITE
