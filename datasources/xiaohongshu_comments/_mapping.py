"""Where the columns of a RedNote comment come from."""

from __future__ import annotations

from datasources._zeeschuimer._fields import Fields, first, made, moment, number, text, unix

FIELDS: Fields = {
    "id": text("id", required=True),
    "thread_id": text("note_id", "noteId", required=True),
    "timestamp": moment("create_time", "createTime", required=True),
    "author": text("user_info.nickname", "userInfo.nickname", required=True),
    "body": text("content"),
    "url": made(str, lambda raw: f"https://www.xiaohongshu.com/explore/{first(raw, 'note_id', 'noteId')}"),
    "author_avatar_url": text("user_info.image", "userInfo.image"),
    "ip_location": text("ip_location", "ipLocation"),
    "likes": number("like_count", "likeCount"),
    "replies": number("sub_comment_count", "subCommentCount"),
    "unix_timestamp": unix("create_time", "createTime"),
}
