"""Generated posts of an imageboard, put straight into an archive: seeded, so every run searches the same."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from app.services.context import Context
from app.storage.connection import connect
from bench import _posts
from datasources._imageboard.query import plain_text, spaced
from extras.fourchan_dumps.store import TABLE

PHRASE = "zweiundvierzig kleine elefanten"
EVERY = 50_000  # posts of which one says the phrase
BOARDS = ("g", "int", "pol", "sp")
COUNTRIES = ("US", "DE", "NL", "FR", "CA", "GB", "AU", "BR")
COLUMNS = (
    *("source", "board", "id", "thread_id", "created", "seen", "country_code", "body"),
    *("subject_words", "body_words"),
)
_STEP = 50_000
_START = 1_577_836_800


def word(rank: int) -> str:
    """The word of this rank by frequency, from 0 on, as it is searched."""
    return str(_posts.vocabulary(np.random.default_rng(7))[rank].as_py()).replace("é", "e")


def portions(posts: int) -> Iterator[pl.DataFrame]:
    """The posts, as rows of `imageboard_posts`: 20 to 60 words, threads of 50, one post every ten seconds."""
    rng = np.random.default_rng(7)
    words = _posts.vocabulary(rng)
    shares = np.cumsum((1 / np.arange(1, len(words) + 1)) / np.sum(1 / np.arange(1, len(words) + 1)))
    for start in range(0, posts, _STEP):
        number = np.arange(start, min(start + _STEP, posts))
        sizes = rng.integers(20, 61, len(number))
        offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
        drawn = np.minimum(np.searchsorted(shares, rng.random(int(offsets[-1]))), len(words) - 1)
        lists = pa.ListArray.from_arrays(pa.array(offsets), words.take(pa.array(drawn.astype(np.int32))))
        frame = pl.DataFrame({"number": number, "words": pl.Series(pl.from_arrow(lists))})
        place = pl.col("number") // 50 % len(BOARDS)
        body = pl.col("words").list.join(" ")
        yield frame.select(
            pl.lit("fourchan").alias("source"),
            pl.lit(pl.Series(BOARDS)).gather(place).alias("board"),
            (pl.col("number") + 1).alias("id"),
            (pl.col("number") // 50 * 50 + 1).alias("thread_id"),
            pl.from_epoch(_START + pl.col("number") * 10).dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("created"),
            pl.from_epoch(_START + pl.col("number") * 10).dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("seen"),
            pl.lit(pl.Series(COUNTRIES)).gather(pl.col("number") % 97 % len(COUNTRIES)).alias("country_code"),
            pl.when(pl.col("number") % EVERY == EVERY // 2).then(body + f" {PHRASE}").otherwise(body).alias("body"),
        )


def fill(ctx: Context, posts: int) -> None:
    """Store so many posts past all indexes, then make these and let the database look at what there is.

    Nothing is done where they are stored already.
    """
    opened = connect(ctx.settings.database_url)
    with opened.cursor() as cursor:
        if _stored(cursor) != posts:
            secondary = _secondary(cursor)
            for name in secondary:
                cursor.execute(f"DROP INDEX {name}")
            cursor.execute("TRUNCATE imageboard_posts, imageboard_words, imageboard_new_words")
            _copy(cursor, posts)
            cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
            for definition in secondary.values():
                cursor.execute(definition)
            opened.commit()
            opened.autocommit = True
            cursor.execute("VACUUM ANALYZE imageboard_posts, imageboard_words")
    opened.close()


def _stored(cursor: Any) -> int:
    cursor.execute("SELECT coalesce(max(number), 0) AS posts FROM imageboard_posts")
    return int(cursor.fetchone()["posts"])


def _secondary(cursor: Any) -> dict[str, str]:
    """What makes each index but that of the key."""
    cursor.execute(
        "SELECT indexrelid::regclass::text AS name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') AS made"
        " FROM pg_index WHERE indrelid = 'imageboard_posts'::regclass AND NOT indisprimary"
    )
    return {row["name"]: row["made"] for row in cursor.fetchall()}


def _copy(cursor: Any, posts: int) -> None:
    """Posts and words, past the triggers, which an import of a dump passes too."""
    cursor.execute("ALTER SEQUENCE imageboard_post_numbers RESTART")
    words: set[str] = set()
    for frame in portions(posts):
        folded = pl.format(" {} ", pl.col("body").str.replace_all("é", "e"))
        rows = frame.with_columns(pl.lit("").alias("subject_words"), folded.alias("body_words")).select(COLUMNS)
        words.update(rows["body_words"].str.split(" ").explode().unique())
        lines = io.BytesIO()
        rows.write_csv(lines, include_header=False, separator="\t", quote_style="never")
        lines.seek(0)
        cursor.copy_expert(f"COPY {TABLE} ({', '.join(COLUMNS)}) FROM STDIN WITH (NULL '\\N', FREEZE)", lines)
    cursor.execute("INSERT INTO imageboard_words SELECT unnest(%s::text[])", (sorted(words - {""}),))


def check_words() -> None:
    """Make sure that what is stored as words is what the tool would store."""
    body = portions(10).__next__()["body"][0]
    assert spaced(plain_text(body)) == f" {body.replace('é', 'e')} "
