"""Where the columns of a post on X come from: today's shape, and the older one with `user` in the post."""

from __future__ import annotations

from typing import Any

from datasources._zeeschuimer._fields import (
    Fields,
    Unmappable,
    first,
    flag,
    made,
    moment,
    number,
    present,
    text,
    texts,
    unix,
)
from datasources._zeeschuimer._paths import Raw, find
from datasources._zeeschuimer._values import as_flag, as_number, as_text, plain, unique

_USER = ("core.user_results.result", "user")
_MEDIA = ("legacy.extended_entities.media", "extended_entities.media", "legacy.entities.media", "entities.media")
_QUOTED = ("quoted_status_result.result.tweet", "quoted_status_result.result", "quoted_status")
_REPOSTED = (
    "legacy.retweeted_status_result.result.tweet",
    "legacy.retweeted_status_result.result",
    "retweeted_status",
)


def unwrap(raw: Raw) -> Raw:
    """The post itself: one with a notice about who may see it lies one level deeper."""
    kind = raw.data.get("__typename")
    if kind == "TweetTombstone":
        raise Unmappable("This post was not available when it was collected.")
    inner = raw.data.get("tweet")
    return Raw(inner, raw.meta) if kind == "TweetWithVisibilityResults" and isinstance(inner, dict) else raw


def _handle(post: Any) -> str | None:
    return as_text(
        find(
            post,
            "core.user_results.result.core.screen_name",
            "core.user_results.result.legacy.screen_name",
            "user.screen_name",
        )
    )


def _written(post: Any) -> str | None:
    long = "note_tweet.note_tweet_results.result.text"
    return as_text(find(post, long, "legacy.full_text", "full_text", "legacy.text", "text"))


def _author(raw: Raw) -> str:
    name = _handle(raw.data)
    if name is None:
        raise Unmappable("data.core.user_results.result.core.screen_name is missing")
    return name


def _body(raw: Raw) -> str:
    original = find(raw.data, *_REPOSTED)
    body = _written(raw.data)
    if body is None:
        raise Unmappable("data.legacy.full_text is missing")
    reposted = _written(original)
    return f"RT @{_handle(original) or ''}: {reposted}" if reposted else body


def _link(raw: Raw) -> str:
    return f"https://x.com/{_author(raw)}/status/{first(raw, 'rest_id', 'legacy.id_str', 'id_str', 'id')}"


def _source(raw: Raw) -> str | None:
    return plain(first(raw, "source", "legacy.source"))


def _pictures(post: Any, *places: str) -> list[str]:
    media = find(post, *places) or []
    return unique(find(one, "media_url_https", "media_url") for one in media if find(one, "type") == "photo")


def _videos(post: Any, *places: str) -> list[str]:
    """Of each video, the version with the highest bit rate."""
    found = []
    for one in find(post, *places) or []:
        versions = [version for version in find(one, "video_info.variants") or [] if find(version, "url")]
        best = max(versions, key=lambda version: as_number(find(version, "bitrate")) or 0, default=None)
        found.append(find(best, "url"))
    return unique(found)


def _coordinates(raw: Raw) -> str | None:
    found = find(raw.data, "legacy.coordinates.coordinates", "coordinates.coordinates")
    return ",".join(map(str, found)) if isinstance(found, list) and len(found) == 2 else None


def _is_quote(raw: Raw) -> bool | None:
    return as_flag(find(raw.data, "legacy.is_quote_status", "is_quote_status"))


def _quote_withheld(raw: Raw) -> bool | None:
    if not _is_quote(raw):
        return None
    quoted = find(raw.data, *_QUOTED)
    return quoted is None or find(quoted, "__typename") == "TweetTombstone"


FIELDS: Fields = {
    "id": text("rest_id", "legacy.id_str", "id_str", "id", required=True),
    "thread_id": text("legacy.conversation_id_str", "conversation_id_str", "rest_id", "id_str"),
    "timestamp": moment("legacy.created_at", "created_at", required=True),
    "author": made(str, _author),
    "body": made(str, _body),
    "unix_timestamp": unix("legacy.created_at", "created_at"),
    "link": made(str, _link),
    "author_fullname": text("core.user_results.result.core.name", "core.user_results.result.legacy.name", "user.name"),
    "author_id": text("legacy.user_id_str", "core.user_results.result.rest_id", "user.id_str"),
    "author_avatar_url": text(
        "core.user_results.result.avatar.image_url",
        "core.user_results.result.legacy.profile_image_url_https",
        "user.profile_image_url_https",
    ),
    "author_banner_url": text(
        "core.user_results.result.banner.image_url",
        "core.user_results.result.legacy.profile_banner_url",
        "user.profile_banner_url",
    ),
    "verified": flag(
        "core.user_results.result.is_blue_verified",
        "core.user_results.result.verification.verified",
        "core.user_results.result.legacy.verified",
        "user.verified",
    ),
    "source": made(str, _source),
    "language_guess": text("legacy.lang", "lang"),
    "possibly_sensitive": flag("legacy.possibly_sensitive", "possibly_sensitive"),
    "retweet_count": number("legacy.retweet_count", "retweet_count"),
    "reply_count": number("legacy.reply_count", "reply_count"),
    "like_count": number("legacy.favorite_count", "favorite_count"),
    "quote_count": number("legacy.quote_count", "quote_count"),
    "impression_count": number("views.count", "ext_views.count"),
    "is_retweet": made(bool, lambda raw: present(raw, *_REPOSTED)),
    "retweeted_user": made(str, lambda raw: _handle(find(raw.data, *_REPOSTED))),
    "is_quote_tweet": made(bool, _is_quote),
    "quote_tweet_id": text("legacy.quoted_status_id_str", "quoted_status_id_str"),
    "quote_author": made(str, lambda raw: _handle(find(raw.data, *_QUOTED))),
    "quote_body": made(str, lambda raw: _written(find(raw.data, *_QUOTED))),
    "quote_images": made(list, lambda raw: _pictures(find(raw.data, *_QUOTED), *_MEDIA)),
    "quote_videos": made(list, lambda raw: _videos(find(raw.data, *_QUOTED), *_MEDIA)),
    "is_quote_withheld": made(bool, _quote_withheld),
    "is_reply": made(bool, lambda raw: present(raw, "legacy.in_reply_to_status_id_str", "in_reply_to_status_id_str")),
    "replied_author": text("legacy.in_reply_to_screen_name", "in_reply_to_screen_name"),
    "is_withheld": made(bool, lambda raw: present(raw, "legacy.withheld_scope", "withheld_scope")),
    "hashtags": texts("legacy.entities.hashtags.*.text", "entities.hashtags.*.text"),
    "urls": texts("legacy.entities.urls.*.expanded_url", "entities.urls.*.expanded_url"),
    "images": made(list, lambda raw: _pictures(raw.data, *_MEDIA)),
    "videos": made(list, lambda raw: _videos(raw.data, *_MEDIA)),
    "mentions": texts("legacy.entities.user_mentions.*.screen_name", "entities.user_mentions.*.screen_name"),
    "long_lat": made(str, _coordinates),
    "place_name": text("legacy.place.full_name", "place.full_name"),
}
