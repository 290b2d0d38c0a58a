"""Where the columns of a post on Truth Social come from; its shape is Mastodon's."""

from __future__ import annotations

from datasources._zeeschuimer._fields import Fields, first, flag, made, moment, number, text, texts
from datasources._zeeschuimer._paths import Raw, find
from datasources._zeeschuimer._values import plain, unique


def _media(raw: Raw, kinds: tuple[str, ...], *paths: str) -> list[str]:
    found = find(raw.data, "media_attachments") or []
    return unique(find(one, *paths) for one in found if find(one, "type") in kinds)


FIELDS: Fields = {
    "id": text("id", required=True),
    "thread_id": text("in_reply_to.id", "in_reply_to_id", "id"),
    "timestamp": moment("created_at", required=True),
    "author": text("account.username", "account.acct"),
    "body": made(str, lambda raw: plain(first(raw, "reblog.content", "content"))),
    "created_at": text("created_at"),
    "url": text("url", "uri"),
    "reblogs_count": number("reblogs_count"),
    "replies_count": number("replies_count"),
    "account_id": text("account.id"),
    "account_username": text("account.username"),
    "account_display_name": text("account.display_name"),
    "account_avatar": text("account.avatar"),
    "account_verified": flag("account.verified"),
    "account_followers": number("account.followers_count"),
    "account_following": number("account.following_count"),
    "mentions": texts("mentions.*.username"),
    "hashtags": texts("tags.*.name"),
    "images": made(list, lambda raw: _media(raw, ("image",), "url")),
    "video_thumbs": made(list, lambda raw: _media(raw, ("video", "gifv", "tv"), "preview_url")),
    "video_urls": made(list, lambda raw: _media(raw, ("video", "gifv", "tv"), "url")),
    "group_id": text("group.id"),
    "group_display_name": text("group.display_name"),
    "group_avatar": text("group.avatar"),
    "group_note": made(str, lambda raw: plain(first(raw, "group.note"))),
    "group_members_count": number("group.members_count"),
}
