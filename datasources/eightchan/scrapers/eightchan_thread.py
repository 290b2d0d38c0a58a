"""Scrape 8chan: threads."""

from __future__ import annotations

from datasources._imageboard.scrapers import ThreadScraper
from datasources.eightchan._site import SITE


class EightChanThread(ThreadScraper):
    """Reads a thread of 8chan and keeps what is new, changed, deleted or back in it."""

    type = "eightchan-thread"
    site = SITE
