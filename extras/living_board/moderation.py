"""What befalls posts and threads: deletions, returns, edits, lost files, closing and pinning."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from random import Random

from extras.living_board.agenda import Agenda
from extras.living_board.ledger import Ledger
from extras.living_board.shelf import Shelf
from extras.living_board.state import Board, Post, Thread

_NOTES = ("(USER WAS BANNED FOR THIS POST)", "(USER WAS WARNED FOR THIS POST)")


class Moderation:
    """Decides at birth what will become of a post or thread, and does it when its time has come."""

    def __init__(self, board: Board, shelf: Shelf, ledger: Ledger, agenda: Agenda, chance: Random) -> None:
        self._board = board
        self._name = board.rules.board
        self._fates = board.rules.fates
        self._shelf = shelf
        self._ledger = ledger
        self._agenda = agenda
        self._chance = chance

    def consider_post(self, thread: Thread, post: Post, at: int) -> None:
        """Decide what will happen to a new reply; mostly nothing."""
        fates, draw = self._fates, self._chance.random()
        if draw < fates.post_deleted:
            self._agenda.note(at + self._delay(600), lambda later: self._delete(thread, post, later))
            return
        draw -= fates.post_deleted
        if draw < fates.post_edited:
            self._agenda.note(at + self._delay(900), lambda later: self._edit(thread, post, later))
            return
        if post.uploads and draw - fates.post_edited < fates.file_deleted:
            self._agenda.note(at + self._delay(900), lambda later: self._delete_file(thread, post, later))

    def consider_thread(self, thread: Thread, at: int) -> None:
        """Decide what will happen to a new thread."""
        fates, draw = self._fates, self._chance.random()
        if draw < fates.thread_deleted:
            self._agenda.note(at + self._delay(1200), lambda later: self._delete_thread(thread, later))
        elif draw < fates.thread_deleted + fates.thread_closed:
            self._agenda.note(at + self._delay(1800), lambda later: self._close(thread, later))
        elif draw < fates.thread_deleted + fates.thread_closed + fates.thread_stuck:
            self._agenda.note(at + self._delay(1800), lambda later: self._stick(thread, later))
        draw = self._chance.random()
        if draw < fates.post_edited:
            self._agenda.note(at + self._delay(900), lambda later: self._edit(thread, thread.opening, later))
        elif draw < fates.post_edited + fates.file_deleted:
            self._agenda.note(at + self._delay(900), lambda later: self._delete_file(thread, thread.opening, later))

    def drop(self, thread: Thread, post: Post, at: int) -> None:
        """Let the oldest reply of a cyclical thread go."""
        self._hide(thread, post, at, "dropped")

    def _delay(self, mean: float) -> float:
        return 5 + self._chance.expovariate(1 / mean)

    def _hide(self, thread: Thread, post: Post, at: int, reason: str) -> None:
        post.visible = False
        thread.replies -= 1
        thread.images -= 0 if post.file_deleted else len(post.uploads)
        self._ledger.post_gone(self._name, post.no, at, reason)

    def _delete(self, thread: Thread, post: Post, at: int) -> None:
        """The author takes the post back, or a moderator removes it, perhaps with all the author wrote there."""
        by_moderator = self._chance.random() < 0.5
        sweeps = by_moderator and self._chance.random() < self._fates.sweep
        if not self._shelf.is_open_to_change(thread) or not post.visible:
            return
        doomed = [post]
        if sweeps:
            doomed = [other for other in thread.posts[1:] if other.visible and other.author is post.author]
        for other in doomed:
            self._hide(thread, other, at, "moderator" if by_moderator else "user")
            if by_moderator and not thread.keeps and self._chance.random() < self._fates.post_returns:
                self._agenda.note(at + self._delay(900), partial(self._return, thread, other))
        self._shelf.touch(thread, at)

    def _return(self, thread: Thread, post: Post, at: int) -> None:
        if not self._shelf.is_open_to_change(thread):
            return
        post.visible = True
        thread.replies += 1
        thread.images += 0 if post.file_deleted else len(post.uploads)
        self._ledger.post_back(self._name, post.no, at)
        self._shelf.touch(thread, at)

    def _edit(self, thread: Thread, post: Post, at: int) -> None:
        if not self._shelf.is_open_to_change(thread) or not post.visible:
            return
        post.text = replace(post.text, note=self._chance.choice(_NOTES))
        post.edited = at
        self._ledger.text_changed(self._name, post.no, at, post.text)
        self._shelf.touch(thread, at)

    def _delete_file(self, thread: Thread, post: Post, at: int) -> None:
        if not self._shelf.is_open_to_change(thread) or not post.visible:
            return
        post.file_deleted = True
        thread.images -= 0 if post is thread.opening else len(post.uploads)
        self._ledger.file_gone(self._name, post.no, at)
        self._shelf.touch(thread, at)

    def _delete_thread(self, thread: Thread, at: int) -> None:
        returns = self._chance.random() < self._fates.thread_returns
        if not self._shelf.is_open_to_change(thread):
            return
        self._shelf.take_away(thread, at)
        if returns:
            self._agenda.note(at + self._delay(1800), lambda later: self._shelf.bring_back(thread, later))

    def _close(self, thread: Thread, at: int) -> None:
        if not self._shelf.is_open_to_change(thread):
            return
        self._shelf.close(thread, at, closed=True)
        if self._chance.random() < self._fates.thread_reopened:
            self._agenda.note(at + self._delay(900), lambda later: self._reopen(thread, later))

    def _reopen(self, thread: Thread, at: int) -> None:
        if self._shelf.is_open_to_change(thread):
            self._shelf.close(thread, at, closed=False)

    def _stick(self, thread: Thread, at: int) -> None:
        if self._shelf.is_open_to_change(thread) and len(self._board.stuck) < 4:
            self._shelf.stick(thread, at)
            self._agenda.note(at + self._delay(5400), lambda later: self._shelf.unstick(thread, later))
