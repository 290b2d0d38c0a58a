"""The read API of vichan (lainchan and others), and of infinity (8kun), which grew out of it.

What differs from 4chan: pages count from 0, `tim` and `cyclical` are strings, a post may have `extra_files`, every
post carries the marks of its thread, `last_modified` is the time of the last bump and the list of threads has no
counts, and infinity names files after their content.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from extras.living_board import documents
from extras.living_board.documents import Boards, Document
from extras.living_board.markup import INFINITY, VICHAN, Markup
from extras.living_board.state import Board, Post, Thread, Upload

Record = dict[str, Any]
_PATH = re.compile(
    r"/(?P<board>[^/]+)/(?:(?P<list>threads|catalog)\.json|(?P<page>\d+)\.json|res/(?P<thread>\d+)\.json"
    r"|(?P<kind>src|thumb)/(?P<tim>\d+)-\d+\.\w+)"
)
_STORE = re.compile(r"/file_store/(?P<thumb>thumb/)?(?P<name>[0-9a-f]{64})\.\w+")
_PREVIEWED = 5


class Vichan:
    """Answers as lainchan.org does."""

    name = "vichan"
    markup: Markup = VICHAN

    def find(self, boards: Boards, path: str, started: int) -> Document | None:
        """The document at this path."""
        match = _PATH.fullmatch(path)
        board = boards.get(match["board"]) if match else None
        if match is None or board is None:
            return None
        if match["tim"]:
            upload = board.find_file(int(match["tim"]))
            return _served(upload, thumb=match["kind"] == "thumb")
        if match["thread"]:
            thread = board.threads.get(int(match["thread"]))
            return documents.of_thread(thread, lambda: self.thread_page(board, thread)) if thread else None
        if match["list"]:
            make = {"threads": self.thread_list, "catalog": self.catalog}[match["list"]]
            return documents.of_board(board, lambda: make(board))
        page = int(match["page"])
        return documents.of_board(board, lambda: self.index_page(board, page)) if page < len(board.pages()) else None

    def thread_page(self, board: Board, thread: Thread) -> Record:
        """A whole thread, as at /board/res/no.json."""
        return {"posts": [self.post_record(board, thread, post) for post in thread.visible_posts()]}

    def thread_list(self, board: Board) -> list[Record]:
        """Number and time of the last bump of every thread, page by page."""
        return [
            {"threads": [self._listed(thread) for thread in threads], "page": page}
            for page, threads in enumerate(board.pages())
        ]

    def catalog(self, board: Board) -> list[Record]:
        """The opening posts of every thread, page by page."""
        return [
            {"threads": [self._counted(board, thread, 0) for thread in threads], "page": page}
            for page, threads in enumerate(board.pages())
        ]

    def index_page(self, board: Board, page: int) -> Record:
        """The threads of one page with their last replies."""
        threads = []
        for thread in board.pages()[page]:
            last = [post for post in thread.posts[1:] if post.visible][-_PREVIEWED:]
            replies = [self.post_record(board, thread, post) for post in last]
            threads.append({"posts": [self._counted(board, thread, len(last)), *replies]})
        return {"threads": threads}

    def post_record(self, board: Board, thread: Thread, post: Post) -> Record:
        """A post as every list and thread shows it."""
        author = post.author
        record: Record = {"no": post.no}
        comment = self.markup.html(post.text, board.rules.board, post.thread)
        optional = {
            "sub": escape(post.subject),
            "com": comment,
            "name": escape(author.name) or "Anonymous",
            "trip": author.trip,
            "email": "sage" if post.sage else "",
            "capcode": "Board Owner" if post.capcode else "",
            "id": post.short_id,
            "country": author.country,
            "country_name": author.country_name,
        }
        record.update((name, value) for name, value in optional.items() if value)
        record["time"] = post.time
        if post.no == thread.no:
            record |= {"omitted_posts": 0, "omitted_images": 0}
        marks: Record = {
            "sticky": int(thread.sticky),
            "locked": int(thread.closed),
            "cyclical": str(int(bool(thread.keeps))),
        }
        record |= marks | {"last_modified": thread.bumped if post.no == thread.no else post.time}
        if post.uploads:
            first, *more = [self._file(post, place, upload) for place, upload in enumerate(post.uploads)]
            record |= first | ({"extra_files": more} if more else {})
        return record | {"resto": 0 if post.no == thread.no else thread.no}

    def _listed(self, thread: Thread) -> Record:
        return {"no": thread.no, "last_modified": thread.bumped}

    def _counted(self, board: Board, thread: Thread, shown: int) -> Record:
        record = self.post_record(board, thread, thread.opening)
        hidden = {"omitted_posts": thread.replies - shown, "omitted_images": thread.images}
        return record | hidden | {"replies": thread.replies, "images": thread.images}

    def _file(self, post: Post, place: int, upload: Upload) -> Record:
        picture = upload.picture
        if post.file_deleted:
            gone: Record = {"filedeleted": 1, "filename": escape(upload.filename), "ext": "deleted", "tim": ""}
            return gone | {"md5": picture.md5_base64}
        width, height = picture.thumb_size
        record: Record = {"tn_h": height, "tn_w": width, "h": picture.height, "w": picture.width}
        record |= {"fsize": picture.size, "filename": escape(upload.filename), "ext": picture.ext}
        record |= self._named(place, upload) | {"md5": picture.md5_base64}
        return record | {"spoiler": 1} if upload.spoiler else record

    def _named(self, place: int, upload: Upload) -> Record:
        return {"tim": f"{upload.tim}-{place}"}


class Infinity(Vichan):
    """Answers as 8kun.top does."""

    name = "infinity"
    markup = INFINITY

    def find(self, boards: Boards, path: str, started: int) -> Document | None:
        """The document at this path."""
        if path == "/boards.json":
            return Document(started, "boards", lambda: documents.as_json(_boards(boards)))
        match = _STORE.fullmatch(path)
        if match is None:
            return super().find(boards, path, started)
        found = (board.find_content(match["name"]) for board in boards.values())
        return _served(next((upload for upload in found if upload), None), thumb=bool(match["thumb"]))

    def post_record(self, board: Board, thread: Thread, post: Post) -> Record:
        """A post as every list and thread shows it."""
        return super().post_record(board, thread, post) | {"bumplocked": "0"}

    def _listed(self, thread: Thread) -> Record:
        poster = thread.opening.short_id
        return super()._listed(thread) | ({"id": poster} if poster else {})

    def _named(self, place: int, upload: Upload) -> Record:
        return {"tim": upload.picture.name, "fpath": 1}


def _served(upload: Upload | None, *, thumb: bool) -> Document | None:
    if upload is None:
        return None
    return documents.of_thumbnail(upload) if thumb else documents.of_file(upload)


def _boards(boards: Boards) -> list[Record]:
    return [
        {
            "uri": board.rules.board,
            "title": board.rules.title,
            "subtitle": "",
            "indexed": "1",
            "sfw": str(int(board.rules.worksafe)),
            "posts_total": str(board.last_no),
            "max": str(board.last_no),
        }
        for board in boards.values()
    ]
