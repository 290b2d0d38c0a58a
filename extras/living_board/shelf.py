"""Where threads stand on a board: stickies, the bumped order, the fall off the last page, the archive."""

from __future__ import annotations

from extras.living_board.agenda import Agenda
from extras.living_board.ledger import Ledger
from extras.living_board.rules import HOUR
from extras.living_board.state import Board, Thread


class Shelf:
    """Puts the threads of a board in their places, and tells the ledger."""

    def __init__(self, board: Board, ledger: Ledger, agenda: Agenda) -> None:
        self._board = board
        self._name = board.rules.board
        self._ledger = ledger
        self._agenda = agenda

    def touch(self, thread: Thread, at: int) -> None:
        """Something in the thread changed, so its page and the board's lists did too."""
        thread.modified = at
        thread.version += 1
        self._board.modified = at
        self._board.version += 1
        self._ledger.thread_modified(self._name, thread.no, at)

    def is_open_to_change(self, thread: Thread) -> bool:
        """Whether the thread is listed: what is archived or gone stays as it is."""
        return thread.no in self._board.threads and not thread.archived_on

    def put(self, thread: Thread, at: int) -> None:
        """List a new thread on top, or above the stickies; the last one may fall off."""
        self._board.threads[thread.no] = thread
        if thread.sticky:
            self._board.stuck.insert(0, thread)
        else:
            self._board.live.insert(0, thread)
        self.touch(thread, at)
        self._prune(at)

    def bump(self, thread: Thread, at: int) -> None:
        """Move a thread to the top; stickies stay where they are."""
        thread.bumped = at
        if not thread.sticky:
            self._board.live.remove(thread)
            self._board.live.insert(0, thread)

    def stick(self, thread: Thread, at: int) -> None:
        """Pin a thread above the others."""
        self._board.live.remove(thread)
        self._board.stuck.insert(0, thread)
        thread.sticky = True
        self._ledger.thread_marked(self._name, thread.no, at, "sticky", on=True)
        self.touch(thread, at)

    def unstick(self, thread: Thread, at: int) -> None:
        """Let a pinned thread take its place by its last bump."""
        self._board.stuck.remove(thread)
        thread.sticky = False
        self._insert_by_bump(thread)
        self._ledger.thread_marked(self._name, thread.no, at, "sticky", on=False)
        self.touch(thread, at)

    def close(self, thread: Thread, at: int, *, closed: bool) -> None:
        """Close a thread to replies, or open it again."""
        thread.closed = closed
        self._ledger.thread_marked(self._name, thread.no, at, "closed", on=closed)
        self.touch(thread, at)

    def take_away(self, thread: Thread, at: int) -> None:
        """Delete a whole thread: nobody can read it from now on."""
        (self._board.stuck if thread.sticky else self._board.live).remove(thread)
        del self._board.threads[thread.no]
        self.touch(thread, at)
        self._ledger.thread_gone(self._name, thread.no, at, "deleted")

    def bring_back(self, thread: Thread, at: int) -> None:
        """Undo the deletion of a thread; the last one may fall off for it."""
        self._board.threads[thread.no] = thread
        if thread.sticky:
            self._board.stuck.append(thread)
        else:
            self._insert_by_bump(thread)
        self._ledger.thread_back(self._name, thread.no, at)
        self.touch(thread, at)
        self._prune(at)

    def _insert_by_bump(self, thread: Thread) -> None:
        live = self._board.live
        place = next((at for at, other in enumerate(live) if other.bumped <= thread.bumped), len(live))
        live.insert(place, thread)

    def _prune(self, at: int) -> None:
        board = self._board
        while board.live and len(board.live) + len(board.stuck) > board.rules.most_threads:
            thread = board.live.pop()
            if board.rules.archives:
                self._archive(thread, at)
            else:
                self._forget(thread, at, "pruned")

    def _archive(self, thread: Thread, at: int) -> None:
        thread.archived_on = at
        if not thread.closed:
            thread.closed = True
            self._ledger.thread_marked(self._name, thread.no, at, "closed", on=True)
        self.touch(thread, at)
        self._board.archive[thread.no] = thread
        self._board.archive_modified = at
        self._ledger.thread_archived(self._name, thread.no, at)
        self._agenda.note(at + self._board.rules.archive_hours * HOUR, lambda later: self._expire(thread, later))

    def _expire(self, thread: Thread, at: int) -> None:
        del self._board.archive[thread.no]
        self._board.archive_modified = at
        self._forget(thread, at, "expired")

    def _forget(self, thread: Thread, at: int, reason: str) -> None:
        del self._board.threads[thread.no]
        for post in thread.posts:
            for upload in post.uploads:
                self._board.files.pop(upload.tim, None)
        self._ledger.thread_gone(self._name, thread.no, at, reason)
