"""Scrape 8kun: threads."""

from __future__ import annotations

from datasources._imageboard.scrapers import ThreadScraper
from datasources.eightkun._site import SITE


class EightKunThread(ThreadScraper):
    """Reads a thread of 8kun and keeps what is new, changed, deleted or back in it."""

    type = "eightkun-thread"
    site = SITE
