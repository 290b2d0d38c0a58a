"""Put posts of dumps into the database: each block in one transaction with the place where it ended."""

from __future__ import annotations

import io
import re
import time
from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import psycopg2
import psycopg2.extras
from psycopg2.extensions import TransactionRollbackError

from app.storage.connection import connect
from datasources._imageboard.store.words import GATHER_WORDS
from extras.fourchan_dumps.posts import COLUMNS, SOURCE, Opening
from extras.fourchan_dumps.record import DumpError
from extras.fourchan_dumps.threads import PUT_THREADS, threads_of

_WAIT = 30
_GATHER_EVERY = 10
_MOST_KNOWN = 1_000_000  # words, of which each takes some 100 bytes of memory
_COLUMNS = ", ".join(COLUMNS)
TABLE = "fourchan_posts"
"""Where posts are put: past the triggers of the table of all sources, which would look at each of them once more."""
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

    posts: pl.DataFrame
    """As `posts.SCHEMA` says, in the order of the dump."""
    openings: dict[int, Opening]
    """What first posts of threads say, by their numbers."""
    words: set[str]
    """The words of the posts."""
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
        self._known: Set[str] = set()
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
        posts = batch.posts
        if posts["id"].n_unique() < posts.height:
            posts = posts.unique("id", keep="first", maintain_order=True)
        stored = self._copy(batch, posts)
        if stored.height:
            self._put_threads(stored, batch.openings)
            self._note_days(stored)
            self._note_words(batch.words)
        counts = self.progress.counts + batch.counts
        counts["unreadable"] += len(batch.refused)
        counts["stored"] += stored.height
        counts["duplicates"] += batch.posts.height - len(batch.refused) - stored.height
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
        self._known = self._known | batch.words if len(self._known) < _MOST_KNOWN else batch.words
        self._saved += 1
        if self._saved % _GATHER_EVERY == 0:
            self._gather()

    def _gather(self) -> None:
        """Bring the words of these posts to those of all posts, so that a search finds them quickly."""
        self._run(GATHER_WORDS)
        self._opened.commit()

    def _copy(self, batch: Batch, posts: pl.DataFrame) -> pl.DataFrame:
        """Store posts and return those that were new. What the database will not take is put aside and reported."""
        while posts.height:
            self._run("SAVEPOINT copying")
            try:
                if self._is_free(posts):
                    self._copy_into(TABLE, posts)
                    return posts
            except psycopg2.errors.UniqueViolation:  # somebody stores the same posts at this moment
                self._run("ROLLBACK TO copying")
            except psycopg2.DataError as error:
                posts = self._refuse(batch, posts, error)
                continue
            try:
                return self._copy_new(posts)
            except psycopg2.DataError as error:
                posts = self._refuse(batch, posts, error)
        return posts

    def _refuse(self, batch: Batch, posts: pl.DataFrame, error: psycopg2.DataError) -> pl.DataFrame:
        """The posts without the one of which the database says that it is wrong."""
        found = re.search(r"COPY \w+, line (\d+)", str(error))
        if found is None:
            raise error
        self._run("ROLLBACK TO copying")
        place = int(found[1]) - 1
        reason = str(error).splitlines()[0]
        batch.refused.append(f"post {posts['id'][place]}: the database refuses it: {reason}")
        return pl.concat([posts[:place], posts[place + 1 :]])

    def _is_free(self, posts: pl.DataFrame) -> bool:
        """Whether the board has no post yet among these numbers: then they need not be compared one by one."""
        row = self._one(
            "SELECT NOT EXISTS (SELECT FROM imageboard_posts WHERE source = %(source)s AND board = %(board)s"
            " AND id BETWEEN %(least)s AND %(most)s) AS free",
            source=SOURCE,
            board=self._board,
            least=posts["id"].min(),
            most=posts["id"].max(),
        )
        return bool(row["free"])

    def _copy_new(self, posts: pl.DataFrame) -> pl.DataFrame:
        self._run(
            "CREATE TEMP TABLE IF NOT EXISTS incoming (LIKE imageboard_posts INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
        )
        self._run("TRUNCATE incoming")
        self._copy_into("incoming", posts)
        with self._opened.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {TABLE} ({_COLUMNS}) SELECT {_COLUMNS} FROM incoming"  # noqa: S608
                " ON CONFLICT DO NOTHING RETURNING id"
            )
            rows: list[Any] = cursor.fetchall()
        return posts.filter(pl.col("id").is_in([row["id"] for row in rows]))

    def _copy_into(self, table: str, posts: pl.DataFrame) -> None:
        lines = io.BytesIO(f"{posts['line'].str.join(chr(10)).item()}\n".encode())
        with self._opened.cursor() as cursor:
            cursor.copy_expert(f"COPY {table} ({_COLUMNS}) FROM STDIN", lines, size=1 << 18)

    def _put_threads(self, posts: pl.DataFrame, openings: Mapping[int, Opening]) -> None:
        with self._opened.cursor() as cursor:
            rows = threads_of(self._board, posts, openings)
            psycopg2.extras.execute_values(cursor, PUT_THREADS, rows, page_size=1000)

    def _note_days(self, posts: pl.DataFrame) -> None:
        """Note how many posts there are of each day, as the trigger on the table of all sources would."""
        days = posts.group_by(pl.from_epoch("time").dt.date().alias("day")).len()
        with self._opened.cursor() as cursor:
            psycopg2.extras.execute_values(
                cursor,
                "INSERT INTO imageboard_uncounted (source, board, day, posts) VALUES %s",
                [(SOURCE, self._board, *row) for row in days.iter_rows()],
            )

    def _note_words(self, words: Set[str]) -> None:
        """Note the words that are new, as the trigger would; which ones this import has met before it knows itself."""
        if words - self._known:
            self._run("SET LOCAL enable_hashjoin TO off")  # each is looked up, never all of the table read
            self._run("SET LOCAL enable_mergejoin TO off")
            self._run(
                "INSERT INTO imageboard_new_words (word) SELECT word FROM unnest(%(words)s::text[]) AS said (word)"
                " WHERE NOT EXISTS (SELECT FROM imageboard_words known WHERE known.word = said.word)",
                words=list(words - self._known),
            )

    def finish(self) -> None:
        """Note that the whole file is stored.

        A thread of which the dump says no end ended with its last post. Those that the scraper has read or seen listed
        are left to it.
        """
        self._run(
            "UPDATE imageboard_threads SET archived = coalesce(modified, created, seen) WHERE source = %(source)s"
            " AND board = %(board)s AND scraped IS NULL AND mark IS NULL AND archived IS NULL AND deleted IS NULL",
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
