"""The life on one board: threads are born and replied to, each at its second, all decided by the seed."""

from __future__ import annotations

from math import pi, sin
from random import Random

from extras.living_board.agenda import Agenda
from extras.living_board.authors import Crowd
from extras.living_board.ledger import Ledger
from extras.living_board.moderation import Moderation
from extras.living_board.pictures import picture
from extras.living_board.rules import HOUR, Rules
from extras.living_board.shelf import Shelf
from extras.living_board.state import Author, Board, Post, Quote, Text, Thread, Upload
from extras.living_board.writer import Writer

_DAY = 24 * HOUR
_EXTENSIONS = (".jpg", ".png", ".gif", ".webm")
_SHARES = (70, 22, 5, 3)


class BoardLife:
    """Makes a board live from `start` on; boards do not know of each other."""

    def __init__(self, seed: int, rules: Rules, start: int, settled: int, ledger: Ledger) -> None:
        self.board = Board(rules, modified=start, archive_modified=start, last_no=rules.first_number)
        self._rules = rules
        self._ledger = ledger
        self._chance = Random(f"{seed} {rules.board}")
        self._agenda = Agenda()
        self._shelf = Shelf(self.board, ledger, self._agenda)
        self._moderation = Moderation(self.board, self._shelf, ledger, self._agenda, self._chance)
        self._writer = Writer(rules, self._chance)
        self._crowd = Crowd(seed, rules, self._chance)
        self._pictures = 0
        self._mod = Author(-1, "", "", "", "", "", "")
        self._agenda.note(start, self._settle)
        for _ in range(rules.most_threads // 4):
            self._agenda.note(self._chance.uniform(start, max(start, settled)), self._open)
        self._agenda.note(start + self._pause(rules.threads_per_hour, start), self._next_thread)
        self._agenda.note(start + self._pause(rules.posts_per_hour, start), self._next_reply)

    def run_until(self, now: float) -> None:
        """Let everything happen that is due by now."""
        self._agenda.run_until(now)

    def _pause(self, per_hour: float, at: float) -> float:
        """The time to the next of events that come so often an hour, fewer at night than in the evening."""
        rhythm = 1 + 0.4 * sin(2 * pi * (at % _DAY) / _DAY - pi)
        return self._chance.expovariate(per_hour * rhythm / HOUR)

    def _settle(self, at: int) -> None:
        """The first threads: the rules of the board, and the thread that goes on for ever."""
        if self._rules.rolling_sticky:
            text = Text("Anything goes here that deserves no thread of its own.\nThe oldest posts fall off.")
            self._make_thread(at, "Permanent thread", text, keeps=self._rules.rolling_sticky, by_mod=True)
        if self._rules.sticky:
            text = Text(f"Welcome to /{self._rules.board}/!\nRead the rules & the >>>/g/ catalog before you post.")
            self._make_thread(at, f"Welcome to /{self._rules.board}/!", text, closed=True, by_mod=True)

    def _next_thread(self, at: int) -> None:
        self._agenda.note(at + self._pause(self._rules.threads_per_hour, at), self._next_thread)
        self._open(at)

    def _next_reply(self, at: int) -> None:
        self._agenda.note(at + self._pause(self._rules.posts_per_hour, at), self._next_reply)
        thread = self._choose()
        if thread is not None:
            self._reply(thread, at)

    def _open(self, at: int) -> None:
        keeps = self._rules.cyclical_keeps if self._chance.random() < self._rules.cyclical else 0
        thread = self._make_thread(at, self._writer.subject(), self._writer.opening(), keeps=keeps)
        self._moderation.consider_thread(thread, at)

    def _make_thread(
        self, at: int, subject: str, text: Text, *, keeps: int = 0, closed: bool = False, by_mod: bool = False
    ) -> Thread:
        no = self._next_number()
        post = self._make_post(no, no, at, text, self._mod if by_mod else self._crowd.somebody(), with_file=True)
        post.subject = subject
        if by_mod:
            post.capcode, post.poster_id = "mod", ""
        thread = Thread(no, [post], keeps=keeps, sticky=by_mod, closed=closed, bumped=at)
        self._ledger.thread_born(self._rules.board, no, at, sticky=by_mod, closed=closed, cyclical=bool(keeps))
        self._ledger.post_born(self._rules.board, post)
        self._shelf.put(thread, at)
        return thread

    def _choose(self) -> Thread | None:
        """A thread to reply to, the upper ones most often; at times the sticky that is open."""
        board, chance = self.board, self._chance
        rolling = [thread for thread in board.stuck if not thread.closed]
        if rolling and chance.random() < 0.03:
            return chance.choice(rolling)
        place = int(len(board.live) * chance.random() ** 2.2)
        return next((thread for thread in board.live[place:] if not thread.closed), None)

    def _reply(self, thread: Thread, at: int) -> None:
        chance, board = self._chance, self.board
        full = thread.images >= self._rules.image_limit and not thread.keeps
        with_file = chance.random() < self._rules.image_share and not full
        text = self._writer.reply(self._quotes(thread), with_file=with_file)
        post = self._make_post(self._next_number(), thread.no, at, text, self._crowd.somebody(), with_file=with_file)
        post.sage = chance.random() < 0.04
        if chance.random() < 0.0015:
            post.capcode, post.poster_id = "mod", ""
        thread.posts.append(post)
        thread.replies += 1
        thread.images += len(post.uploads)
        self._ledger.post_born(board.rules.board, post)
        if thread.keeps and thread.replies > thread.keeps:
            oldest = next(old for old in thread.posts[1:] if old.visible)
            self._moderation.drop(thread, oldest, at)
        if not post.sage and (thread.replies < self._rules.bump_limit or thread.keeps):
            self._shelf.bump(thread, at)
        self._shelf.touch(thread, at)
        self._moderation.consider_post(thread, post, at)

    def _quotes(self, thread: Thread) -> list[Quote]:
        """What a reply answers to: mostly something recent in its thread, at times another thread or nothing at all."""
        chance = self._chance
        count = chance.choices((0, 1, 2, 3), (40, 50, 8, 2))[0]
        recent = thread.posts[-30:]
        quotes = [self._quote(chance.choice(recent)) for _ in range(count)]
        draw = chance.random()
        if draw < 0.02 and self.board.live:
            quotes.append(self._quote(chance.choice(self.board.live).opening))
        elif draw < 0.03:
            quotes.append(Quote(thread.no - chance.randint(1, 5000), None))
        return list(dict.fromkeys(quotes))

    def _quote(self, post: Post) -> Quote:
        return Quote(post.no, post.thread if post.visible else None)

    def _next_number(self) -> int:
        """Numbers rise by one; now and then one is lost to a post that did not come through."""
        self.board.last_no += 1 if self._chance.random() < 0.98 else 2
        return self.board.last_no

    def _make_post(self, no: int, thread: int, at: int, text: Text, author: Author, *, with_file: bool) -> Post:
        post = Post(no, thread, at, author, text, (), poster_id=self._crowd.poster_id(author, thread))
        if with_file:
            count = 1 if self._rules.max_files == 1 else self._chance.randint(1, self._rules.max_files)
            post.uploads = tuple(self._upload(at) for _ in range(count))
        for upload in post.uploads:
            self.board.files[upload.tim] = (post, upload)
        return post

    def _upload(self, at: int) -> Upload:
        """A new picture, or one that was posted before: then it has the same bytes."""
        chance, rules = self._chance, self._rules
        self._pictures += 1
        again = chance.random() < 0.3
        serial = chance.randint(1, self._pictures) if again else self._pictures
        ext = Random(serial).choices(_EXTENSIONS, _SHARES)[0]
        tim = at * 1000 + chance.randrange(1000)
        while tim in self.board.files:
            tim += 1
        draw = chance.random()
        return Upload(
            tim,
            self._writer.file_name(),
            picture(serial, ext),
            spoiler=rules.spoilers and chance.random() < 0.1,
            lost=draw < rules.lost_files,
            broken=rules.lost_files <= draw < rules.lost_files + rules.broken_files,
        )
