"""Where the columns of a post on Imgur come from."""

from __future__ import annotations

from datasources._zeeschuimer._fields import Fields, first, flag, made, moment, number, real, text, texts, unix

FIELDS: Fields = {
    "id": text("id", required=True),
    "thread_id": text("id"),
    "timestamp": moment("created_at", required=True),
    "author": text("account.username", "account_id"),
    "body": text("description"),
    "subject": text("title"),
    "type": text("cover.type", "cover.mime_type"),
    "media_url": text("cover.url"),
    "post_url": made(str, lambda raw: first(raw, "url") or f"https://imgur.com/gallery/{first(raw, 'id')}"),
    "album_media": texts("media.*.url"),
    "is_ad": flag("is_ad"),
    "is_album": flag("is_album"),
    "is_mature": flag("is_mature"),
    "is_viral": flag("in_most_viral"),
    "views": number("view_count"),
    "upvotes": number("upvote_count"),
    "downvotes": number("downvote_count"),
    "score": number("point_count"),
    "comments": number("comment_count"),
    "favourites": number("favorite_count"),
    "virality_score": real("virality_score"),
    "unix_timestamp": unix("created_at"),
}
