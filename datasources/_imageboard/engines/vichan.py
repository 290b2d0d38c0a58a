"""The API of vichan and of infinity, which grew out of it: lainchan, 8chan and 8kun."""

from __future__ import annotations

from urllib.parse import quote

from datasources._imageboard.engines.engine import Record
from datasources._imageboard.engines.fourchan import FourChanEngine
from datasources._imageboard.engines.reading import ImageRead, flag


class VichanEngine(FourChanEngine):
    """4chan's, with threads elsewhere, several files in a post, and files named after their content (`fpath`).

    `last_modified` is the time of the last bump, so the catalog is read, which has counts too; threads.json has nothing
    else. Neither tells of edits.
    """

    index = "/{board}/catalog.json"
    thread = "/{board}/res/{thread}.json"
    tells_all = False
    marks = (
        "last_modified", "replies", "images", "omitted_posts", "omitted_images", "sticky", "locked", "cyclical",
        "bumplocked",
    )  # fmt: skip
    known = FourChanEngine.known

    def images_of(self, record: Record, board: str) -> tuple[ImageRead, ...]:
        """The file of the post and its `extra_files`."""
        extra = record.get("extra_files")
        records = [record, *(extra if isinstance(extra, list) else ())]
        found = (self.image_of(one, board) for one in records if isinstance(one, dict))
        return tuple(image for image in found if image)

    def image_path(self, record: Record, board: str, name: str) -> str:
        """In the folder of the board, or among all files of the site."""
        if flag(record.get("fpath")):
            return f"/file_store/{quote(name)}"
        return f"/{quote(board, safe='')}/src/{quote(name)}"
