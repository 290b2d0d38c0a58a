"""The read API of lynxchan (kohlchan and others): one object per thread with its replies nested, times in ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from typing import Any

from extras.living_board import documents
from extras.living_board.documents import Boards, Document
from extras.living_board.markup import LYNXCHAN
from extras.living_board.state import Board, Post, Thread, Upload

Record = dict[str, Any]
_PATH = re.compile(r"/(?P<board>[^/]+)/(?:(?P<catalog>catalog)\.json|(?P<page>\d+)\.json|res/(?P<thread>\d+)\.json)")
_MEDIA = re.compile(r"/\.media/(?P<thumb>t_)?(?P<name>[0-9a-f]{64})(?:\.\w+)?")
_PREVIEWED = 5


class LynxChan:
    """Answers as kohlchan.net does."""

    name = "lynxchan"
    markup = LYNXCHAN

    def find(self, boards: Boards, path: str, started: int) -> Document | None:
        """The document at this path."""
        if path == "/boards.js":
            return Document(started, "boards", lambda: documents.as_json(_boards(boards)))
        if media := _MEDIA.fullmatch(path):
            found = (board.find_content(media["name"]) for board in boards.values())
            upload = next((upload for upload in found if upload), None)
            make = documents.of_thumbnail if media["thumb"] else documents.of_file
            return make(upload) if upload else None
        match = _PATH.fullmatch(path)
        board = boards.get(match["board"]) if match else None
        if match is None or board is None:
            return None
        if match["thread"]:
            thread = board.threads.get(int(match["thread"]))
            return documents.of_thread(thread, lambda: thread_page(board, thread)) if thread else None
        if match["catalog"]:
            return documents.of_board(board, lambda: catalog(board))
        page = int(match["page"])
        inside = 1 <= page <= len(board.pages())
        return documents.of_board(board, lambda: index_page(board, page)) if inside else None


def thread_page(board: Board, thread: Thread) -> Record:
    """A whole thread, as at /board/res/no.json."""
    replies = [post_record(board, post) for post in thread.visible_posts()[1:]]
    return _thread_record(board, thread) | {"posts": replies} | _board_record(board)


def catalog(board: Board) -> list[Record]:
    """Every thread in short."""
    return [
        _catalog_entry(board, thread, page) for page, threads in enumerate(board.pages(), start=1) for thread in threads
    ]


def index_page(board: Board, page: int) -> Record:
    """The threads of one page with their last replies."""
    threads = []
    for thread in board.pages()[page - 1]:
        last = [post for post in thread.posts[1:] if post.visible][-_PREVIEWED:]
        record = _thread_record(board, thread) | {"posts": [post_record(board, post) for post in last]}
        if thread.replies > len(last):
            record["omittedPosts"] = thread.replies - len(last)
        threads.append(record)
    return {"pageCount": len(board.pages())} | _board_record(board) | {"threads": threads}


def post_record(board: Board, post: Post) -> Record:
    """A reply."""
    return _post_fields(board, post) | {"postId": post.no}


def _thread_record(board: Board, thread: Thread) -> Record:
    record = {"boardUri": board.rules.board, "threadId": thread.no} | _post_fields(board, thread.opening)
    return record | _marks(thread) | {"archived": bool(thread.archived_on)}


def _marks(thread: Thread) -> Record:
    return {"locked": thread.closed, "pinned": thread.sticky, "cyclic": bool(thread.keeps), "autoSage": False}


def _post_fields(board: Board, post: Post) -> Record:
    author = post.author
    record: Record = {
        "name": escape(author.name) + author.trip or "Anonymous",
        "signedRole": "Global volunteer" if post.capcode else None,
        "email": "sage" if post.sage else None,
        "id": post.short_id or None,
        "subject": escape(post.subject) or None,
        "markdown": LYNXCHAN.html(post.text, board.rules.board, post.thread),
        "message": post.text.typed.replace("\n", "\r\n"),
        "creation": _iso(post.time, post.no % 1000),
        "files": [] if post.file_deleted else [_file(upload) for upload in post.uploads],
    }
    if author.country:
        code = author.country.lower()
        record |= {"flag": f"/.static/flags/{code}.png", "flagCode": f"-{code}", "flagName": author.country_name}
    if post.text.note:
        edited = {"lastEditTime": _iso(post.edited, 0), "lastEditLogin": "admin"}
        record |= {"banMessage": post.text.note} | edited
    return record


def _catalog_entry(board: Board, thread: Thread, page: int) -> Record:
    opening = thread.opening
    fields = _post_fields(board, opening)
    record: Record = {name: fields[name] for name in ("message", "markdown", "subject", "creation", "files")}
    record |= {"threadId": thread.no, "postCount": thread.replies, "fileCount": thread.images, "page": page}
    record |= _marks(thread) | {"lastBump": _iso(thread.bumped, 0)}
    if fields["files"]:
        record |= {"thumb": fields["files"][0]["thumb"], "mime": fields["files"][0]["mime"]}
    return record


def _file(upload: Upload) -> Record:
    picture = upload.picture
    return {
        "originalName": escape(upload.filename) + picture.ext,
        "path": f"/.media/{picture.name}{picture.ext}",
        "thumb": f"/.media/t_{picture.name}",
        "mime": picture.media_type,
        "size": picture.size,
        "width": picture.width,
        "height": picture.height,
    }


def _board_record(board: Board) -> Record:
    return {
        "boardName": board.rules.title,
        "boardDescription": ".",
        "boardMarkdown": None,
        "maxMessageLength": 16384,
        "maxFileCount": board.rules.max_files,
        "maxFileSize": "128.00 MB",
        "forceAnonymity": board.rules.forced_anonymous,
    }


def _boards(boards: Boards) -> Record:
    listed = [{"boardUri": name, "boardName": board.rules.title} for name, board in boards.items()]
    return {"status": "ok", "data": {"pageCount": 1, "boards": listed}}


def _iso(at: int, milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"
