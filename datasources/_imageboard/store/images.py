"""The table `imageboard_images`: each image once by its content, whichever posts show it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from app.plugins import Batch, Database
from datasources._imageboard.engines import ImageRead

KINDS = {
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG\r\n\x1a\n": ".png",
    b"GIF87a": ".gif",
    b"GIF89a": ".gif",
}
_EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp"})
"""What is asked for: video and other files are not."""

_PATIENCE = 3
"""Days after which an image that could not be downloaded is no longer asked for."""
_AT_ONCE = 100
"""Images that are asked for again at once."""


def is_image(file: ImageRead) -> bool:
    """Whether a file of a post is an image that can be asked for."""
    return bool(file.md5) and PurePosixPath(file.name).suffix.lower() in _EXTENSIONS


def kind_of(content: bytes) -> str | None:
    """The file extension that fits the first bytes of an image; None for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return ".webp"
    return next((extension for start, extension in KINDS.items() if content.startswith(start)), None)


def image_name(md5: str, extension: str) -> str:
    """The name in storage of an image with this content."""
    return f"images/{md5[:2]}/{md5}{extension}"


def wanted(batch: Batch | Database, md5s: Collection[str]) -> set[str]:
    """Which of these images are still to be asked for: those not known, and those that one address did not have."""
    if not md5s:
        return set()
    rows = batch.many(
        "SELECT md5 FROM imageboard_images WHERE md5 = ANY(%(md5s)s) AND state <> 'missing'", md5s=list(md5s)
    )
    return set(md5s) - {row["md5"] for row in rows}


def note_asked(batch: Batch, source: str, addresses: Mapping[str, str]) -> None:
    """Note that images have been asked for at these addresses, by MD5."""
    if addresses:
        batch.run_each(
            "INSERT INTO imageboard_asked_images (source, md5, url) VALUES %s"
            " ON CONFLICT (source, md5) DO UPDATE SET url = excluded.url",
            [(source, md5, addresses[md5]) for md5 in sorted(addresses)],
        )


def ask_again(batch: Batch, source: str) -> dict[str, str]:
    """The addresses, by MD5, of images that were asked for an hour ago and of which nothing is known: some at a time.

    After three days an image counts as missing.
    """
    late = "SELECT md5 FROM imageboard_asked_images WHERE source = %(source)s AND"
    batch.run(
        f"WITH late AS (DELETE FROM imageboard_asked_images WHERE source = %(source)s AND md5 IN ({late} began <"
        " clock_timestamp() - make_interval(days => %(days)s) FOR UPDATE SKIP LOCKED) RETURNING md5)"
        " INSERT INTO imageboard_images (md5, state, reason, checked) SELECT md5, 'missing', %(reason)s,"
        " clock_timestamp() FROM late ORDER BY md5 ON CONFLICT (md5) DO NOTHING",
        source=source,
        days=_PATIENCE,
        reason=f"It could not be downloaded for {_PATIENCE} days.",
    )
    rows = batch.many(
        f"UPDATE imageboard_asked_images SET asked = clock_timestamp() WHERE source = %(source)s AND md5 IN ({late}"
        " asked < clock_timestamp() - interval '1 hour' ORDER BY asked LIMIT %(most)s FOR UPDATE SKIP LOCKED)"
        " RETURNING md5, url",
        source=source,
        most=_AT_ONCE,
    )
    return {row["md5"]: row["url"] for row in rows}


def other_addresses(db: Database, source: str, md5: str, url: str, base: str) -> list[str]:
    """Where posts that can still be read show this image too, the newest first; three at most, all below `base`."""
    rows = db.many(
        "SELECT image_url FROM imageboard_posts WHERE source = %(source)s AND image_md5 = %(md5)s AND deleted IS NULL"
        " AND NOT unsorted_data ? 'file_deleted' AND image_url <> %(url)s AND starts_with(image_url, %(base)s)"
        " GROUP BY image_url ORDER BY max(seen) DESC LIMIT 3",
        source=source,
        md5=md5,
        url=url,
        base=base,
    )
    return [row["image_url"] for row in rows]


def note(
    db: Database,
    source: str,
    md5: str,
    state: str,
    *,
    name: str | None = None,
    size: int | None = None,
    reason: str = "",
) -> None:
    """Note what became of an image: `stored missing refused different`; one that is stored stays so."""
    db.run(
        "WITH settled AS (DELETE FROM imageboard_asked_images WHERE source = %(source)s AND md5 = %(md5)s)"
        " INSERT INTO imageboard_images AS i (md5, state, name, bytes, reason, checked) VALUES (%(md5)s, %(state)s,"
        " %(name)s, %(size)s, %(reason)s, clock_timestamp()) ON CONFLICT (md5) DO UPDATE SET state = excluded.state,"
        " name = excluded.name, bytes = excluded.bytes, reason = excluded.reason, checked = excluded.checked"
        " WHERE i.state <> 'stored'",
        source=source,
        md5=md5,
        state=state,
        name=name,
        size=size,
        reason=reason or None,
    )


def note_known(db: Database, source: str, md5: str) -> None:
    """Note that an image that was asked for is known by now, from another source."""
    db.run("DELETE FROM imageboard_asked_images WHERE source = %(source)s AND md5 = %(md5)s", source=source, md5=md5)


def stored_images(db: Database, md5s: Collection[str]) -> dict[str, str]:
    """The names in storage of those of these images that are there, by MD5: the column `image_md5` of an item."""
    rows = db.many(
        "SELECT md5, name FROM imageboard_images WHERE state = 'stored' AND md5 = ANY(%(md5s)s)", md5s=list(md5s)
    )
    return {row["md5"]: row["name"] for row in rows}
