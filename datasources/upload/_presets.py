"""Named formats: files whose columns are known. Each says which columns it needs, how they map and what is derived."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.plugins import InvalidInput
from datasources.upload._mapping import AUTO

if TYPE_CHECKING:
    import polars as pl

FILENAME, MOMENT = "__filename__", "__moment__"
"""In place of a column: the name of the file, the moment of import."""

Derived = str | Callable[[Callable[[str], "pl.Expr"]], "pl.Expr"]
"""A column of the file under another name, or an expression of the file's columns."""


@dataclass(frozen=True)
class Preset:
    """One named format.

    `items` and `derived` give columns by name or by an expression; the other columns of the file are kept as they are.
    It is recognised by the columns `telling`, or else by all that are `required`.
    """

    title: str
    required: Sequence[str] = ()
    telling: Sequence[str] = ()
    items: Mapping[str, Derived] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)
    relative_times: bool = False

    def fits(self, columns: Sequence[str]) -> bool:
        """Whether a file with these columns is in this format."""
        return not self.missing(columns, self.telling or self.required)

    def missing(self, columns: Sequence[str], wanted: Sequence[str] | None = None) -> list[str]:
        """The required columns that a file with these columns lacks."""
        return [name for name in (self.required if wanted is None else wanted) if name not in columns]


def _last_part(address: str) -> Derived:
    return lambda col: col(address).str.strip_chars("/").str.split("/").list.last()


def _first_filled(*names: str) -> Derived:
    def build(col: Callable[[str], pl.Expr]) -> pl.Expr:
        import polars as pl

        return pl.coalesce(pl.when(col(name) != "").then(col(name)) for name in names)

    return build


def _marked(column: str, mark: str) -> Derived:
    """The words behind a mark such as # in a text, without it and joined with commas."""
    return lambda col: col(column).str.extract_all(rf"{mark}[\w.]*\w").list.eval(_element_without_mark()).list.join(",")


def _element_without_mark() -> pl.Expr:
    import polars as pl

    return pl.element().str.slice(1)


def _picture_type(col: Callable[[str], pl.Expr]) -> pl.Expr:
    import polars as pl

    return pl.when(col("Type") == "Photo").then(pl.lit("picture")).otherwise(col("Type").str.to_lowercase())


def _nothing(col: Callable[[str], pl.Expr]) -> pl.Expr:
    import polars as pl

    return pl.lit("")


def _watch_address(col: Callable[[str], pl.Expr]) -> pl.Expr:
    import polars as pl

    return pl.lit("https://www.youtube.com/watch?v=") + col("videoId")


_INSTAGRAM = (
    "Account", "User Name", "Followers at Posting", "Post Created", "Type", "Likes", "Comments", "Views", "URL",
    "Link", "Photo", "Title", "Description",
)  # fmt: skip
_FACEBOOK = (
    "Page Name", "User Name", "Facebook Id", "Page Category", "Page Admin Top Country", "Page Description",
    "Page Created", "Likes at Posting", "Followers at Posting", "Post Created", "Post Created Date",
    "Post Created Time", "Type", "Total Interactions", "Likes", "Comments", "Shares", "Love", "Wow", "Haha", "Sad",
    "Angry", "Care", "Video Share Status", "Is Video Owner?", "Post Views", "Total Views",
    "Total Views For All Crossposts", "Video Length", "URL", "Message", "Link", "Final Link", "Image Text",
    "Link Text", "Description", "Sponsor Id", "Sponsor Name", "Sponsor Category",
)  # fmt: skip
_FACEPAGER_SUMS = ("like", "love", "haha", "wow", "sad", "angry")
_FACEPAGER = (
    "path", "id", "parent_id", "level", "object_id", "object_type", "query_status", "query_time", "query_type",
    "from.name", "created_time", "type", "link", "picture", "full_picture", "comments.summary.total_count",
    "shares.count", "reactions.summary.total_count", *(f"{kind}.summary.total_count" for kind in _FACEPAGER_SUMS),
    "message",
)  # fmt: skip

PRESETS: dict[str, Preset] = {
    "instagram-crowdtangle": Preset(
        "Instagram posts, from CrowdTangle",
        _INSTAGRAM,
        items={
            "id": _last_part("URL"), "thread_id": _last_part("URL"), "timestamp": "Post Created",
            "author": "User Name", "body": "Description", "subject": "Title",
        },
        derived={
            "parent_id": _last_part("URL"), "type": _picture_type, "url": "URL", "thumbnail_url": "Photo",
            "hashtags": _marked("Description", "#"), "usertags": _marked("Description", "@"), "mentioned": _nothing,
            "num_likes": "Likes", "num_comments": "Comments",
        },
    ),
    "facebook-crowdtangle": Preset(
        "Facebook posts, from CrowdTangle",
        _FACEBOOK,
        items={
            "id": _last_part("URL"), "thread_id": _last_part("URL"), "timestamp": "Post Created",
            "author": "User Name", "body": "Message",
        },
        derived={
            "page_name": "Page Name", "page_category": "Page Category", "page_top_country": "Page Admin Top Country",
            "page_description": "Page Description", "page_created": "Page Created", "page_likes": "Likes at Posting",
            "page_id": "Facebook Id", "page_followers": "Followers at Posting", "type": "Type",
            "interactions": "Total Interactions", "comments": "Comments", "shares": "Shares", "likes": "Likes",
            "likes_love": "Love", "likes_wow": "Wow", "likes_haha": "Haha", "likes_sad": "Sad",
            "likes_angry": "Angry", "likes_care": "Care", "views_post": "Post Views", "views_total": "Total Views",
            "views_total_crossposts": "Total Views For All Crossposts", "video_length": "Video Length",
            "video_status": "Video Share Status", "video_own": "Is Video Owner?", "url": "URL",
            "hashtags": _marked("Message", "#"), "overperforming_score": "Overperforming Score",
            "url_original": "Final Link", "body_image": "Image Text",
            "body_link": "Link Text", "body_description": "Description", "sponsor_id": "Sponsor Id",
            "sponsor_name": "Sponsor Name", "sponsor_category": "Sponsor Category",
        },
    ),
    "facepager": Preset(
        "Facebook posts, from Facepager",
        _FACEPAGER,
        items={
            "id": "object_id", "thread_id": _first_filled("parent_id", "object_id"), "timestamp": "created_time",
            "author": "from.name", "body": "message",
        },
        derived={
            "url": "link", "image_url": _first_filled("full_picture", "picture"),
            "comments": "comments.summary.total_count", "shares": "shares.count",
            "reactions": "reactions.summary.total_count",
            **{f"reactions_{kind}": f"{kind}.summary.total_count" for kind in _FACEPAGER_SUMS},
        },
    ),
    "youtube_video_list": Preset(
        "YouTube videos, from YouTube Data Tools",
        ("publishedAt", "videoId", "channelId", "channelTitle", "videoDescription"),
        items={
            "id": "videoId", "thread_id": "channelId", "timestamp": "publishedAt", "author": "channelTitle",
            "body": "videoDescription", "subject": "videoTitle",
        },
        derived={"source_filename": FILENAME, "date_collected": MOMENT, "youtube_url": _watch_address},
    ),
    "youtube_comment_list": Preset(
        "YouTube comments, from YouTube Data Tools",
        ("id", "isReplyTo", "authorName", "text", "publishedAt"),
        items={
            "id": "id", "thread_id": _first_filled("isReplyTo", "id"), "timestamp": "publishedAt",
            "author": "authorName", "body": "text",
        },
        derived={"source_filename": FILENAME, "date_collected": MOMENT},
    ),
    "bazhuayu_weibo": Preset(
        "Weibo posts, from Bazhuayu",
        telling=("标题", "txt", "from1"),
        required=("标题", "txt", "from1"),
        items={"id": AUTO, "thread_id": AUTO, "timestamp": "from1", "author": "标题", "body": "txt"},
        derived={"image_url": "图片"},
        relative_times=True,
    ),
}  # fmt: skip
"""The formats by the name they are chosen by."""


def find_preset(wanted: str, columns: Sequence[str]) -> str:
    """The name of the format of a file, empty when it is none of these; `wanted` is what the user chose.

    :raises InvalidInput: when columns are missing for the format chosen
    """
    if wanted == "custom":
        return ""
    if wanted == "auto":
        return next((name for name, preset in PRESETS.items() if preset.fits(columns)), "")
    missing = PRESETS[wanted].missing(columns)
    if missing:
        text = f"For this format the file lacks {', '.join(missing)}. Choose another format, or custom."
        raise InvalidInput({"format": [text]})
    return wanted
