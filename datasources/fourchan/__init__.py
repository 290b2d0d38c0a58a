"""4chan: posts of 4chan's boards, scraped by this installation."""

from __future__ import annotations

from datasources._imageboard.source import ImageboardSource
from datasources.fourchan import _site


class FourChan(ImageboardSource):
    """Search the posts of 4chan's boards that this installation has scraped."""

    id = "fourchan"
    title = "4chan"
    site = _site.SITE
    Settings = _site.Settings
