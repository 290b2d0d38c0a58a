"""The table `imageboard_images`: each image once by its content, whichever posts show it."""

from __future__ import annotations

from collections.abc import Collection

from app.plugins import Batch, Database

KINDS = {
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG\r\n\x1a\n": ".png",
    b"GIF87a": ".gif",
    b"GIF89a": ".gif",
}
EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp"})
"""What is asked for: video and other files are not."""


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


def note(
    db: Database, md5: str, state: str, *, name: str | None = None, size: int | None = None, reason: str = ""
) -> None:
    """Note what became of an image: `stored missing refused different`; one that is stored stays so."""
    db.run(
        "INSERT INTO imageboard_images AS i (md5, state, name, bytes, reason, checked) VALUES (%(md5)s, %(state)s,"
        " %(name)s, %(size)s, %(reason)s, clock_timestamp()) ON CONFLICT (md5) DO UPDATE SET state = excluded.state,"
        " name = excluded.name, bytes = excluded.bytes, reason = excluded.reason, checked = excluded.checked"
        " WHERE i.state <> 'stored'",
        md5=md5,
        state=state,
        name=name,
        size=size,
        reason=reason or None,
    )


def stored_images(db: Database, md5s: Collection[str]) -> dict[str, str]:
    """The names in storage of those of these images that are there, by MD5: the column `image_md5` of an item."""
    rows = db.many(
        "SELECT md5, name FROM imageboard_images WHERE state = 'stored' AND md5 = ANY(%(md5s)s)", md5s=list(md5s)
    )
    return {row["md5"]: row["name"] for row in rows}
