"""Scrape lainchan: images."""

from __future__ import annotations

from datasources._imageboard.scrapers import ImageScraper
from datasources.lainchan._site import SITE


class LainChanImage(ImageScraper):
    """Downloads an image of lainchan once, and keeps it when it is what its MD5 says."""

    type = "lainchan-image"
    site = SITE
