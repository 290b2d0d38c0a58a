"""The tables of posts: what is new, what reads otherwise, what is gone and what is back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.plugins import Batch
from datasources._imageboard.engines import ImageRead, PostRead
from datasources._imageboard.query import plain_text, spaced
from datasources._imageboard.store.images import is_image
from datasources._imageboard.store.place import Place

_THESE = "source = %(source)s AND board = %(board)s AND id = ANY(%(ids)s)"
_COLUMNS = (
    "source, board, id, thread_id, created, seen, subject, body, author, author_trip, author_type, author_type_id,"
    " country_code, country_name, image_file, image_4chan, image_url, image_md5, image_width, image_height,"
    " image_filesize, semantic_url, unsorted_data, subject_words, body_words"
)


@dataclass(frozen=True, slots=True)
class Known:
    """A post that is stored: a fingerprint of its text, and whether it is marked as deleted and has its file."""

    text: str
    is_deleted: bool
    has_file: bool


def known_posts(batch: Batch, place: Place, oldest: int) -> dict[int, Known]:
    """The stored posts of a thread: its opening post, and replies from the number `oldest` on."""
    rows = batch.many(
        "SELECT id, md5(coalesce(subject, '') || chr(31) || coalesce(body, '')) AS text, deleted IS NOT NULL AS"
        " is_deleted, image_4chan IS NOT NULL AND NOT unsorted_data ? 'file_deleted' AS has_file FROM imageboard_posts"
        " WHERE source = %(source)s AND board = %(board)s AND thread_id = %(thread)s"
        " AND (id = %(thread)s OR id >= %(oldest)s)",
        source=place.source,
        board=place.board,
        thread=place.thread,
        oldest=oldest,
    )
    return {row["id"]: Known(row["text"], row["is_deleted"], row["has_file"]) for row in rows}


def fingerprint(post: PostRead) -> str:
    """What changes when the text of a post does; the database makes the same of what is stored."""
    text = f"{post.subject or ''}\x1f{post.body or ''}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def insert_posts(batch: Batch, place: Place, new: Sequence[PostRead], at: datetime, image_base: str) -> None:
    """Store posts that were not there."""
    if new:
        batch.run_each(
            f"INSERT INTO imageboard_posts ({_COLUMNS}) VALUES %s ON CONFLICT (source, board, id) DO NOTHING",
            [_row(place, post, at, image_base) for post in new],
        )


def shown_image(post: PostRead) -> ImageRead | None:
    """The file of a post that stands for all: the first that is an image, else the first."""
    return next(filter(is_image, post.images), post.images[0] if post.images else None)


def _row(place: Place, post: PostRead, at: datetime, image_base: str) -> tuple[Any, ...]:
    image = shown_image(post)
    return (
        place.source,
        place.board,
        post.id,
        place.thread,
        post.created,
        at,
        post.subject,
        post.body,
        post.author,
        post.author_trip,
        post.author_type,
        post.author_type_id,
        post.country_code,
        post.country_name,
        image.file if image else None,
        image.name if image else None,
        image_base + image.path if image else None,
        image.md5 if image else None,
        image.width if image else None,
        image.height if image else None,
        image.filesize if image else None,
        post.semantic_url,
        json.dumps(dict(post.more)),
        spaced(plain_text(post.subject)),
        spaced(plain_text(post.body)),
    )


def change_texts(batch: Batch, place: Place, changed: Sequence[PostRead], at: datetime) -> None:
    """Keep what posts said before, and let them say what they say now."""
    if not changed:
        return
    batch.run(
        "INSERT INTO imageboard_versions (source, board, id, seen, subject, body)"
        f" SELECT source, board, id, %(at)s, subject, body FROM imageboard_posts WHERE {_THESE}"
        " ON CONFLICT DO NOTHING",
        source=place.source,
        board=place.board,
        ids=[post.id for post in changed],
        at=at,
    )
    batch.run_each(
        "UPDATE imageboard_posts AS p SET subject = v.subject, body = v.body, subject_words = v.subject_words,"
        " body_words = v.body_words FROM (VALUES %s) AS v (source, board, id, subject, body, subject_words, body_words)"
        " WHERE p.source = v.source AND p.board = v.board AND p.id = v.id",
        [
            (
                place.source,
                place.board,
                post.id,
                post.subject,
                post.body,
                spaced(plain_text(post.subject)),
                spaced(plain_text(post.body)),
            )
            for post in changed
        ],
    )


def mark_deleted(batch: Batch, place: Place, ids: Sequence[int], at: datetime) -> None:
    """Posts are no longer there."""
    _mark(batch, place, ids, at, "deleted = %(at)s", "deleted")


def mark_restored(batch: Batch, place: Place, ids: Sequence[int], at: datetime) -> None:
    """Posts that had been deleted are there again."""
    _mark(batch, place, ids, at, "deleted = NULL", "restored")


def mark_files_deleted(batch: Batch, place: Place, ids: Sequence[int], at: datetime) -> None:
    """Posts are there without their files; what is known of these stays."""
    change = "unsorted_data = unsorted_data || jsonb_build_object('file_deleted', extract(epoch FROM %(at)s)::bigint)"
    _mark(batch, place, ids, at, change, "file-deleted")


def _mark(batch: Batch, place: Place, ids: Sequence[int], at: datetime, change: str, event: str) -> None:
    if ids:
        batch.run(
            f"UPDATE imageboard_posts SET {change} WHERE {_THESE}",
            source=place.source,
            board=place.board,
            ids=list(ids),
            at=at,
        )
        note_events(batch, place, [(number, event) for number in ids], at)


def note_events(batch: Batch, place: Place, events: Sequence[tuple[int | None, str]], at: datetime) -> None:
    """Note what has become of posts, or (None) of the whole thread."""
    if events:
        batch.run_each(
            "INSERT INTO imageboard_events (source, board, thread_id, id, seen, event) VALUES %s",
            [(place.source, place.board, place.thread, number, at, event) for number, event in events],
        )
