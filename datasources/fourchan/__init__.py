"""4chan: posts of 4chan's boards, scraped by this installation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.plugins import Choices
from datasources._imageboard.search import SearchOptions
from datasources._imageboard.source import ImageboardSource
from datasources.fourchan import _flags, _site


class FourChan(ImageboardSource):
    """Search the posts of 4chan's boards that this installation has scraped."""

    id = "fourchan"
    title = "4chan"
    site = _site.SITE
    Settings = _site.Settings
    flag_groups = _flags.GROUPS
    flag_boards = ("pol", "sp", "int", "bant")

    @dataclass(frozen=True)
    class Options(SearchOptions):
        """Which posts, and under which flags."""

        country_name: Sequence[str] = Choices(
            "Countries and flags",
            _flags.FLAGS,
            help="Only posts under one of these. Boards pol, sp, int and bant show flags.",
        )
