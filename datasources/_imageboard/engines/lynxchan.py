"""The API of lynxchan (kohlchan and others): catalog.json and res/<number>.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datasources._imageboard.engines import reading
from datasources._imageboard.engines.engine import UNFIT, Engine, Record, leftover
from datasources._imageboard.engines.reading import ImageRead, PostRead, ThreadListed, ThreadRead, Unreadable

_KNOWN = frozenset(
    {"name", "signedRole", "id", "subject", "markdown", "message", "creation", "files", "flag", "flagCode", "flagName"}
    | {"postId", "threadId", "boardUri", "posts", "locked", "pinned", "cyclic", "archived", "autoSage", "boardName"}
    | {"boardDescription", "boardMarkdown", "maxMessageLength", "maxFileCount", "maxFileSize", "forceAnonymity"}
)


class LynxChanEngine(Engine):
    """Reads what lynxchan answers. Its index does not tell of edits."""

    index = "/{board}/catalog.json"
    thread = "/{board}/res/{thread}.json"

    def read_index(self, body: bytes) -> list[ThreadListed]:
        """The threads of the catalog, page by page."""
        document = reading.parsed(body)
        if not isinstance(document, list) or not all(isinstance(record, Mapping) for record in document):
            raise Unreadable("it is not a list of threads")
        found: dict[int, ThreadListed] = {}
        for record in document:
            try:
                number = reading.post_number(record["threadId"])
                bumped = reading.iso_moment(record["lastBump"])
            except UNFIT as error:
                raise Unreadable(f"a thread in it lacks its number or its last bump ({error})") from error
            names = ("lastBump", "postCount", "fileCount", "locked", "pinned", "cyclic")
            mark = ".".join(str(record.get(name, "")) for name in names)
            found.setdefault(number, ThreadListed(number, len(found) + 1, reading.clean(mark), bumped))
        return list(found.values())

    def read_thread(self, body: bytes, board: str) -> ThreadRead:
        """A thread: the object itself is the opening post, its replies are within."""
        document = reading.parsed(body)
        replies = document.get("posts") if isinstance(document, Mapping) else None
        if not isinstance(document, Mapping) or not isinstance(replies, list):
            raise Unreadable("it is not a thread")
        posts, unread = self.read_posts([document, *replies], board)
        if not posts or "threadId" not in document or posts[0].id != int(document["threadId"]):
            raise Unreadable("its opening post has no number or no time")
        return ThreadRead(
            id=posts[0].id,
            posts=tuple(posts),
            is_sticky=reading.flag(document.get("pinned")),
            is_closed=reading.flag(document.get("locked")),
            is_cyclical=reading.flag(document.get("cyclic")),
            is_archived=reading.flag(document.get("archived")),
            bump_limit=reading.flag(document.get("autoSage")),
            unread=unread,
        )

    def read_post(self, record: Record, board: str) -> PostRead:
        """One post."""
        code = reading.text(record.get("flagCode"))
        files = record.get("files")
        return PostRead(
            id=reading.post_number(record["postId"] if "postId" in record else record["threadId"]),
            created=reading.iso_moment(record["creation"]),
            subject=reading.text(record.get("subject")),
            body=reading.text(record.get("markdown")),
            author=reading.plain(record.get("name")),
            author_type=reading.text(record.get("id")),
            author_type_id=reading.text(record.get("signedRole")),
            country_code=code.lstrip("-").upper() or None if code else None,
            country_name=reading.plain(record.get("flagName")),
            images=tuple(image for image in map(_image, files if isinstance(files, list) else ()) if image is not None),
            more={name: value for name, value in leftover(record, _KNOWN).items() if value is not None},
        )


def _image(record: Any) -> ImageRead | None:
    path = reading.text(record.get("path")) if isinstance(record, Mapping) else None
    if not path:
        return None
    name = path.rpartition("/")[2]
    return ImageRead(
        file=reading.plain(record.get("originalName")) or name,
        name=name,
        path=path,
        width=reading.number(record.get("width")),
        height=reading.number(record.get("height")),
        filesize=reading.number(record.get("size")),
    )
