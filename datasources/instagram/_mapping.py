"""Where the columns of an Instagram post come from: of the feed, of lists, and of older pages (“graph”)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from datasources._zeeschuimer._fields import Fields, Unmappable, first, flag, made, moment, number, text, texts, unix
from datasources._zeeschuimer._paths import Raw, find
from datasources._zeeschuimer._values import as_number, hashtags_in, unique

_CHILDREN = ("carousel_media", "edge_sidecar_to_children.edges")
_IMAGE = ("image_versions2.candidates.0.url", "display_url", "display_src", "images.standard_resolution.url")
_VIDEO = ("video_versions.0.url", "video_url", "videos.standard_resolution.url")
_CAPTION = ("caption.text", "edge_media_to_caption.edges.0.node.text", "caption")
_TAKEN = ("taken_at", "taken_at_timestamp", "created_time", "date")
_TYPES = {
    "1": "photo",
    "2": "video",
    "8": "album",
    "image": "photo",
    "graphimage": "photo",
    "graphvideo": "video",
    "graphsidecar": "album",
    "xdtgraphimage": "photo",
    "xdtgraphvideo": "video",
    "xdtgraphsidecar": "album",
}


def unwrap(raw: Raw) -> Raw:
    """The post itself. :raises Unmappable: for an advertisement"""
    if raw.data.get("ad_id") or raw.data.get("ad_action") or raw.data.get("product_type") == "ad":
        raise Unmappable("This is an advertisement.")
    return raw


def _code(raw: Raw) -> str:
    code = first(raw, "code", "shortcode")
    if code is None:
        raise Unmappable("data.code is missing")
    return code


def _parts(raw: Raw) -> list[Any]:
    found = find(raw.data, *_CHILDREN)
    return [find(part, "node") or part for part in found] if isinstance(found, list) and found else [raw.data]


def _images(raw: Raw) -> list[str]:
    return unique(find(part, *_IMAGE) for part in _parts(raw))


def _media(raw: Raw) -> list[str]:
    return unique(find(part, *_VIDEO, *_IMAGE) for part in _parts(raw))


def _type(raw: Raw) -> str | None:
    given = first(raw, "media_type", "__typename", "type")
    return _TYPES.get(given.lower(), given.lower()) if given else None


def _count(raw: Raw) -> int | None:
    return as_number(find(raw.data, "carousel_media_count")) or len(_parts(raw))


def _view(raw: Raw) -> str | None:
    """Which page the post was seen on: as noted, or told by the page's address."""
    noted = first(raw, "@collected_from_view", "_zs_instagram_view")
    address = first(raw, "@source_platform_url", "@source_url")
    if noted or not address:
        return noted
    parts = urlsplit(address).path.strip("/").split("/")
    named = {"": "home", "explore": "explore", "reels": "reels", "reel": "post", "p": "post", "stories": "stories"}
    return named.get(parts[0], "profile")


def _place(raw: Raw) -> str | None:
    latitude, longitude = find(raw.data, "location.lat"), find(raw.data, "location.lng")
    return f"{latitude},{longitude}" if latitude is not None and longitude is not None else None


def _body(raw: Raw) -> str | None:
    return first(raw, *_CAPTION)


FIELDS: Fields = {
    "id": made(str, _code),
    "thread_id": made(str, _code),
    "timestamp": moment(*_TAKEN, required=True),
    "author": text("user.username", "owner.username"),
    "body": made(str, _body),
    "collected_from_view": made(str, _view),
    "partial_item": flag("_zs_partial"),
    "post_source_domain": text("@source_platform", "@source_platform_url"),
    "parent_id": made(str, _code),
    "url": made(str, lambda raw: f"https://www.instagram.com/p/{_code(raw)}"),
    "author_id": text("user.pk", "user.id", "owner.id", "owner.pk"),
    "author_fullname": text("user.full_name", "owner.full_name"),
    "verified": flag("user.is_verified", "owner.is_verified"),
    "is_verified": flag("user.is_verified", "owner.is_verified"),
    "author_avatar_url": text("user.profile_pic_url", "owner.profile_pic_url", "user.profile_picture"),
    "coauthors": texts("coauthor_producers.*.username"),
    "coauthor_fullnames": texts("coauthor_producers.*.full_name"),
    "coauthor_ids": texts("coauthor_producers.*.id", "coauthor_producers.*.pk"),
    "media_type": made(str, _type),
    "num_media": made(int, _count),
    "image_urls": made(list, _images),
    "media_urls": made(list, _media),
    "hashtags": made(list, lambda raw: hashtags_in(_body(raw))),
    "usertags": texts("usertags.in.*.user.username", "edge_media_to_tagged_user.edges.*.node.user.username"),
    "play_count": number("play_count", "view_count", "video_view_count", "video_play_count"),
    "likes_hidden": flag("like_and_view_counts_disabled"),
    "num_likes": number("like_count", "edge_media_preview_like.count", "edge_liked_by.count", "likes.count"),
    "num_comments": number(
        "comment_count", "edge_media_to_comment.count", "edge_media_preview_comment.count", "comments.count"
    ),
    "location_name": text("location.name"),
    "location_id": text("location.pk", "location.id"),
    "location_latlong": made(str, _place),
    "location_city": text("location.city"),
    "unix_timestamp": unix(*_TAKEN),
    "missing_media": made(bool, lambda raw: len(_media(raw)) < (_count(raw) or 0)),
}
