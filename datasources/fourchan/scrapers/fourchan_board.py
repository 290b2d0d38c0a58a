"""Scrape 4chan: boards."""

from __future__ import annotations

from datasources._imageboard.scrapers import BoardScraper
from datasources.fourchan._site import SITE


class FourChanBoard(BoardScraper):
    """Reads the list of threads of a 4chan board, and asks for those that have changed or vanished."""

    type = "fourchan-board"
    site = SITE
