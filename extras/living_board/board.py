"""A whole site: boards that live, the ledger of what could be seen, and servers that answer in one dialect each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from email.utils import formatdate
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Self

from extras.living_board.agenda import Clock
from extras.living_board.documents import Dialect, Document
from extras.living_board.faults import Fault, Faults
from extras.living_board.fourchan import FourChan
from extras.living_board.ledger import Ledger, PostRecord
from extras.living_board.life import BoardLife
from extras.living_board.lynxchan import LynxChan
from extras.living_board.rules import HOUR, Rules, rules_for
from extras.living_board.server import NOT_FOUND, Answer, Server
from extras.living_board.state import Board
from extras.living_board.traffic import Traffic
from extras.living_board.vichan import Infinity, Vichan

START = 1_709_553_600  # noon UTC on 4 March 2024
DIALECTS: dict[str, type[Dialect]] = {kind.name: kind for kind in (FourChan, Vichan, Infinity, LynxChan)}
_KEPT_BODIES = 400
Copies = Mapping[str, Board]


class LivingBoard:
    """An imageboard site. As a context manager it serves its first dialect at `url` until the block ends.

    `boards` are names or `Rules`; `start` is the time on the boards when the site opens, with `history_hours` of life
    behind it; `speed` 0 means that time passes only by `advance`.
    """

    def __init__(
        self,
        seed: int = 1,
        boards: Sequence[str | Rules] = ("pol", "g"),
        *,
        start: int = START,
        speed: float = 0,
        history_hours: float = 6,
        dialect: str = "fourchan",
        port: int = 0,
    ) -> None:
        self.faults = Faults()
        self.traffic = Traffic()
        self._start = start
        self._dialect, self._port = dialect, port
        self._lock = threading.RLock()
        self._clock = Clock(start, speed)
        self._ledger = Ledger(self._lock, self.now)
        self._servers: list[Server] = []
        self._behind: tuple[Copies, str] = ({}, "")
        self._bodies: OrderedDict[tuple[str, str], tuple[str, bytes]] = OrderedDict()
        opened = start - int(history_hours * HOUR)
        every = [board if isinstance(board, Rules) else rules_for(board) for board in boards]
        middle = (opened + start) // 2
        self._lives = {rules.board: BoardLife(seed, rules, opened, middle, self._ledger) for rules in every}
        self._catch_up(start)
        self._ledger.up.begin(start)

    def __enter__(self) -> Self:
        self.serve(self._dialect, self._port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def serve(self, dialect: str = "fourchan", port: int = 0) -> str:
        """Answer in this dialect (`fourchan`, `vichan`, `infinity`, `lynxchan`) on a port, or any free one.

        Returns the address, without a slash at the end. Several dialects can show the same boards at once.
        """
        if dialect not in DIALECTS:
            raise ValueError(f"There is no dialect {dialect!r}; choose one of {', '.join(DIALECTS)}.")
        server = Server(self, DIALECTS[dialect](), port)
        self._servers.append(server)
        return server.url

    @property
    def url(self) -> str:
        """The address of the first server, without a slash at the end."""
        return self._servers[0].url

    def close(self) -> None:
        """Stop all servers; the ledger stays."""
        self._ledger.up.end(self.now())
        for server in self._servers:
            server.close()
        self._servers.clear()

    def now(self) -> float:
        """The time on the boards, a UNIX timestamp."""
        return self._clock.now()

    def advance(self, seconds: float) -> float:
        """Let this much time pass on the boards; returns the time it is then."""
        with self._lock:
            self._clock.advance(seconds)
            self._catch_up(self.now())
            return self.now()

    def board(self, name: str) -> Board:
        """A board as it is now. With time that runs by itself it changes under the reader's eyes."""
        with self._lock:
            self._catch_up(self.now())
            return self._lives[name].board

    @property
    def ledger(self) -> Ledger:
        """What could be seen when, up to now."""
        with self._lock:
            self._catch_up(self.now())
        return self._ledger

    def comment(self, post: PostRecord, dialect: str = "fourchan", version: int = -1) -> str:
        """The HTML of a post in a dialect, as it was last or in another of its versions."""
        return DIALECTS[dialect].markup.html(post.texts[version][1], post.board, post.thread)

    def fail(
        self,
        next: int = 1,
        status: int | None = None,
        *,
        path: str = "*",
        retry_after: int | None = None,
        hang: float = 0,
        broken: bool = False,
        drop: bool = False,
    ) -> None:
        """Let the next answers to paths like this one go wrong.

        By default with status 503. `hang` keeps the client waiting for so many real seconds, and then answers rightly
        unless a status is given; `broken` cuts the JSON in half; `drop` closes the connection without an answer.
        """
        default = 200 if hang or broken else 503
        self.faults.plan(Fault(next, path, status or default, retry_after, hang, broken, drop))

    def recover(self) -> None:
        """Forget all planned failures."""
        self.faults.forget()

    def limit_requests(self, requests: int | None, seconds: float = 1.0) -> None:
        """Answer 429 to a client with more requests than this in so many real seconds; None lifts the limit."""
        self.faults.limit(requests, seconds)

    @contextmanager
    def outage(self, status: int | None = None) -> Iterator[None]:
        """Answer nothing during the block, or only this status. The ledger knows that nobody could see a thing."""
        self._ledger.up.end(self.now())
        fault = Fault(1 << 60, status=status or 503, drops=status is None)
        self.faults.plan(fault)
        try:
            yield
        finally:
            self.faults.withdraw(fault)
            self._ledger.up.begin(self.now())

    def copies(self) -> Copies:
        """What all pages are like now, for `behind`."""
        with self._lock:
            self._catch_up(self.now())
            return {name: deepcopy(life.board) for name, life in self._lives.items()}

    @contextmanager
    def behind(self, copies: Copies, path: str = "*") -> Iterator[None]:
        """Answer with copies of earlier for such paths during the block, as a cache that has not heard of changes."""
        self._behind = (copies, path)
        try:
            yield
        finally:
            self._behind = ({}, "")

    def read(self, dialect: Dialect, path: str, fits: Callable[[Document], bool]) -> Answer:
        """The answer to a request; 304 when `fits` says that the client has this version."""
        with self._lock:
            self._catch_up(self.now())
            copies, behind = self._behind
            boards = copies if fnmatchcase(path, behind) else {name: life.board for name, life in self._lives.items()}
            document = dialect.find(boards, path, self._start)
            if document is None:
                return Answer(404, NOT_FOUND)
            headers = {
                "Last-Modified": formatdate(document.modified, usegmt=True),
                "ETag": f'"{document.tag}"',
                "Cache-Control": "public, max-age=1",
            }
            if fits(document):
                return Answer(304, headers=headers)
            body = self._body(dialect.name, path, document)
            return Answer(200, body, {"Content-Type": document.media_type} | headers)

    def _body(self, dialect: str, path: str, document: Document) -> bytes:
        """The bytes of a document, made once per version."""
        key = (dialect, path)
        known = self._bodies.pop(key, None)
        if known is None or known[0] != document.tag:
            known = (document.tag, document.make())
        self._bodies[key] = known
        if len(self._bodies) > _KEPT_BODIES:
            self._bodies.popitem(last=False)
        return known[1]

    def _catch_up(self, now: float) -> None:
        for life in self._lives.values():
            life.run_until(now)
