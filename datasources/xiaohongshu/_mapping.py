"""Where the columns of a RedNote note come from: the site's data, embedded in a page, or the page itself."""

from __future__ import annotations

from datasources._zeeschuimer._fields import Fields, Unmappable, first, made, moment, number, present, text, texts, unix
from datasources._zeeschuimer._paths import Raw, values_at
from datasources._zeeschuimer._values import hashtags_in, unique

_TITLE = ("note_card.display_title", "note_card.title", "noteCard.displayTitle", "noteCard.title", "title")
_BODY = ("note_card.desc", "noteCard.desc", "desc", "body")
_TIME = ("note_card.time", "noteCard.time", "time", "timestamp")
_USER = ("note_card.user", "noteCard.user", "user")


def unwrap(raw: Raw) -> Raw:
    """The note itself. :raises Unmappable: when it has no content, as notes have that were only listed"""
    if not present(raw, *_TITLE, *_BODY):
        raise Unmappable("data.note_card.display_title is missing: this note has no content.")
    return raw


def _any(*names: str) -> tuple[str, ...]:
    return tuple(f"{user}.{name}" for name in names for user in _USER)


def _url(raw: Raw) -> str:
    token = first(raw, "xsec_token", "xsecToken")
    address = f"https://www.xiaohongshu.com/explore/{first(raw, 'id', 'noteId', 'note_id')}"
    return f"{address}?xsec_token={token}" if token else address


def _tags(raw: Raw) -> list[str]:
    paths = ("note_card.tag_list.*.name", "noteCard.tagList.*.name", "tagList.*.name")
    return unique(value for path in paths for value in values_at(raw, path))


FIELDS: Fields = {
    "id": text("id", "noteId", "note_id", required=True),
    "thread_id": text("id", "noteId", "note_id"),
    "timestamp": moment(*_TIME),
    "author": text(*_any("nickname", "nick_name", "nickName"), "author"),
    "body": text(*_BODY),
    "subject": text(*_TITLE),
    "url": made(str, _url),
    "title": text(*_TITLE),
    "hashtags": made(list, lambda raw: unique([*_tags(raw), *hashtags_in(first(raw, *_BODY))])),
    "author_avatar_url": text(*_any("avatar", "image"), "author_avatar_url"),
    "image_url": text(
        "image_url", "note_card.cover.url_default", "noteCard.cover.urlDefault", "imageList.0.urlDefault"
    ),
    "image_urls": texts(
        "note_card.image_list.*.info_list.0.url",
        "note_card.image_list.*.url_default",
        "noteCard.imageList.*.infoList.0.url",
        "imageList.*.urlDefault",
        "image_url",
    ),
    "video_url": text(
        "note_card.video.media.stream.h264.0.master_url",
        "noteCard.video.media.stream.h264.0.masterUrl",
        "video.media.stream.h264.0.masterUrl",
    ),
    "likes": number(
        "note_card.interact_info.liked_count", "noteCard.interactInfo.likedCount", "interactInfo.likedCount", "likes"
    ),
    "unix_timestamp": unix(*_TIME),
}
