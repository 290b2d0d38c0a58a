"""What becomes of one thread when it is read, found unchanged, or found to be gone: one transaction each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.plugins import Batch, Database
from datasources._imageboard.engines import PostRead, ThreadRead
from datasources._imageboard.store import posts
from datasources._imageboard.store.place import Place
from datasources._imageboard.store.version import UNKNOWN, Version

_HERE = "source = %(source)s AND board = %(board)s AND id = %(thread)s"
_DUE = (
    "CASE WHEN %(is_current)s AND coalesce(mark = %(mark)s, mark IS NULL) AND coalesce(vanished <= %(at)s, true)"
    " THEN NULL ELSE greatest(due, %(at)s) END"
)
"""Since when a thread that was just read is to be read again: the index may have said something new meanwhile."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a thread before it is asked for: what the index said, and what it was when last read.

    `mark` is None for a thread of which the index has said nothing; `modified` is when it has changed, as the index
    says, and `version` what was read last.
    """

    mark: str | None = None
    version: Version = UNKNOWN
    is_missing: bool = False
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a thread: when it was sent, and what the index had said of the thread before."""

    at: datetime
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What reading a thread brought: the posts that are new, and how many were changed, deleted or restored."""

    new: tuple[PostRead, ...] = ()
    changed: int = 0
    deleted: int = 0
    restored: int = 0


def look_up(db: Database, place: Place) -> Known:
    """What is known of a thread."""
    row = db.find(
        "SELECT mark, etag, last_modified, dated, modified, deleted IS NOT NULL OR archived IS NOT NULL"
        f" OR vanished IS NOT NULL AS is_missing FROM imageboard_threads WHERE {_HERE}",
        **_values(place),
    )
    if row is None:
        return Known()
    version = Version(row["etag"], row["last_modified"], row["dated"])
    return Known(row["mark"], version, row["is_missing"], row["modified"])


def note_failure(db: Database, place: Place, reason: str) -> None:
    """Note why the thread could not be read; it is to be read as before."""
    db.run(f"UPDATE imageboard_threads SET failure = %(reason)s WHERE {_HERE}", reason=reason[:500], **_values(place))


def store_unchanged(batch: Batch, place: Place, asked: Asked, *, is_current: bool = True) -> None:
    """The thread is as it was when it was last read. One that is not current is to be read again."""
    batch.run(
        f"UPDATE imageboard_threads SET scraped = %(at)s, failure = NULL, due = {_DUE} WHERE {_HERE}"
        " AND (scraped IS NULL OR scraped <= %(at)s)",
        at=asked.at,
        mark=asked.mark,
        is_current=is_current,
        **_values(place),
    )


def store_gone(batch: Batch, place: Place, asked: Asked) -> bool:
    """The thread cannot be read any more: without having been archived, it counts as deleted with its opening post.

    Whether that is new.
    """
    row = _lock(batch, place)
    if row is None or row["deleted"] is not None or row["archived"] is not None or _is_late(row, asked):
        return False
    batch.run(
        "UPDATE imageboard_threads SET deleted = %(at)s, scraped = %(at)s, due = NULL, failure = NULL, etag = NULL,"
        f" last_modified = NULL, dated = NULL WHERE {_HERE}",
        at=asked.at,
        **_values(place),
    )
    posts.mark_deleted(batch, place, [place.thread], asked.at)
    posts.note_events(batch, place, [(None, "deleted")], asked.at)
    return True


def store_thread(
    batch: Batch,
    place: Place,
    read: ThreadRead,
    asked: Asked,
    *,
    version: Version = UNKNOWN,
    is_current: bool = True,
    image_base: str = "",
) -> Stored:
    """Store what is new in a thread, what has changed, and what is no longer there.

    One that is not current may have changed since, as the index tells it: it is to be read again. A reading that was
    begun before the last one that is stored says nothing any more.
    """
    row = _lock(batch, place) or _insert(batch, place, asked)
    if _is_late(row, asked):
        return Stored()
    rolls = row["rolls"] or read.is_sticky or read.is_cyclical
    known = posts.known_posts(batch, place, _oldest(read) if rolls else 0)
    new = tuple(post for post in read.posts if post.id not in known)
    posts.insert_posts(batch, place, new, asked.at, image_base)
    there = [post for post in read.posts if post.id in known]
    changed = [post for post in there if known[post.id].text != posts.fingerprint(post)]
    posts.change_texts(batch, place, changed, asked.at)
    posts.mark_files_deleted(batch, place, [p.id for p in there if known[p.id].has_file and not p.images], asked.at)
    restored = [post.id for post in there if known[post.id].is_deleted]
    posts.mark_restored(batch, place, restored, asked.at)
    present = {post.id for post in read.posts}
    missing = [number for number, post in known.items() if number not in present and not post.is_deleted]
    gone = [] if read.unread else missing  # one of those that could not be read may be it
    posts.mark_deleted(batch, place, gone, asked.at)
    posts.note_events(batch, place, [(None, event) for event in _events(row, read)], asked.at)
    _update(batch, place, read, asked, rolls, version, is_current)
    return Stored(new, len(changed), len(gone), len(restored))


def _is_late(row: dict[str, Any], asked: Asked) -> bool:
    """Whether the thread was asked for after this and stored before: a worker that was thought dead was not."""
    return row["scraped"] is not None and row["scraped"] > asked.at


def _oldest(read: ThreadRead) -> int:
    """The number of the oldest reply that can be seen: what is older and missing has dropped off."""
    return min((post.id for post in read.posts if post.id != read.id), default=2**62)


def _lock(batch: Batch, place: Place) -> dict[str, Any] | None:
    return batch.find(
        "SELECT scraped, archived, deleted, is_sticky, is_closed, rolls FROM imageboard_threads"
        f" WHERE {_HERE} FOR UPDATE",
        **_values(place),
    )


def _insert(batch: Batch, place: Place, asked: Asked) -> dict[str, Any]:
    """A thread that no index has shown, such as one asked for by hand."""
    batch.run(
        "INSERT INTO imageboard_threads (source, board, id, seen, listed)"
        " VALUES (%(source)s, %(board)s, %(thread)s, %(at)s, %(at)s) ON CONFLICT (source, board, id) DO NOTHING",
        at=asked.at,
        **_values(place),
    )
    return _lock(batch, place) or {}


def _events(row: dict[str, Any], read: ThreadRead) -> list[str]:
    """What has become of the thread as a whole since it was last read."""
    found = []
    if row["deleted"] is not None or (row["archived"] is not None and not read.is_archived):
        found.append("restored")
    if read.is_archived and row["archived"] is None:
        found.append("archived")
    if row["scraped"] is not None:
        for is_so, was_so, events in (
            (read.is_sticky, row["is_sticky"], ("unstuck", "stuck")),
            (read.is_closed, row["is_closed"], ("opened", "closed")),
        ):
            found += [events[is_so]] if is_so != was_so else []
    return found


def _update(
    batch: Batch,
    place: Place,
    read: ThreadRead,
    asked: Asked,
    rolls: bool,
    version: Version,
    is_current: bool,
) -> None:
    replies = [post for post in read.posts if post.id != read.id]
    batch.run(
        "UPDATE imageboard_threads SET scraped = %(at)s, deleted = NULL, created = %(created)s, archived = CASE WHEN"
        " %(is_archived)s THEN coalesce(archived, %(archived_on)s, %(at)s) END, is_sticky = %(is_sticky)s, is_closed ="
        " %(is_closed)s, is_cyclical = %(is_cyclical)s, rolls = %(rolls)s, bump_limit = %(bump_limit)s, image_limit ="
        " %(image_limit)s, replies = %(replies)s, images = %(images)s, posters = %(posters)s, last_post ="
        " %(last_post)s, etag = %(etag)s, last_modified = %(last_modified)s, dated = %(dated)s, failure = NULL,"
        f" due = {_DUE} WHERE {_HERE}",
        **_values(place),
        at=asked.at,
        created=read.posts[0].created,
        is_archived=read.is_archived,
        archived_on=read.archived_on,
        is_sticky=read.is_sticky,
        is_closed=read.is_closed,
        is_cyclical=read.is_cyclical,
        rolls=rolls,
        bump_limit=read.bump_limit,
        image_limit=read.image_limit,
        replies=len(replies) if read.replies is None else read.replies,
        images=sum(len(post.images) for post in replies) if read.images is None else read.images,
        posters=read.posters,
        last_post=max(post.id for post in read.posts),
        etag=version.etag,
        last_modified=version.last_modified,
        dated=version.dated,
        mark=asked.mark,
        is_current=is_current,
    )


def _values(place: Place) -> dict[str, Any]:
    return {"source": place.source, "board": place.board, "thread": place.thread}


__all__ = [
    "Asked",
    "Known",
    "Stored",
    "look_up",
    "note_failure",
    "store_gone",
    "store_thread",
    "store_unchanged",
]
