"""lainchan: posts of lainchan's boards, scraped by this installation."""

from __future__ import annotations

from datasources._imageboard.source import ImageboardSource
from datasources.lainchan import _site


class LainChan(ImageboardSource):
    """Search the posts of lainchan's boards that this installation has scraped."""

    id = "lainchan"
    title = "lainchan"
    site = _site.SITE
    Settings = _site.Settings
