"""What is shown of a post of a platform besides its text: who, how much it was liked, what it quotes, where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.domain.texts import say_many

Kind = tuple[tuple[str, ...], Callable[[int], str]]
"""The columns that may hold something, and how an amount of it is called."""

_LINKS = ("url", "post_url", "link", "tiktok_url", "comment_url")
_NAMES = ("author_fullname", "author_full", "author_name", "author_nickname", "account_display_name")
_FIGURES: Sequence[Kind] = (
    (("likes", "like_count", "num_likes", "digg_count"), lambda n: say_many("{n} like", "{n} likes", n)),
    (("favourites_count", "favourites"), lambda n: say_many("{n} favourite", "{n} favourites", n)),
    (("reactions", "reaction_count"), lambda n: say_many("{n} reaction", "{n} reactions", n)),
    (("upvotes",), lambda n: say_many("{n} upvote", "{n} upvotes", n)),
    (("downvotes",), lambda n: say_many("{n} downvote", "{n} downvotes", n)),
    (("comments", "comment_count", "num_comments"), lambda n: say_many("{n} comment", "{n} comments", n)),
    (("replies", "reply_count", "replies_count"), lambda n: say_many("{n} reply", "{n} replies", n)),
    (("reposts", "retweet_count", "reblogs_count"), lambda n: say_many("{n} repost", "{n} reposts", n)),
    (("quotes", "quote_count"), lambda n: say_many("{n} quotation", "{n} quotations", n)),
    (("shares", "share_count"), lambda n: say_many("{n} share", "{n} shares", n)),
    (("plays", "play_count", "views", "impression_count"), lambda n: say_many("{n} view", "{n} views", n)),
)
_MEDIA: Sequence[Kind] = (
    (("image_urls", "images", "image_url"), lambda n: say_many("{n} picture", "{n} pictures", n)),
    (("video_urls", "videos", "video_url"), lambda n: say_many("{n} video", "{n} videos", n)),
)
_TAGS = ("hashtags", "tags", "idea_tags")
_QUOTED = (("quote_body", "quote_author"), ("post_body", ""))


def shown_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """What a card shows of a post, from its columns alone; whichever are missing are left out."""
    quoted = next(((item[text], item.get(author)) for text, author in _QUOTED if item.get(text)), None)
    name = next((item[column] for column in _NAMES if item.get(column)), None)
    return {
        "name": name if name != item.get("author") else None,
        "quoted": {"text": quoted[0], "author": quoted[1]} if quoted else None,
        "reposted": item.get("retweeted_user") if item.get("is_retweet") in (True, "true", "yes") else None,
        "tags": next((list(_each(item[column])) for column in _TAGS if item.get(column)), []),
        "media": [words(len(list(_each(value)))) for words, value in _first_of(_MEDIA, item)],
        "figures": [words(number) for words, value in _first_of(_FIGURES, item) if (number := _number(value))],
        "link": next((item[column] for column in _LINKS if _is_address(item.get(column))), None),
    }


def _first_of(kinds: Iterable[Kind], item: Mapping[str, Any]) -> Iterator[tuple[Callable[[int], str], Any]]:
    """For each kind that a post has something of: how an amount of it is called, and what is in its first column."""
    for columns, words in kinds:
        value = next((item[column] for column in columns if item.get(column)), None)
        if value is not None:
            yield words, value


def _each(value: Any) -> Iterator[str]:
    parts = value.split(",") if isinstance(value, str) else value
    return (str(part).strip() for part in parts if str(part).strip())


def _number(value: Any) -> int:
    """An amount, also where a file has brought it as text; 0 for what is none."""
    text = str(value).strip()
    return int(float(text)) if text.replace(".", "", 1).isdecimal() else 0


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://"))
