"""What is told of a site once, for its data source and its scrapers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.plugins import settings_of
from datasources._imageboard.engines import Engine
from datasources._imageboard.settings import BoardSettings


@dataclass(frozen=True)
class Site:
    """An imageboard site: the id of its data source, what people call it, its engine and its settings.

    `has_images` says that there is a scraper for its images.
    """

    id: str
    title: str
    engine: Engine
    settings: type[BoardSettings]
    has_images: bool = False

    def read_settings(self, site: Mapping[str, Any]) -> BoardSettings:
        """The settings of this site, of all that have been set."""
        found: BoardSettings = settings_of(self.id, self.settings, site)
        return found
