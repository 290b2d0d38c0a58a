"""Scrape 4chan: threads."""

from __future__ import annotations

from datasources._imageboard.scrapers import ThreadScraper
from datasources.fourchan._site import SITE


class FourChanThread(ThreadScraper):
    """Reads a thread of 4chan and keeps what is new, changed, deleted or back in it."""

    type = "fourchan-thread"
    site = SITE
