"""The API of 4chan: threads.json and thread/<number>.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import quote

from datasources._imageboard.engines import reading
from datasources._imageboard.engines.engine import UNFIT, Engine, Record, leftover, posts_of
from datasources._imageboard.engines.reading import ImageRead, PostRead, ThreadListed, ThreadRead, Unreadable

_KNOWN = frozenset(
    {"no", "resto", "sticky", "closed", "now", "time", "name", "trip", "id", "capcode", "country", "country_name"}
    | {"troll_country", "board_flag", "flag_name", "sub", "com", "tim", "filename", "ext", "fsize", "md5", "w", "h"}
    | {"archived", "archived_on", "bumplimit", "imagelimit", "replies", "images", "unique_ips", "semantic_url"}
    | {"cyclical", "locked", "last_modified", "omitted_posts", "omitted_images", "last_replies"}
)


class FourChanEngine(Engine):
    """Reads what 4chan answers; vichan and its kin grew out of the same and differ in little."""

    index = "/{board}/threads.json"
    thread = "/{board}/thread/{thread}.json"
    tells_all = True
    known = _KNOWN
    marks: ClassVar[Sequence[str]] = ("last_modified", "replies")
    """What the index says of a thread that changes with it."""

    def read_index(self, body: bytes) -> list[ThreadListed]:
        """The threads of threads.json, or of a catalog."""
        found: dict[int, ThreadListed] = {}
        for record in reading.listed_in(reading.parsed(body)):
            try:
                number = reading.post_number(record["no"])
            except UNFIT as error:
                raise Unreadable(f"a thread in it has no number ({error})") from error
            modified = reading.moment_or_none(record.get("last_modified"))
            mark = ".".join(str(record.get(name, "")) for name in self.marks) if modified else ""
            found.setdefault(number, ThreadListed(number, len(found) + 1, reading.clean(mark), modified))
        return list(found.values())

    def read_thread(self, body: bytes, board: str) -> ThreadRead:
        """A thread; what holds for all of it stands in its first post."""
        records = posts_of(reading.parsed(body))
        opening = records[0]
        posts, unread = self.read_posts(records, board)
        if not posts or str(posts[0].id) != str(opening.get("no")):
            raise Unreadable("its opening post has no number or no time")
        archived = reading.flag(opening.get("archived"))
        return ThreadRead(
            id=posts[0].id,
            posts=tuple(posts),
            is_sticky=reading.flag(opening.get("sticky")),
            is_closed=reading.flag(opening.get("closed")) or reading.flag(opening.get("locked")),
            is_cyclical=reading.flag(opening.get("cyclical")),
            is_archived=archived,
            archived_on=reading.moment_or_none(opening.get("archived_on")) if archived else None,
            bump_limit=reading.flag(opening.get("bumplimit")),
            image_limit=reading.flag(opening.get("imagelimit")),
            replies=reading.number(opening.get("replies")),
            images=reading.number(opening.get("images")),
            posters=reading.number(opening.get("unique_ips")),
            unread=unread,
        )

    def read_post(self, record: Record, board: str) -> PostRead:
        """One post."""
        country, country_name = _country(record)
        return PostRead(
            id=reading.post_number(record["no"]),
            created=reading.moment(record["time"]),
            subject=reading.text(record.get("sub")),
            body=reading.text(record.get("com")),
            author=reading.plain(record.get("name")),
            author_trip=reading.text(record.get("trip")),
            author_type=reading.text(record.get("id")),
            author_type_id=reading.text(record.get("capcode")),
            country_code=country,
            country_name=country_name,
            images=self.images_of(record, board),
            semantic_url=reading.text(record.get("semantic_url")),
            more=leftover(record, self.known),
        )

    def images_of(self, record: Record, board: str) -> tuple[ImageRead, ...]:
        """The files of a post, without those that were deleted."""
        return tuple(found for found in [self.image_of(record, board)] if found)

    def image_of(self, record: Record, board: str) -> ImageRead | None:
        """The file that a record describes, if it is there."""
        name, extension = reading.text(record.get("tim")), reading.text(record.get("ext"))
        if not name or not extension or reading.flag(record.get("filedeleted")) or extension == "deleted":
            return None
        original = reading.plain(record.get("filename")) or name
        return ImageRead(
            file=original + extension,
            name=name + extension,
            path=self.image_path(record, board, name + extension),
            md5=reading.md5_of(record.get("md5")),
            width=reading.number(record.get("w")),
            height=reading.number(record.get("h")),
            filesize=reading.number(record.get("fsize")),
        )

    def image_path(self, record: Record, board: str, name: str) -> str:
        """Where a file lies, below the base address of images."""
        return f"/{quote(board, safe='')}/{quote(name)}"


def _country(record: Mapping[str, object]) -> tuple[str | None, str | None]:
    """Code and name of a flag; a board's own flag has the prefix t_."""
    if own := reading.text(record.get("board_flag")):
        return f"t_{own}", reading.plain(record.get("flag_name"))
    if troll := reading.text(record.get("troll_country")):
        return f"t_{troll}", reading.plain(record.get("country_name"))
    return reading.text(record.get("country")), reading.plain(record.get("country_name"))
