"""Where the columns of a TikTok comment come from."""

from __future__ import annotations

from datasources._zeeschuimer._fields import Fields, first, flag, made, moment, number, text, unix
from datasources._zeeschuimer._paths import Raw
from datasources._zeeschuimer._values import without_query


def _thread(raw: Raw) -> str | None:
    return first(raw, "reply_id") if _is_answer(raw) else first(raw, "aweme_id")


def _is_answer(raw: Raw) -> bool | None:
    given = first(raw, "reply_id")
    return None if given is None else given != "0"


FIELDS: Fields = {
    "id": text("cid", required=True),
    "thread_id": made(str, _thread),
    "timestamp": moment("create_time", required=True),
    "author": text("user.unique_id", required=True),
    "body": text("text"),
    "author_full": text("user.nickname"),
    "author_avatar_url": text("user.avatar_thumb.url_list.0", "user.avatar_168x168.url_list.0"),
    "unix_timestamp": unix("create_time"),
    "likes": number("digg_count"),
    "replies": number("reply_comment_total"),
    "post_id": text("aweme_id"),
    "post_url": made(str, lambda raw: without_query(first(raw, "share_info.url"))),
    "post_body": text("share_info.title"),
    "comment_url": text("share_info.url"),
    "is_liked_by_post_author": flag("is_author_digged"),
    "is_sticky": flag("author_pin"),
    "is_comment_on_comment": made(bool, _is_answer),
    "language_guess": text("comment_language"),
}
