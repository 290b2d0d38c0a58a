"""Where the columns of a post on Threads come from."""

from __future__ import annotations

from datasources._zeeschuimer._fields import Fields, first, flag, made, moment, number, text, texts, unix
from datasources._zeeschuimer._paths import Raw
from datasources._zeeschuimer._values import hashtags_in, target_of

_LINK = "text_post_app_info.link_preview_attachment"
_COUNTS = "text_post_app_info"


def _url(raw: Raw) -> str:
    return f"https://www.threads.net/@{first(raw, 'user.username')}/post/{first(raw, 'code')}"


FIELDS: Fields = {
    "id": text("code", required=True),
    "thread_id": text("text_post_app_info.root_post_code", "code"),
    "timestamp": moment("taken_at", required=True),
    "author": text("user.username", required=True),
    "body": text("caption.text"),
    "url": made(str, _url),
    "author_is_verified": flag("user.is_verified"),
    "author_avatar": text("user.profile_pic_url"),
    "image_url": texts("image_versions2.candidates.0.url", "carousel_media.*.image_versions2.candidates.0.url"),
    "video_url": texts("video_versions.0.url", "carousel_media.*.video_versions.0.url"),
    "audio_url": text("audio.audio_src"),
    "link_url": made(str, lambda raw: target_of(first(raw, f"{_LINK}.url"))),
    "link_thumbnail_url": text(f"{_LINK}.image_url"),
    "is_paid_partnership": flag("is_paid_partnership"),
    "likes": number("like_count"),
    "reposts": number(f"{_COUNTS}.repost_count"),
    "replies": number(f"{_COUNTS}.direct_reply_count"),
    "quotes": number(f"{_COUNTS}.quote_count"),
    "hashtags": made(list, lambda raw: hashtags_in(first(raw, "caption.text"))),
    "unix_timestamp": unix("taken_at"),
}
