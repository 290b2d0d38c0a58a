"""What the posts of dumps say of their threads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from extras.fourchan_dumps.posts import SOURCE, Opening

PUT_THREADS = (
    "INSERT INTO imageboard_threads AS t (source, board, id, created, seen, listed, modified, archived, deleted,"
    " is_sticky, is_closed, posters, replies, images, last_post) VALUES %s"
    " ON CONFLICT (source, board, id) DO UPDATE SET created = coalesce(excluded.created, t.created),"
    " seen = least(t.seen, excluded.seen), listed = greatest(t.listed, excluded.listed),"
    " modified = greatest(t.modified, excluded.modified), archived = coalesce(excluded.archived, t.archived),"
    " deleted = coalesce(excluded.deleted, t.deleted), is_sticky = t.is_sticky OR excluded.is_sticky,"
    " is_closed = t.is_closed OR excluded.is_closed, posters = coalesce(excluded.posters, t.posters),"
    " replies = t.replies + excluded.replies, images = t.images + excluded.images,"
    " last_post = greatest(t.last_post, excluded.last_post)"
    " WHERE t.scraped IS NULL AND t.mark IS NULL"
)
"""Adds to what is known of threads. Of those that the scraper has read or seen listed it knows better."""


def threads_of(board: str, posts: pl.DataFrame, openings: Mapping[int, Opening]) -> list[tuple[Any, ...]]:
    """What posts say of their threads: a row of values for each, in the order of their numbers.

    `openings` are what first posts say, by their numbers.
    """
    is_reply = ~pl.col("id").is_in(list(openings))
    threads = (
        posts.group_by("thread")
        .agg(
            pl.col("time").min().alias("first"),
            pl.col("time").max().alias("last"),
            is_reply.sum().alias("replies"),
            (is_reply & pl.col("has_image")).sum().alias("images"),
            pl.col("id").max().alias("last_post"),
        )
        .sort("thread")
    )
    begun: dict[int, Opening] = {}
    for thread, number in posts.filter(~is_reply).select("thread", "id").iter_rows():
        begun.setdefault(thread, openings[number])
    return [
        (SOURCE, board, thread, *_times(begun.get(thread), first, last), *_state(begun.get(thread)), *counts)
        for thread, first, last, *counts in threads.iter_rows()
    ]


def _times(opening: Opening | None, first: int, last: int) -> tuple[Any, ...]:
    return _moment(opening and opening.created), _moment(first), _moment(last), _moment(last)


def _state(opening: Opening | None) -> tuple[Any, ...]:
    if opening is None:
        return None, None, False, False, None
    archived = None if opening.deleted else opening.expired
    return (
        *(_moment(archived), _moment(opening.deleted)),
        *(opening.is_sticky, opening.is_closed, opening.posters),
    )


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
