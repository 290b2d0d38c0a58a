"""The table `imageboard_asked_images`: images that scrapers have asked for and of which nothing is known yet."""

from __future__ import annotations

from app.storage.database import Session


def forget_below(db: Session, source: str, address: str) -> int:
    """Ask no more for images of a source whose addresses begin with this one; how many these were."""
    return db.run(
        "DELETE FROM imageboard_asked_images WHERE source = %(source)s AND starts_with(url, %(address)s)",
        source=source,
        address=f"{address.rstrip('/')}/",
    )
