"""What becomes of one thread when it is read, found unchanged, or found to be gone: one transaction each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.plugins import Batch, Database
from datasources._imageboard.engines import PostRead, ThreadRead
from datasources._imageboard.store import posts
from datasources._imageboard.store.place import Place

_HERE = "source = %(source)s AND board = %(board)s AND id = %(thread)s"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a thread before it is asked for: what the index said, and what it was when last read.

    `at` is when it is asked for. `mark` is None for a thread of which the index has said nothing; `modified` is when it
    has changed, as the index says.
    """

    at: datetime
    mark: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    is_missing: bool = False
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What reading a thread brought: the posts that are new, and how many were changed, deleted or restored."""

    new: tuple[PostRead, ...] = ()
    changed: int = 0
    deleted: int = 0
    restored: int = 0


def ask(db: Database, place: Place) -> Asked:
    """What is known of a thread; the time is that of the database, which all machines share."""
    row = db.one(
        "SELECT clock_timestamp() AS now, t.* FROM (SELECT 1) AS always LEFT JOIN LATERAL (SELECT mark, etag,"
        " last_modified, modified, deleted IS NOT NULL OR archived IS NOT NULL OR vanished IS NOT NULL AS is_missing"
        f" FROM imageboard_threads WHERE {_HERE}) AS t ON true",
        **_values(place),
    )
    return Asked(row["now"], row["mark"], row["etag"], row["last_modified"], bool(row["is_missing"]), row["modified"])


def store_unchanged(batch: Batch, place: Place, asked: Asked, *, is_current: bool = True) -> None:
    """The thread is as it was when it was last read. One that is not current is to be read again."""
    batch.run(
        f"UPDATE imageboard_threads SET scraped = %(at)s, read_mark = %(mark)s WHERE {_HERE}"
        " AND (scraped IS NULL OR scraped <= %(at)s)",
        at=asked.at,
        mark=asked.mark if is_current else None,
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
        "UPDATE imageboard_threads SET deleted = %(at)s, scraped = %(at)s, read_mark = NULL, etag = NULL,"
        f" last_modified = NULL WHERE {_HERE}",
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
    etag: str | None = None,
    last_modified: str | None = None,
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
    _update(batch, place, read, asked, rolls, (etag, last_modified, asked.mark if is_current else None))
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
    version: tuple[str | None, str | None, str | None],
) -> None:
    replies = [post for post in read.posts if post.id != read.id]
    batch.run(
        "UPDATE imageboard_threads SET scraped = %(at)s, deleted = NULL, created = %(created)s, archived = CASE WHEN"
        " %(is_archived)s THEN coalesce(archived, %(archived_on)s, %(at)s) END, is_sticky = %(is_sticky)s, is_closed ="
        " %(is_closed)s, is_cyclical = %(is_cyclical)s, rolls = %(rolls)s, bump_limit = %(bump_limit)s, image_limit ="
        " %(image_limit)s, replies = %(replies)s, images = %(images)s, posters = %(posters)s, last_post ="
        " %(last_post)s, etag = %(etag)s, last_modified = %(last_modified)s, read_mark = %(read_mark)s"
        f" WHERE {_HERE}",
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
        etag=version[0],
        last_modified=version[1],
        read_mark=version[2],
    )


def _values(place: Place) -> dict[str, Any]:
    return {"source": place.source, "board": place.board, "thread": place.thread}


def details(place: Place) -> dict[str, Any]:
    """What the job that reads a thread is told."""
    return {"board": place.board, "thread": place.thread}


__all__ = ["Asked", "Stored", "ask", "details", "store_gone", "store_thread", "store_unchanged"]
