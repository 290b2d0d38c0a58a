"""Put posts of dumps into the database: each block in one transaction with the place where it ended."""

from __future__ import annotations

import io
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg2
import psycopg2.extras
from psycopg2.extensions import TransactionRollbackError

from app.storage.database import connect
from datasources._imageboard.store.words import GATHER_WORDS
from extras.fourchan_dumps.posts import COLUMNS, SOURCE, Post
from extras.fourchan_dumps.record import DumpError

_WAIT = 30
_GATHER_EVERY = 10
_COLUMNS = ", ".join(COLUMNS)
COUNTS = ("read", "stored", "duplicates", "ghosts", "unreadable", "mended")


@dataclass
class Progress:
    """How far an import has come, and what it has met."""

    position: int = 0
    line: int = 1
    finished: bool = False
    counts: Counter[str] = field(default_factory=Counter)


@dataclass
class Batch:
    """Posts to be stored, what was met on the way to them, and where the dump goes on."""

    posts: list[Post]
    position: int
    line: int
    counts: Counter[str]
    refused: list[str] = field(default_factory=list)
    """Posts that the database would not take, and why."""


class Store:
    """The database during the import of one file into one board."""

    def __init__(self, url: str, board: str, file: str, name: str, options: str) -> None:
        self._opened = connect(url, name="4cat import")
        self._key = {"source": SOURCE, "board": board, "file": file}
        self._board = board
        self._saved = 0
        self._lock(file)
        self._begin(name, options)

    def _lock(self, file: str) -> None:
        """Make sure that nobody else imports the same file; a process that was killed leaves within seconds."""
        key = int(file[:15], 16)
        until = time.monotonic() + _WAIT
        while not self._one("SELECT pg_try_advisory_lock(%(key)s) AS held", key=key)["held"]:
            if time.monotonic() > until:
                raise DumpError("Another process is importing this file.")
            time.sleep(0.2)

    def _begin(self, name: str, options: str) -> None:
        row = self._one(
            "INSERT INTO imageboard_imports (source, board, file, name, options)"
            " VALUES (%(source)s, %(board)s, %(file)s, %(name)s, %(options)s)"
            " ON CONFLICT (source, board, file) DO UPDATE SET name = excluded.name"
            " RETURNING position, line, counts, finished, options",
            **self._key,
            name=name,
            options=options,
        )
        if row["options"] != options:
            self._opened.rollback()
            raise DumpError(
                f"This import was begun with other options ({row['options'] or 'none'}). Go on with those,"
                " or begin anew with --again."
            )
        self._opened.commit()
        self.progress = Progress(row["position"], row["line"], row["finished"] is not None, Counter(row["counts"]))

    def forget(self) -> None:
        """Begin again at the start of the file; what is stored already will count as duplicate."""
        self._run(
            "UPDATE imageboard_imports SET position = 0, line = 1, counts = '{}', finished = NULL"
            " WHERE source = %(source)s AND board = %(board)s AND file = %(file)s",
            **self._key,
        )
        self._opened.commit()
        self.progress = Progress()

    def save(self, batch: Batch) -> None:
        """Store a batch and the place behind it, in one transaction; what was there already counts as duplicate."""
        for attempt in range(3):
            try:
                self._save(batch)
                return
            except TransactionRollbackError:
                self._opened.rollback()
                if attempt == 2:
                    raise

    def _save(self, batch: Batch) -> None:
        self._run("SET LOCAL synchronous_commit TO off")
        posts = self._unique(batch)
        stored = self._copy(batch, posts) if posts else []
        self._put_threads(stored)
        counts = self.progress.counts + batch.counts
        counts["unreadable"] += len(batch.refused)
        counts["stored"] += len(stored)
        counts["duplicates"] += len(batch.posts) - len(batch.refused) - len(stored)
        self._run(
            "UPDATE imageboard_imports SET position = %(position)s, line = %(line)s, counts = %(counts)s,"
            " changed = now() WHERE source = %(source)s AND board = %(board)s AND file = %(file)s",
            **self._key,
            position=batch.position,
            line=batch.line,
            counts=psycopg2.extras.Json(+counts),
        )
        self._opened.commit()
        self.progress = Progress(batch.position, batch.line, False, counts)
        self._saved += 1
        if self._saved % _GATHER_EVERY == 0:
            self._gather()

    def _gather(self) -> None:
        """Bring the words of these posts to those that are known, so that they are not noted over and over."""
        self._run(GATHER_WORDS)
        self._opened.commit()

    @staticmethod
    def _unique(batch: Batch) -> list[Post]:
        """The first of every number."""
        posts = {post.id: post for post in reversed(batch.posts)}
        return list(reversed(posts.values()))

    def _copy(self, batch: Batch, posts: list[Post]) -> list[Post]:
        """Store posts and return those that were new. What the database will not take is put aside and reported."""
        while posts:
            self._run("SAVEPOINT copying")
            try:
                if self._is_free(posts):
                    self._copy_into("imageboard_posts", posts)
                    return posts
            except psycopg2.errors.UniqueViolation:  # somebody stores the same posts at this moment
                self._run("ROLLBACK TO copying")
            except psycopg2.DataError as error:
                self._refuse(batch, posts, error)
                continue
            try:
                return self._copy_new(posts)
            except psycopg2.DataError as error:
                self._refuse(batch, posts, error)
        return []

    def _refuse(self, batch: Batch, posts: list[Post], error: psycopg2.DataError) -> None:
        """Take the post out of which the database says that it is wrong."""
        found = re.search(r"COPY \w+, line (\d+)", str(error))
        if found is None:
            raise error
        self._run("ROLLBACK TO copying")
        post = posts.pop(int(found[1]) - 1)
        batch.refused.append(f"post {post.id}: the database refuses it: {str(error).splitlines()[0]}")

    def _is_free(self, posts: Sequence[Post]) -> bool:
        """Whether the board has no post yet among these numbers: then they need not be compared one by one."""
        row = self._one(
            "SELECT NOT EXISTS (SELECT FROM imageboard_posts WHERE source = %(source)s AND board = %(board)s"
            " AND id BETWEEN %(least)s AND %(most)s) AS free",
            source=SOURCE,
            board=self._board,
            least=min(post.id for post in posts),
            most=max(post.id for post in posts),
        )
        return bool(row["free"])

    def _copy_new(self, posts: list[Post]) -> list[Post]:
        self._run(
            "CREATE TEMP TABLE IF NOT EXISTS incoming (LIKE imageboard_posts INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
        )
        self._run("TRUNCATE incoming")
        self._copy_into("incoming", posts)
        with self._opened.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO imageboard_posts ({_COLUMNS}) SELECT {_COLUMNS} FROM incoming"  # noqa: S608
                " ON CONFLICT DO NOTHING RETURNING id"
            )
            rows: list[Any] = cursor.fetchall()
        new = {row["id"] for row in rows}
        return [post for post in posts if post.id in new]

    def _copy_into(self, table: str, posts: Iterable[Post]) -> None:
        lines = io.StringIO("\n".join(post.line for post in posts) + "\n")
        with self._opened.cursor() as cursor:
            cursor.copy_expert(f"COPY {table} ({_COLUMNS}) FROM STDIN", lines, size=1 << 16)

    def _put_threads(self, posts: Iterable[Post]) -> None:
        """Add new posts to what is known of their threads. Of those that were scraped the scraper knows better."""
        rows = _threads(self._board, posts)
        if not rows:
            return
        with self._opened.cursor() as cursor:
            psycopg2.extras.execute_values(cursor, _PUT_THREADS, rows, page_size=1000)

    def finish(self) -> None:
        """Note that the whole file is stored. A thread of which the dump says no end ended with its last post."""
        self._run(
            "UPDATE imageboard_threads SET archived = coalesce(modified, created, seen) WHERE source = %(source)s"
            " AND board = %(board)s AND scraped IS NULL AND archived IS NULL AND deleted IS NULL",
            **self._key,
        )
        self._run(
            "UPDATE imageboard_imports SET finished = now(), changed = now()"
            " WHERE source = %(source)s AND board = %(board)s AND file = %(file)s",
            **self._key,
        )
        self._opened.commit()
        self._gather()

    def close(self) -> None:
        """Close the connection."""
        self._opened.close()

    def _run(self, sql: str, **values: Any) -> None:
        with self._opened.cursor() as cursor:
            cursor.execute(sql, values)

    def _one(self, sql: str, **values: Any) -> dict[str, Any]:
        with self._opened.cursor() as cursor:
            cursor.execute(sql, values)
            row: Any = cursor.fetchone()
        return dict(row)


_PUT_THREADS = (
    "INSERT INTO imageboard_threads AS t (source, board, id, created, seen, listed, modified, archived, deleted,"
    " is_sticky, is_closed, posters, replies, images, last_post) VALUES %s"
    " ON CONFLICT (source, board, id) DO UPDATE SET created = coalesce(excluded.created, t.created),"
    " seen = least(t.seen, excluded.seen), listed = greatest(t.listed, excluded.listed),"
    " modified = greatest(t.modified, excluded.modified), archived = coalesce(excluded.archived, t.archived),"
    " deleted = coalesce(excluded.deleted, t.deleted), is_sticky = t.is_sticky OR excluded.is_sticky,"
    " is_closed = t.is_closed OR excluded.is_closed, posters = coalesce(excluded.posters, t.posters),"
    " replies = t.replies + excluded.replies, images = t.images + excluded.images,"
    " last_post = greatest(t.last_post, excluded.last_post) WHERE t.scraped IS NULL"
)


def _threads(board: str, posts: Iterable[Post]) -> list[tuple[Any, ...]]:
    """What posts say of their threads: a row for each, in the order of their numbers."""
    members: dict[int, list[Post]] = {}
    for post in posts:
        members.setdefault(post.thread, []).append(post)
    return [(SOURCE, board, number, *_thread(of)) for number, of in sorted(members.items())]


def _thread(posts: Sequence[Post]) -> tuple[Any, ...]:
    opening = next((post.opening for post in posts if post.opening), None)
    replies = [post for post in posts if not post.opening]
    first, last = min(post.time for post in posts), max(post.time for post in posts)
    said = (_moment(opening and opening.created), _moment(first), _moment(last), _moment(last))
    state: tuple[Any, ...] = (None, None, False, False, None)
    if opening:
        archived = None if opening.deleted else opening.expired
        state = (
            *(_moment(archived), _moment(opening.deleted)),
            *(opening.is_sticky, opening.is_closed, opening.posters),
        )
    return (*said, *state, len(replies), sum(post.has_image for post in replies), max(post.id for post in posts))


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
