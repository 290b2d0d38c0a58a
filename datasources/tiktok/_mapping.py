"""Where the columns of a TikTok video come from."""

from __future__ import annotations

import re

from datasources._zeeschuimer._fields import Fields, Unmappable, first, flag, made, moment, number, text, texts, unix
from datasources._zeeschuimer._paths import Raw, find
from datasources._zeeschuimer._values import as_number

_BODY = ("desc", "contents.0.desc")


def _author(raw: Raw) -> str:
    name = first(raw, "author.uniqueId", "author")
    if name is None:
        raise Unmappable("data.author.uniqueId is missing")
    return name


def _music_url(raw: Raw) -> str | None:
    number_ = first(raw, "music.id")
    title = re.sub(r"[^\w]+", "-", first(raw, "music.title") or "").strip("-")
    return f"https://www.tiktok.com/music/{title}-{number_}" if number_ else None


def _mask(raw: Raw, mask: int) -> bool | None:
    given = as_number(find(raw.data, "maskType"))
    return None if given is None else given == mask


def _is_duet(raw: Raw) -> bool | None:
    given = first(raw, "duetInfo.duetFromId")
    return None if given is None else given != "0"


FIELDS: Fields = {
    "id": text("id", required=True),
    "thread_id": text("id"),
    "timestamp": moment("createTime", required=True),
    "author": made(str, _author),
    "body": text(*_BODY),
    "author_full": text("author.nickname", "nickname"),
    "author_followers": number("authorStats.followerCount", "authorStatsV2.followerCount"),
    "author_likes": number("authorStats.heartCount", "authorStatsV2.heartCount", "authorStats.heart"),
    "author_videos": number("authorStats.videoCount", "authorStatsV2.videoCount"),
    "author_avatar": text("author.avatarThumb", "author.avatarMedium", "author.avatarLarger", "avatarThumb"),
    "stickers": texts("stickersOnItem.*.stickerText.*"),
    "unix_timestamp": unix("createTime"),
    "is_duet": made(bool, _is_duet),
    "is_ad": flag("isAd"),
    "is_paid_partnership": flag("adAuthorization"),
    "is_sensitive": made(bool, lambda raw: _mask(raw, 3)),
    "is_photosensitive": made(bool, lambda raw: _mask(raw, 4)),
    "music_name": text("music.title"),
    "music_id": text("music.id"),
    "music_url": made(str, _music_url),
    "music_thumbnail": text("music.coverLarge", "music.coverMedium", "music.coverThumb"),
    "music_author": text("music.authorName"),
    "video_url": text("video.downloadAddr", "video.playAddr"),
    "tiktok_url": made(str, lambda raw: f"https://www.tiktok.com/@{_author(raw)}/video/{first(raw, 'id')}"),
    "thumbnail_url": text("video.cover", "video.originCover", "imagePost.cover.imageURL.urlList.0"),
    "likes": number("stats.diggCount", "statsV2.diggCount"),
    "comments": number("stats.commentCount", "statsV2.commentCount"),
    "shares": number("stats.shareCount", "statsV2.shareCount"),
    "plays": number("stats.playCount", "statsV2.playCount"),
    "hashtags": texts("textExtra.*.hashtagName", "contents.*.textExtra.*.hashtagName"),
    "challenges": texts("challenges.*.title"),
    "diversification_labels": texts("diversificationLabels.*"),
    "location_created": text("locationCreated"),
    "effects": texts("effectStickers.*.name"),
    "warning": texts("warnInfo.*.text"),
}
