"""The demonstration of imageboards: a board on this machine, scraped, searched and analysed as a real one would be.

Run as a program of its own beside a tool that runs: `python -m app.local.demo_imageboard DATA_DIR URL stay|exit`.
"""

from __future__ import annotations

import fcntl
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from app.domain.dataset import Dataset
from app.domain.errors import Conflict, FourcatError, Unavailable
from app.domain.user import User
from app.local.demo import NAME, grow, make_user, say_failure, say_result
from app.local.demo_board import BOARD, DemoBoard, Note
from app.local.demo_settings import SOURCE, borrow, change, give_back
from app.local.demo_tree import Plant
from app.local.installation import local_environment
from app.local.instance import ending_on_signals, find_instance
from app.local.opening import open_installation
from app.services.context import Context
from app.services.dataset import create_capture
from app.services.overview import source_overview
from app.storage import statistics

QUERY = "coffee | book | people | garden"
_SPEED = 60.0
_LEAST, _MOST = 15.0, 45.0
"""For how many seconds scrapers run before the search: longer when they are not through or nothing was deleted yet."""
_SAID_EVERY = 5.0
_TRIES = 5
_COUNT = Plant("count-posts", {"timeframe": "hour"})
_TREE = (
    Plant("stored-images"),
    Plant("count-posts", {"timeframe": "hour"}, [Plant("histogram")]),
    Plant(
        "tokenise-posts",
        {},
        [
            Plant(
                "vectorise-tokens",
                {},
                [Plant("vector-ranker", {"top": 60, "top_style": "overall"}, [Plant("wordcloud")])],
            )
        ],
    ),
    Plant("attribute-frequencies", {"columns": ["country_name"], "top": 20}),
    Plant("attribute-frequencies", {"columns": ["thread_id"], "top": 20}),
    Plant("lexical-filter", {"lexicon_custom": "coffee"}, [_COUNT]),
    Plant(
        "extract-urls-filter",
        {},
        [Plant("attribute-frequencies", {"columns": ["extracted_urls"], "extract": "hostnames"})],
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Do the demonstration; the exit status is 0 only if every dataset was finished.

    Whatever happens, the settings are put back as they were: what was left of a demonstration that was killed, too.
    """
    folder, url, end = arguments
    environment = local_environment(Path(folder))
    data_dir = Path(environment["DATA_DIR"])
    note = Note(data_dir)
    board = DemoBoard(note)
    try:
        with ending_on_signals(once=True), _alone(data_dir):
            _put_back(environment, note)
            try:
                with open_installation(environment) as ctx:
                    family = demonstrate(ctx, note, board, url, stays=end == "stay")
                if end == "stay":
                    _stay(data_dir, board)
            finally:
                _put_back(environment, note)
                board.close()
        return say_result(family) if end == "exit" else 0
    except FourcatError as error:
        return say_failure(error)


def demonstrate(ctx: Context, note: Note, board: DemoBoard, url: str, *, stays: bool) -> list[Dataset]:
    """Scrape for a while, search, analyse, and say how it went; the datasets."""
    actor, password = make_user(ctx)
    print(f"Opening an imageboard on this machine, with the board /{BOARD}/ ...", flush=True)
    address = board.open(_SPEED)
    print(f"It answers at {address} and lives {_SPEED:.0f} times as fast as outside. Scraping it:", flush=True)
    borrow(ctx, actor, note, address)
    _watch(ctx, actor, board)
    print(f"Searching for {QUERY} ...", flush=True)
    wanted = {"board": BOARD, "body_match": QUERY, "get_deleted": True}
    made = create_capture(ctx, actor, SOURCE, wanted, label=f"/{BOARD}/: {QUERY}")
    family = grow(ctx, actor, made, lambda table: _TREE)
    if stays:
        board.open(1)
        change(ctx, actor, interval=60, pace=1)
        print(f"\nRead the posts at {url}/datasets/{made.key}/explore, see what was made of them at")
        print(f"{url}/datasets/{made.key}, and what is scraped, now once a minute, at {url}/datasources/{SOURCE}")
        print(f"Sign in as {NAME} with the password {password}")
        print("Ctrl-C ends the imageboard, and puts the settings of 4chan back as they were.")
        say_result(family)
    return family


def _stay(data_dir: Path, board: DemoBoard) -> None:
    """Keep the board alive until the tool has ended. :raises Unavailable: when the board has ended before"""
    tool = find_instance(data_dir)
    while tool is not None:
        board.remember()
        with suppress(psutil.TimeoutExpired):
            tool.process.wait(1)
            return


def _watch(ctx: Context, actor: User, board: DemoBoard) -> None:
    """Look on while scrapers work, until they have found something of everything; say how far they are.

    :raises Unavailable: when they have stored nothing, with why
    """
    before = statistics.kept_posts(ctx.database, SOURCE, BOARD)
    began, said = time.monotonic(), 0.0
    while True:
        time.sleep(0.5)
        board.remember()
        passed = time.monotonic() - began
        now = statistics.kept_posts(ctx.database, SOURCE, BOARD)
        new = {name: now[name] - before[name] for name in now}
        is_done = passed > _MOST or (passed > _LEAST and all(new.values()))
        if is_done or passed - said > _SAID_EVERY:
            said = passed
            print(
                f"  after {passed:2.0f} s: {new['threads']:,} threads, {new['posts']:,} posts, {new['images']:,} images"
                f" stored, {new['deleted']:,} of the posts deleted since",
                flush=True,
            )
        if is_done:
            break
    if not now["posts"]:
        found = source_overview(ctx, actor, SOURCE)[1]
        reasons = [gap.reason for gap in found.gaps if gap.part == BOARD] if found else []
        raise Unavailable(f"No post was scraped in {_MOST:.0f} s. {reasons[0] if reasons else 'No scraper has run.'}")
    if any(before.values()):
        kept = (
            f"{now['threads']:,} threads, {now['posts']:,} posts, {now['images']:,} images, {now['deleted']:,} deleted"
        )
        print(f"With what was there before: {kept}.", flush=True)


def _put_back(environment: dict[str, str], note: Note) -> None:
    """Put the settings back, also when the installation has been stopped, or its database was busy, meanwhile."""
    for left in reversed(range(_TRIES)):
        if note.read().get("before") is None:
            return
        try:
            with open_installation(environment) as ctx:
                give_back(ctx, note)
        except Unavailable:
            if not left:
                raise
            time.sleep(1)


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Let one demonstration of imageboards run at a time. :raises Conflict: when another does"""
    with (data_dir / "demo" / "imageboard.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict("The demonstration of imageboards runs here already.") from None
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
