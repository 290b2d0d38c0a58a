"""Which column of a file becomes which column of the items: what the user says, or a guess by names and contents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from app.plugins import ITEM_COLUMNS, InvalidInput
from datasources.upload._dialect import sort_of
from datasources.upload._moments import Moments

if TYPE_CHECKING:
    import pyarrow as pa

AUTO, EMPTY, NOW = "__auto__", "__empty__", "__now__"
CHOICES = {AUTO: "A running number", EMPTY: "Nothing", NOW: "The moment of import"}
"""What can stand in place of a column's name."""

NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        "id", "idstr", "postid", "tweetid", "statusid", "messageid", "msgid", "commentid", "videoid", "itemid",
        "submissionid", "mediaid", "uuid", "guid", "objectid", "restid", "pk", "recordid",
    ),
    "thread_id": (
        "threadid", "conversationid", "conversationidstr", "thread", "topicid", "linkid", "discussionid", "rootid",
    ),
    "timestamp": (
        "timestamp", "createdat", "createdutc", "createdtime", "createtime", "createddatetimeutc", "dateutc",
        "datetime", "publishedat", "publishdate", "published", "pubdate", "postcreated", "postedat", "postdate",
        "posttime", "takenat", "takenattimestamp", "timestampms", "unixtimestamp", "timestampunix", "created",
        "creationdate", "createddate", "date", "time", "tweetcreatedat", "legacycreatedat", "sentat", "year",
    ),
    "author": (
        "author", "authorusername", "userscreenname", "userusername", "username", "screenname", "user", "authorname",
        "fromname", "from", "accountusername", "account", "accountname", "handle", "creator", "poster", "speaker",
        "sender", "sendername", "channeltitle", "ownerusername", "owner", "usernickname", "nickname", "postauthor",
        "autor", "auteur", "autore", "verfasser", "benutzername", "nutzername", "authorid", "userid", "fromid",
    ),
    "body": (
        "body", "text", "fulltext", "content", "message", "selftext", "posttext", "bodytext", "legacyfulltext",
        "tweet", "tweettext", "contents", "caption", "captiontext", "comment", "commenttext", "description", "txt",
        "post", "status", "note", "transcript",
    ),
    "subject": ("subject", "title", "headline", "heading", "posttitle"),
}  # fmt: skip
"""Names of columns as they occur, in lower case and without anything but letters and digits; the first fits best."""


_NOT_NESTED = frozenset(("id", "idstr", "name", "from", "uuid", "pk"))
"""Names that, inside another object, are about that object and not about the post."""


_OTHERS = re.compile(r"quot|retweet|reblog|repl|mention|parent|embed|link|card|media|attach|preview|place|meta\.", re.I)
_PERSONS = re.compile(r"user|author|account|profile|owner|blog|channel|from\.", re.I)


def plain_name(name: str) -> str:
    """A column's name in the form of `NAMES`."""
    return re.sub(r"[\W_]+", "", name.lower())


def guess(columns: Sequence[str], rows: pa.Table) -> dict[str, str]:
    """A mapping for a file of which these rows are known: by names, then by contents."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for item in ("timestamp", "body", "subject", "id", "thread_id", "author"):
        column = _by_name(item, columns, used, rows)
        if column is None and item == "timestamp":
            column = next((name for name in columns if _looks_dated(rows, name)), None)
        if column is None and item == "body":
            column = _longest_text(columns, used, rows)
        if column is not None:
            used.add(column)
            found[item] = column
    found.setdefault("id", AUTO)
    found.setdefault("thread_id", found["id"])
    return {item: found.get(item, EMPTY) for item in ITEM_COLUMNS}


def _by_name(item: str, columns: Sequence[str], used: Iterable[str], rows: pa.Table) -> str | None:
    """The column whose name fits best: as a whole, or else in its last part, as in snippet.publishedAt."""
    wanted = NAMES[item]
    named: list[tuple[int, int, int]] = []
    for place, name in enumerate(columns):
        if name in used:
            continue
        whole, last = plain_name(name), plain_name(name.rpartition(".")[2])
        if whole in wanted:
            named.append((0, wanted.index(whole), place))
        elif "." in name and last in wanted and last not in _NOT_NESTED and not _is_about_other(item, name):
            named.append((name.count("."), wanted.index(last), place))
    for _, _, place in sorted(named):
        if item != "timestamp" or is_timely(rows, columns[place]):
            return columns[place]
    return None


def _is_about_other(item: str, name: str) -> bool:
    """Whether a nested column is about another post, a link, or (unless an author is sought) about a person."""
    around = name.rpartition(".")[0] + "."
    return bool(_OTHERS.search(around) or (item != "author" and _PERSONS.search(around)))


def is_timely(rows: pa.Table, column: str) -> bool:
    """Whether at least half of what the column holds in these rows can be read as times."""
    filled, read = times_in(rows, column)
    return filled == 0 or read * 2 >= filled


def times_in(rows: pa.Table, column: str) -> tuple[int, int]:
    """How many of these rows have something in a column, and of how many of them it can be read as a time."""
    written = rows[column]
    filled = sum(bool(value) for value in written.to_pylist())
    return filled, len(written) - Moments().read(written).null_count() if filled else 0


def _looks_dated(rows: pa.Table, column: str) -> bool:
    values = [value for value in rows[column].to_pylist() if value]
    dated = sum(sort_of(value) == "date" for value in values)
    return bool(values) and dated >= 0.9 * len(values) and is_timely(rows, column)


def _longest_text(columns: Sequence[str], used: Iterable[str], rows: pa.Table) -> str | None:
    """The column with the longest texts that are not addresses; None when none reads like text."""
    best, length = None, 20.0
    for name in columns:
        values = [value for value in rows[name].to_pylist() if value]
        if name in used or not values or sum(sort_of(value) == "text" for value in values) < 0.8 * len(values):
            continue
        mean = sum(map(len, values)) / len(values)
        if mean > length and sum(" " in value.strip() for value in values) > 0.3 * len(values):
            best, length = name, mean
    return best


def check(given: Mapping[str, str], columns: Sequence[str]) -> None:
    """Check that what the user says of the mapping can be done.

    :raises InvalidInput: naming each option that does not name a column, and the columns there are
    """
    wrong: dict[str, list[str]] = {}
    shown = ", ".join(columns[:40]) + (", …" if len(columns) > 40 else "")
    for item, column in given.items():
        if column in ("", *columns):
            continue
        if column not in CHOICES:
            choices = ", ".join(CHOICES)
            wrong[item] = [f"The file has no column “{column}”. Its columns are: {shown}. Or choose {choices}."]
        elif item == "timestamp" and column == AUTO:
            wrong[item] = ["The time cannot be a running number. Choose a column, __empty__ or __now__."]
    if wrong:
        raise InvalidInput(wrong)
