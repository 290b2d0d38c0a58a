"""Where the columns of a Douyin video or live stream come from."""

from __future__ import annotations

import json
from collections.abc import Mapping

from datasources._zeeschuimer._fields import Fields, first, flag, made, moment, number, present, text, texts, unix
from datasources._zeeschuimer._paths import Raw, find

_AUTHOR = ("author", "authorInfo", "owner")
_MIX = ("mix_info", "mixInfo")
_IDS = ("mix_id", "mixId")


def unwrap(raw: Raw) -> Raw:
    """The video itself; a live stream comes as a text of JSON within the record."""
    room = find(raw.data, "cell_room.rawdata", "rawdata")
    if isinstance(room, str):
        room = json.loads(room)
    return Raw(room, raw.meta) if isinstance(room, Mapping) else raw


def _any(*paths: str) -> tuple[str, ...]:
    return tuple(f"{author}.{path}" for path in paths for author in _AUTHOR)


def _profile(raw: Raw) -> str | None:
    number_ = first(raw, *_any("sec_uid", "secUid"))
    return f"https://www.douyin.com/user/{number_}" if number_ else None


def _url(raw: Raw) -> str:
    if "owner" in raw.data:
        return f"https://live.douyin.com/{first(raw, 'owner.web_rid', 'id_str')}"
    return f"https://www.douyin.com/video/{first(raw, 'aweme_id', 'awemeId')}"


FIELDS: Fields = {
    "id": text("aweme_id", "awemeId", "id_str", required=True),
    "thread_id": text("group_id", "groupId", "aweme_id", "awemeId", "id_str"),
    "timestamp": moment("create_time", "createTime", required=True),
    "author": text(*_any("nickname"), required=True),
    "body": text("desc", "title"),
    "subject": text("item_title", "itemTitle", "preview_title"),
    "post_url": made(str, _url),
    "region": text("region"),
    "hashtags": texts("text_extra.*.hashtag_name", "textExtra.*.hashtagName"),
    "mentions": texts("text_extra.*.sec_uid", "textExtra.*.secUid"),
    "video_tags": texts("video_tag.*.tag_name", "videoTag.*.tagName"),
    "prevent_download": flag("prevent_download", "preventDownload"),
    "video_url": text("video.play_addr.url_list.0", "video.playAddr.0.src", "stream_url.hls_pull_url"),
    "video_thumbnail": text("video.cover.url_list.0", "video.cover", "cover.url_list.0"),
    "video_duration": number("duration", "video.duration"),
    "image_urls": texts("images.*.url_list.0", "images.*.urlList.0"),
    "music_author": text("music.author"),
    "music_title": text("music.title"),
    "music_url": text("music.play_url.url_list.0", "music.playUrl.urlList.0", "music.play_url.uri"),
    "collect_count": number("statistics.collect_count", "stats.collectCount"),
    "comment_count": number("statistics.comment_count", "stats.commentCount"),
    "digg_count": number("statistics.digg_count", "stats.diggCount"),
    "download_count": number("statistics.download_count", "stats.downloadCount"),
    "forward_count": number("statistics.forward_count", "stats.forwardCount"),
    "play_count": number("statistics.play_count", "stats.playCount"),
    "share_count": number("statistics.share_count", "stats.shareCount"),
    "count_total_streams_viewers": number("stats.total_user"),
    "count_current_stream_viewers": number("user_count", "stats.user_count"),
    "author_user_id": text(*_any("uid", "id_str")),
    "author_nickname": text(*_any("nickname")),
    "author_profile_url": made(str, _profile),
    "author_thumbnail_url": text(*_any("avatar_thumb.url_list.0", "avatarUri", "avatarThumb.urlList.0")),
    "author_region": text(*_any("region")),
    "author_is_ad_fake": flag(*_any("is_ad_fake", "isAdFake")),
    "part_of_collection": made(bool, lambda raw: present(raw, *(f"{mix}.{name}" for mix in _MIX for name in _IDS))),
    "4CAT_first_video_displayed": flag("ZS_first_video_displayed", "4CAT_first_video_displayed"),
    "collection_id": text(*(f"{mix}.{name}" for mix in _MIX for name in _IDS)),
    "collection_name": text("mix_info.mix_name", "mixInfo.mixName"),
    "place_in_collection": number("mix_info.statis.current_episode", "mixInfo.statis.currentEpisode"),
    "unix_timestamp": unix("create_time", "createTime"),
}
