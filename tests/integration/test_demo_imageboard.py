"""The demonstration of imageboards: done by the command, and whatever it borrowed put back."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from app.domain.errors import Conflict, Unavailable
from app.domain.user import User
from app.local.demo_board import BOARD, DemoBoard, Note
from app.local.demo_settings import borrow, give_back
from app.local.leftovers import free_port
from app.local.procfile import ROOT
from app.local.servers import find_servers
from app.services.context import Context
from app.services.site_setting import set_site_setting
from app.storage import job as jobs
from app.storage import setting
from tests.integration.test_cli import environment, run, wait_gone

BEFORE = {"fourchan.interval": 90, "fourchan.pace": "not valid", "fourchan.image_mb": 3}


@pytest.fixture
def note(tmp_path: Path) -> Note:
    return Note(tmp_path)


@pytest.fixture
def board(note: Note) -> Iterator[DemoBoard]:
    found = DemoBoard(note)
    yield found
    found.close()


def ask_for(ctx: Context, type_: str, remote_id: str, **details: Any) -> None:
    with ctx.database.transaction() as tx:
        ctx.queue.enqueue(tx, type_, remote_id, details=details)


def test_scraping_searching_and_analysing_until_ctrl_c(tmp_path: Path) -> None:
    data = tmp_path / "data"
    run("user", "create", "ann", "--admin", "--password", "a long word", data=data)
    run("setting", "set", "fourchan.interval", "90", data=data)
    command = [sys.executable, "-m", "app.cli", "demo", "--imageboard", "--port", str(free_port()), "--data", str(data)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as demo:
        assert demo.stdout is not None
        said = []
        for line in demo.stdout:
            said.append(line.rstrip())
            if line.startswith(("demo: ", "4cat: ")):
                break
        lent = settings_in(data)
        assert any("extras.living_board" in process.cmdline() for process in children_of(demo.pid))
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 130
    assert re.fullmatch(r"demo: \d\d datasets finished, 0 failed", said[-1]), "\n".join(said)
    found = [re.search(r"(\d+) threads, (\d+) posts, (\d+) images stored", line) for line in said]
    assert all(int(number) > 0 for number in [match for match in found if match][-1].groups())
    assert re.search(r"Collect images +finished +[1-9]", "\n".join(said))
    assert lent["fourchan.boards"] == BOARD
    wait_gone(data)
    shown = run("setting", "list", "fourchan.", data=data).stdout
    assert [line.split()[:2] for line in shown.splitlines() if " set; " in line] == [["fourchan.interval", "90"]]


def settings_in(data: Path) -> dict[str, Any]:
    """What is stored while the tool runs."""
    found = find_servers(data)
    assert found is not None
    with psycopg2.connect(found[0]) as opened, opened.cursor() as cursor:
        cursor.execute("SELECT name, value FROM settings")
        return dict(cursor.fetchall())


def children_of(pid: int) -> Iterator[Any]:
    import psutil

    return iter(psutil.Process(pid).children(recursive=True))


def test_what_was_borrowed_comes_back_exactly_and_nothing_waits(ctx: Context, admin: User, note: Note) -> None:
    for name, value in BEFORE.items():
        setting.put(ctx.database, name, value)
    borrow(ctx, admin, note, "http://127.0.0.1:9")
    lent = ctx.site_settings()
    assert lent["fourchan.api_url"] == lent["fourchan.image_url"] == "http://127.0.0.1:9"
    assert lent["fourchan.autoscrape"] is True
    ask_for(ctx, "fourchan-thread", f"{BOARD}/1", board=BOARD, thread=1)
    ask_for(ctx, "fourchan-image", "0" * 32, md5="0" * 32, url="http://127.0.0.1:9/x.jpg")
    ask_for(ctx, "lainchan-thread", "λ/1")
    with ctx.database.transaction() as tx:
        job = ctx.queue.enqueue(tx, "fourchan-thread", f"{BOARD}/2")
        ctx.queue.fail(tx, job, "It was away.")
    ctx.database.run(
        "INSERT INTO imageboard_asked_images (source, md5, url) VALUES ('fourchan', 'a', 'http://127.0.0.1:9/demo/1.jpg'),"
        " ('fourchan', 'b', 'http://127.0.0.1:90/g/1.jpg')"
    )

    give_back(ctx, note)

    assert ctx.database.many("SELECT md5 FROM imageboard_asked_images") == [{"md5": "b"}]

    assert ctx.site_settings() == BEFORE
    assert [job.type for job in jobs.list_jobs(ctx.database)] == ["lainchan-thread"]
    assert note.read()["before"] is None


def test_settings_that_somebody_has_made_since_are_left(ctx: Context, admin: User, note: Note) -> None:
    borrow(ctx, admin, note, "http://127.0.0.1:9")
    set_site_setting(ctx, admin, "fourchan.api_url", "https://mirror.example")
    give_back(ctx, note)
    assert ctx.site_settings()["fourchan.api_url"] == "https://mirror.example"
    give_back(ctx, note)
    assert ctx.site_settings()["fourchan.boards"] == BOARD


def test_a_source_that_is_scraped_is_not_borrowed(ctx: Context, admin: User, note: Note) -> None:
    setting.put(ctx.database, "fourchan.autoscrape", True)
    before = ctx.site_settings()
    with pytest.raises(Conflict, match="--data DIR"):
        borrow(ctx, admin, note, "http://127.0.0.1:9")
    setting.delete(ctx.database, "fourchan.autoscrape")
    ask_for(ctx, "fourchan-thread", "g/1")
    with pytest.raises(Conflict):
        borrow(ctx, admin, note, "http://127.0.0.1:9")
    assert before == {"fourchan.autoscrape": True}
    assert ctx.site_settings() == {}


def test_the_board_goes_on_where_it_was(note: Note, board: DemoBoard) -> None:
    import requests

    def newest(url: str) -> dict[int, int]:
        pages = requests.get(f"{url}/{BOARD}/threads.json", timeout=10).json()
        return {thread["no"]: thread["replies"] for page in pages for thread in page["threads"]}

    before = newest(board.open(600))
    board.close()
    again = DemoBoard(note)
    after = newest(again.open(0.001))
    again.close()
    assert len(set(before) & set(after)) > len(before) * 0.6
    assert all(after[number] >= replies - 3 for number, replies in before.items() if number in after)
    with pytest.raises(Unavailable):
        again.remember()


def test_a_file_or_an_imageboard() -> None:
    refused = run("demo", __file__, "--imageboard")
    assert (refused.returncode, refused.stderr) == (1, "4cat: Give a file or --imageboard, not both.\n")
