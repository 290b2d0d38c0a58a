"""Where the columns of a post on Gab come from: the full keys of today, and the short ones of earlier years."""

from __future__ import annotations

from collections.abc import Mapping

from datasources._zeeschuimer._fields import Fields, first, flag, made, moment, number, text, texts
from datasources._zeeschuimer._paths import Raw, find
from datasources._zeeschuimer._values import as_number, plain, unique


def _media(raw: Raw, kinds: tuple[str, ...]) -> list[str]:
    found = find(raw.data, "media_attachments", "ma") or []
    return unique(find(one, "url", "source_mp4", "u") for one in found if find(one, "type", "t") in kinds)


def _reactions(raw: Raw) -> int | None:
    """All reactions of whatever sort; older records have only the likes."""
    sorts = find(raw.data, "reactions_counts")
    if isinstance(sorts, Mapping):
        return sum(count for count in map(as_number, sorts.values()) if count is not None)
    return as_number(find(raw.data, "reactions_count", "favourites_count", "fbc"))


FIELDS: Fields = {
    "id": text("id", "i", required=True),
    "thread_id": text("conversation_id", "in_reply_to_id", "id", "i"),
    "timestamp": moment("created_at", "ca", required=True),
    "author": text("account.username", "account.un", "account_info.username"),
    "body": made(str, lambda raw: plain(first(raw, "content", "c"))),
    "created_at": text("created_at", "ca"),
    "url": text("url", "ul", "uri"),
    "reaction_count": made(int, _reactions),
    "favourites_count": number("favourites_count", "fbc"),
    "replies_count": number("replies_count", "rc"),
    "reblogs_count": number("reblogs_count", "rbc"),
    "mentions": texts("mentions.*.username", "mentions.*.acct", "m.*.un"),
    "tags": texts("tags.*.name", "tgs.*.name"),
    "group_id": text("group.id", "g.id"),
    "group_title": text("group.title", "g.title"),
    "group_description": text("group.description", "g.description"),
    "group_member_count": number("group.member_count", "g.member_count"),
    "group_is_private": flag("group.is_private", "g.is_private"),
    "group_url": text("group.url", "g.url"),
    "group_created_at": text("group.created_at", "g.created_at"),
    "account_id": text("account.id", "account.i", "account_info.id", "ai"),
    "account_username": text("account.username", "account.un", "account_info.username"),
    "account_account": text("account.acct", "account.ac", "account_info.acct"),
    "account_display_name": text("account.display_name", "account.dn", "account_info.display_name"),
    "account_note": made(str, lambda raw: plain(first(raw, "account.note", "account.nt", "account_info.note"))),
    "link_id": text("card.id", "link.id"),
    "link_url": text("card.url", "link.url"),
    "link_title": text("card.title", "link.title"),
    "link_description": text("card.description", "link.description"),
    "link_type": text("card.type", "link.type"),
    "link_image": text("card.image", "link.image"),
    "image_urls": made(list, lambda raw: _media(raw, ("image",))),
    "video_urls": made(list, lambda raw: _media(raw, ("video", "gifv"))),
}
